"""The model card that lies beside a head."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ner_retriever.config import Preset
from ner_retriever.errors import ModelError
from ner_retriever.heads.projection.record import ADAPTER_NAME, HeadRecord, read_record
from ner_retriever.markdown import table
from ner_retriever.training.sources import NOT_STATED, SOURCES, Source

CARD_NAME = "README.md"

_POOLING = {
    "last": "at a mention's last token",
    "first": "at a mention's first token",
    "mean": "in the mean over a mention's tokens",
}
_USE = """\
## Intended use

Finding all texts of a corpus that mention an entity of a type given in a few words. The head ranks
mentions; where they are is found by a detector, or known beforehand.

## Limits

- Nothing was measured on languages other than those of the data; the sources that are named with
  a licence are English.
- The labels are incomplete: a mention carries only some of its true types, and training takes some
  of the others for wrong.
- A score is a cosine, not a probability; what is high for one type is low for another.
- It repeats what its sources and its backbone say of people, places and groups, errors and slants
  included. Don't decide about people by it.
"""


def write_card(folder: Path, preset: Preset) -> Path:
    """Write the card of a head beside it, from what its record says.

    Returns:
        The card's path.

    Raises:
        WeightsCorrupted: the head's record cannot be read.
        ModelError: the card cannot be written.
    """
    card = model_card(folder.resolve().name, read_record(folder), preset)
    try:
        (folder / CARD_NAME).write_text(card, encoding="utf-8")
    except OSError as error:
        raise ModelError(
            f"cannot write {folder / CARD_NAME} ({error}); choose a folder that can be written"
        ) from error
    return folder / CARD_NAME


def model_card(name: str, record: HeadRecord, preset: Preset) -> str:
    """Describe a head in Markdown; what its notes do not say is left out.

    Args:
        name: how the head is called.
        record: its notes may hold ``sources`` (as `count_sources` gives them), ``types`` (how
            many), ``config``, ``seconds``, ``commit``, ``versions``, ``validation_r_precision``
            and ``sizes`` (records of `Size`).
        preset: what it was trained for.
    """
    notes = record.notes
    parts = [_what_it_is(name, record, preset)]
    if sources := notes.get("sources"):
        parts.append(_data(sources, notes.get("types")))
    parts += [_measured(notes), _training(record), _USE]
    return "\n".join(filter(None, parts))


def _what_it_is(name: str, record: HeadRecord, preset: Preset) -> str:
    site = preset.site
    reading = []
    if preset.prefix:
        reading.append(f"Before each text stands `{json.dumps(preset.prefix)}`.")
    if preset.query_template != "{query}":
        reading.append(f"A type is read as `{json.dumps(preset.query_template)}`.")
    lines = [
        f"# {name}",
        "",
        "A projection head for ner-retriever: it maps mentions of entities, and the names of",
        "types, to vectors that lie near each other where the type fits.",
        "",
        f"- **Backbone:** `{preset.backbone}`, fingerprint `{record.backbone}`",
        f"- **Site:** the {site.component} vectors of block {site.block}, counted from 0, "
        f"{_POOLING[site.pooling]}; fingerprint `{record.site}`",
        f"- **Layers:** {record.width} to {record.hidden} to {record.dimensions} numbers",
        *_adapter(record),
        "",
        "It fits this backbone and this site alone, and is refused for any other.",
        *reading,
    ]
    return "\n".join(lines) + "\n"


def _adapter(record: HeadRecord) -> list[str]:
    if not record.adapter:
        return []
    return [
        f"- **Adapter:** `{ADAPTER_NAME}` holds low-rank updates of the blocks below the",
        "  site, trained together with the head and merged into the backbone when it is loaded",
    ]


def _data(sources: Mapping[str, Mapping[str, int]], types: int | None) -> str:
    unknown = Source(NOT_STATED, NOT_STATED)
    rows = [
        [
            _cell(name) or NOT_STATED,
            f"{count['texts']:,}",
            f"{count['mentions']:,}",
            SOURCES.get(name, unknown).origin,
            SOURCES.get(name, unknown).licence,
        ]
        for name, count in sources.items()
    ]
    total = f"{types:,} types in all.\n" if types is not None else ""
    header = ["source", "texts", "mentions", "made of", "licence"]
    return f"## Data\n\n{table(header, rows)}\n{total}"


def _measured(notes: Mapping[str, Any]) -> str:
    value, sizes = notes.get("validation_r_precision"), notes.get("sizes")
    if value is None and not sizes:
        return ""
    text = "## Measured\n\n"
    if value is not None:
        text += (
            f"R-Precision {value:.3f} on held-out types: types of the training data that, with\n"
        )
        text += "their descendants and all their texts, were kept from training.\n"
        if notes.get("config", {}).get("held_out") == 0:
            text += (
                "It was measured in a run with the same settings; this head was then trained on\n"
                "all types.\n"
            )
        text += "\n"
    if sizes:
        text += _sizes(sizes) + "\n"
        text += "R-Precision by how many of a vector's numbers are kept, and as what.\n"
    return text


def _sizes(sizes: list[Mapping[str, Any]]) -> str:
    kinds = list(dict.fromkeys(size["kind"] for size in sizes))
    by_place = {(size["dimensions"], size["kind"]): size for size in sizes}
    rows = [
        [
            str(dimensions),
            *(
                f"{size['r_precision']:.3f} ({size['nbytes']:,} bytes)" if size else ""
                for kind in kinds
                for size in [by_place.get((dimensions, kind))]
            ),
        ]
        for dimensions in sorted({size["dimensions"] for size in sizes})
    ]
    return table(["numbers", *kinds], rows)


def _training(record: HeadRecord) -> str:
    notes = record.notes
    lines = []
    if (seconds := notes.get("seconds")) is not None:
        what = "" if record.adapter else ", once the activations were extracted"
        lines.append(f"- {seconds:,} seconds{what}")
    if commit := notes.get("commit"):
        lines.append(f"- commit `{commit}`")
    if versions := notes.get("versions"):
        lines.append("- " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    if config := notes.get("config"):
        lines += ["", "```json", json.dumps(config, indent=1), "```"]
    return "\n".join(["## Training", "", *lines]) + "\n" if lines else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
