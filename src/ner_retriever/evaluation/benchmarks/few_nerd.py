"""Few-NERD (Ding et al. 2021): sentences of Wikipedia, 66 fine types, one label a token.

Two layouts are read: the official text (``token<TAB>label`` a line, a blank line between
sentences) and the hub's parquet (columns ``tokens`` and ``fine_ner_tags``). Neither marks where a
mention begins: consecutive tokens with the same label are one mention.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ner_retriever.errors import DocumentError, InputError, first_line
from ner_retriever.evaluation.benchmarks.benchmark import Benchmark, assemble
from ner_retriever.text.gold import GoldText
from ner_retriever.text.gold.conll import OUTSIDE, gold_text, read_sentences
from ner_retriever.text.gold.files import find_file

_NAMES_FILE = "type-names.json"

_FINE_TYPES = {
    "art": "broadcastprogram film music other painting writtenart",
    "building": "airport hospital hotel library other restaurant sportsfacility theater",
    "event": "attack/battle/war/militaryconflict disaster election other protest sportsevent",
    "location": "GPE bodiesofwater island mountain other park road/railway/highway/transit",
    "organization": "company education government/governmentagency media/newspaper other "
    "politicalparty religion showorganization sportsleague sportsteam",
    "other": "astronomything award biologything chemicalthing currency disease educationaldegree "
    "god language law livingthing medical",
    "person": "actor artist/author athlete director other politician scholar soldier",
    "product": "airplane car food game other ship software train weapon",
}
# In the order of the hub's integer tags, of which 0 is "O".
LABELS = tuple(f"{coarse}-{fine}" for coarse in _FINE_TYPES for fine in _FINE_TYPES[coarse].split())
_KNOWN = {OUTSIDE, *LABELS}

# How the reference evaluation writes the names that run words together, letter for letter.
_SPACED = {
    "GPE": "GPE",
    "astronomything": "Astronomy Thing",
    "biologything": "Biology Thing",
    "bodiesofwater": "Bodies of Water",
    "broadcastprogram": "Broadcast Program",
    "chemicalthing": "Chemical Thing",
    "educationaldegree": "Educational Degree",
    "governmentagency": "Government Agency",
    "livingthing": "Living Thing",
    "militaryconflict": "Military Conflict",
    "newspaper": "News Paper",
    "politicalparty": "Political Party",
    "showorganization": "Show Organization",
    "sportsevent": "Sports Event",
    "sportsfacility": "Sports Facility",
    "sportsleague": "Sports league",
    "sportsteam": "Sports Team",
    "writtenart": "Written Art",
}


def query_text(label: str) -> str:
    """The readable name of a label: ``art-writtenart`` becomes ``Written Art``.

    The part after the coarse type counts; alternatives (``a/b``) are joined with "or".
    """
    fine = label.split("-", 1)[1]
    return " or ".join(_SPACED.get(word, word.capitalize()) for word in fine.split("/"))


def load_few_nerd(path: Path) -> Benchmark:
    """Read a split of Few-NERD.

    Query texts come from ``type-names.json`` beside the file where there is one, from `query_text`
    otherwise.

    Args:
        path: a ``.txt`` or ``.parquet`` file, or a folder with one.

    Raises:
        InputError: no file, or nothing to evaluate in it.
        DocumentError: the file is not in either layout; the message says where.
    """
    file = find_file(
        path,
        ("dev.txt", "test.txt", "*.txt", "validation*.parquet", "*.parquet"),
        what="a split of Few-NERD (.txt or .parquet)",
    )
    sentences: Iterable[tuple[Sequence[str], Sequence[str]]] = (
        _read_parquet(file)
        if file.suffix == ".parquet"
        else ((sentence.tokens, sentence.tags) for sentence in read_sentences(file, _parse))
    )
    texts = [
        _gold_text(f"{file.stem}-{number}", tokens, labels)
        for number, (tokens, labels) in enumerate(sentences, start=1)
    ]
    queries = {label: query_text(label) for label in LABELS}
    queries |= _named_queries(file.with_name(_NAMES_FILE))
    return assemble("few-nerd", texts, queries=queries, notes=(f"Few-NERD, {file.name}.",))


def _gold_text(identifier: str, tokens: Sequence[str], labels: Sequence[str]) -> GoldText:
    tags = [label if label == OUTSIDE else f"I-{label}" for label in labels]
    return gold_text(identifier, tokens, tags)


def _parse(line: str, where: str) -> tuple[str, str]:
    fields = line.split("\t")
    if len(fields) != 2 or not fields[0]:
        raise DocumentError(f"{where}: expected token<TAB>label, not {line!r}; mend the line")
    if fields[1] not in _KNOWN:
        raise DocumentError(
            f"{where}: {fields[1]!r} is not a fine type of Few-NERD (expected O or one such as "
            "person-actor); check that this is a Few-NERD file with fine labels"
        )
    return fields[0], fields[1]


def _read_parquet(file: Path) -> Iterator[tuple[list[str], list[str]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = (OUTSIDE, *LABELS)
    try:
        batches: Iterable[pa.RecordBatch] = pq.ParquetFile(file).iter_batches(
            columns=["tokens", "fine_ner_tags"]
        )
        row = 0
        for batch in batches:
            if batch.schema.names != ["tokens", "fine_ner_tags"]:
                raise DocumentError(
                    f"{file}: expected the columns tokens and fine_ner_tags; "
                    "check that this is the hub's Few-NERD"
                )
            for record in batch.to_pylist():
                row += 1
                tokens, tags = record["tokens"], record["fine_ner_tags"]
                if len(tokens) != len(tags):
                    raise DocumentError(
                        f"{file}: row {row} has {len(tokens)} tokens and {len(tags)} tags; "
                        "expected as many of the one as of the other"
                    )
                if outside := [tag for tag in tags if not 0 <= tag < len(names)]:
                    raise DocumentError(
                        f"{file}: row {row} has the tag {outside[0]}; expected 0 to "
                        f"{len(names) - 1}: check that the column holds fine tags"
                    )
                yield tokens, [names[tag] for tag in tags]
    except (pa.ArrowException, OSError) as error:
        reason = first_line(error)
        raise DocumentError(
            f"{file}: cannot be read as parquet ({reason}); fetch it anew"
        ) from error


def _named_queries(file: Path) -> dict[str, str]:
    """Query texts by label from a file that names the labels' last parts."""
    if not file.is_file():
        return {}
    try:
        names = json.loads(file.read_bytes())
    except ValueError as error:
        raise InputError(f"{file}: not JSON ({error}); mend or remove the file") from error
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise InputError(f"{file}: expected one JSON object of strings; mend or remove the file")
    fine = {label: label.split("-", 1)[1] for label in LABELS}
    return {label: names[part] for label, part in fine.items() if part in names}
