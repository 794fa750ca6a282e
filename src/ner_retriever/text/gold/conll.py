"""CoNLL columns: a token and its tag a line, a blank line between sentences.

What the columns are differs from corpus to corpus, so the caller reads the line. A sentence may
open with ``# id NAME``, as in MultiCoNER, or follow a line ``-DOCSTART-``, as in CoNLL 2003.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ner_retriever.documents import Span
from ner_retriever.text.gold.files import read_lines, token_offsets
from ner_retriever.text.gold.records import GoldMention, GoldText

OUTSIDE = "O"
_ID = "# id "
_DOCUMENT = "-DOCSTART-"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it stands in the file.

    Attributes:
        id: what ``# id`` says; empty without.
        line: where its first token stands, from 1.
        tokens, tags: as many of the one as of the other.
    """

    id: str
    line: int
    tokens: tuple[str, ...]
    tags: tuple[str, ...]


def read_sentences(file: Path, parse: Callable[[str, str], tuple[str, str]]) -> Iterator[Sentence]:
    """The sentences of a file, plain or compressed.

    Args:
        parse: token and tag of a line; gets the line and where it stands (``file:line``), and
            raises DocumentError for a line that is not in the layout.

    Raises:
        DocumentError: as `read_lines`, and what ``parse`` raises.
    """
    identifier, first = "", 0
    rows: list[tuple[str, str]] = []
    for number, line in read_lines(file):
        if not line.strip():
            if rows:
                yield _sentence(identifier, first, rows)
            identifier, rows = "", []
        elif not rows and line.startswith(_ID):
            identifier = line.removeprefix(_ID).split("\t")[0].strip()
        elif not line.startswith(_DOCUMENT):
            first = first if rows else number
            rows.append(parse(line, f"{file}:{number}"))
    if rows:
        yield _sentence(identifier, first, rows)


def gold_text(identifier: str, tokens: Sequence[str], tags: Sequence[str]) -> GoldText:
    """A sentence as a text: its tokens with single spaces between them.

    Args:
        tags: ``O``, or a label after ``B-`` or ``I-``. An ``I-`` that continues nothing begins a
            mention, as in conlleval; so labels that mark no beginnings are all ``I-``.
    """
    offsets = token_offsets(tokens)
    mentions: list[GoldMention] = []
    previous = OUTSIDE
    for offset, tag in zip(offsets, tags, strict=True):
        label = tag[2:]
        if tag.startswith("I-") and previous[2:] == label:
            mentions[-1] = GoldMention(Span(mentions[-1].span.start, offset.end), (label,))
        elif tag != OUTSIDE:
            mentions.append(GoldMention(offset, (label,)))
        previous = tag
    return GoldText(id=identifier, text=" ".join(tokens), mentions=tuple(mentions))


def _sentence(identifier: str, line: int, rows: Sequence[tuple[str, str]]) -> Sentence:
    tokens, tags = zip(*rows, strict=True)
    return Sentence(identifier, line, tokens, tags)
