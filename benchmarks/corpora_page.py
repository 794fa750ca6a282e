"""What `corpora.py` measured, as tables: a function of its record alone."""

from collections.abc import Mapping
from typing import Any

from ner_retriever.markdown import table


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    (found,) = record["rows"]
    filters, sync, mail = (found[name] for name in ("filters", "sync", "mail"))
    rows = [
        [name, _milliseconds(taken), f"{filters['filter_over_scan'][name]['median']:.2f}"]
        for name, taken in filters["filters"].items()
    ]
    seconds = sync["seconds"]
    return [
        f"Filters over {filters['documents']:,} documents with {filters['mentions']:,} mentions. A "
        f"scan without a filter takes {_milliseconds(filters['scan'])} ms, one of the documents "
        f"that a filter keeps {_milliseconds(filters['restricted_scan'])} ms. Making the columns "
        f"took {filters['build']:.1f} s, once for each state of the index. Facets of a tenth of "
        f"the documents take {_milliseconds(filters['facets'])} ms.",
        "",
        table(["filter", "milliseconds", "of a scan"], rows).rstrip(),
        "",
        f"{sync['files']:,} small files kept in step, without a model: all new "
        f"{seconds['new']:.1f} s, all unchanged {seconds['unchanged']:.1f} s, one changed "
        f"{seconds['one changed']:.1f} s.",
        "",
        f"A mailbox of {mail['bytes'] / 1e6:,.0f} MB with {mail['messages']:,} mails is read in "
        f"{mail['seconds']:,.0f} s, with at most {mail['kibibytes'] / 1024:,.0f} MiB of memory, "
        f"and {mail['worker_kibibytes'] / 1024:,.0f} MiB in the process that parses.",
    ]


def _milliseconds(taken: Mapping[str, float]) -> str:
    value = taken["median"] * 1000
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
