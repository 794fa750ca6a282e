"""CoNLL-U: ten columns a token, with mentions, if any, in the last one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ner_retriever.documents import Document, Span
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.conll_blocks import Block, Sentence, read_sentences
from ner_retriever.text.formats.options import ReadOptions, ignore
from ner_retriever.text.formats.tags import is_tag, tagged_spans
from ner_retriever.text.lines import read_lines
from ner_retriever.text.sources import Source

_COLUMNS = 10
_NUMBER = re.compile(r"(\d+)(?:-(\d+))?")
_EMPTY_NODE = re.compile(r"\d+\.\d+")
# Where a mention begins, where it begins and ends, where it ends: (e1-person  (e1-person)  e1)
_BRACKET = re.compile(r"\(([^()]*)(\))?|([^()]+)\)")
_HAS_MENTIONS = re.compile(r"(?:\t|\|)(?:NER|Entity)=", re.IGNORECASE)


def read_conllu(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the documents of a file, spaced as they were, with the mentions that are marked.

    Mentions are those of ``NER=B-PER`` or ``Entity=(e1-person`` among what is in the last column. A
    file that has none of either leaves its mentions to the detector.
    """
    is_marked = _is_marked(source, options)

    def parse(block: Block) -> Sentence:
        sentence = parse_conllu(block)
        if is_marked is None:
            return sentence
        return Sentence(sentence.text, (sentence.spans or ()) if is_marked else None)

    return read_sentences(source, options, parse)


def is_conllu(block: Block) -> bool:
    """Whether a sentence has these ten columns, whatever its file's name says."""
    first = block.rows[0][1].split("\t")
    return len(first) == _COLUMNS and _NUMBER.fullmatch(first[0]) is not None


def parse_conllu(block: Block) -> Sentence:
    """Read a sentence; without marks its mentions are unknown.

    Raises:
        DocumentError: a line has not ten columns, or its marks don't fit.
    """
    words = list(_words(block))
    text, tokens = _placed(block, words)
    places = [tokens[word.token] for word in words]
    spans: list[Span] | None = None
    if any(word.tag is not None for word in words):
        spans = list(tagged_spans([word.tag or "O" for word in words], places))
    if any(word.entity for word in words):
        spans = [*(spans or []), *_bracketed(words, places, block)]
    if spans is None:
        return Sentence(text, None)
    distinct = {(span.start, span.end): span for span in spans if span.start < span.end}
    return Sentence(text, tuple(distinct[place] for place in sorted(distinct)))


def _is_marked(source: Source, options: ReadOptions) -> bool | None:
    """Whether a file has mentions; ``None`` for standard input, which is read only once."""
    if source.is_stdin:
        return None
    lines = read_lines(source, max_characters=options.max_characters, progress=ignore)
    return any(isinstance(line, str) and _HAS_MENTIONS.search(line) for _, line in lines)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word, or what several are written as.

    Attributes:
        form: as it is written; empty for a word that is written as part of another.
        token: the number of the token that it is, or is part of.
        tag: what ``NER`` says.
        entity: what ``Entity`` says.
        space: whether a space follows.
    """

    form: str
    token: int
    tag: str | None
    entity: str
    space: bool


def _words(block: Block) -> Iterator[_Word]:
    token = -1
    within = 0
    for number, line in block.rows:
        where = f"{block.label}:{number}"
        columns = line.split("\t")
        if len(columns) != _COLUMNS:
            raise DocumentError(
                f"{where}: {len(columns)} columns; a token of CoNLL-U has {_COLUMNS}, with tabs "
                "between them"
            )
        found = _NUMBER.fullmatch(columns[0])
        if found is None:
            if _EMPTY_NODE.fullmatch(columns[0]):
                continue
            raise DocumentError(
                f"{where}: {columns[0][:40]!r} is no token's number; expected 3, 3-4 or 3.1"
            )
        marks = dict(mark.partition("=")[::2] for mark in columns[9].split("|"))
        tag = marks.get("NER", marks.get("ner"))
        if tag is not None and not is_tag(tag):
            raise DocumentError(
                f"{where}: NER={tag[:40]} is no tag; expected O, or a type behind B- or I-"
            )
        is_part = int(found[1]) <= within
        if not is_part:
            token += 1
            within = int(found[2] or 0)
        yield _Word(
            form="" if is_part else columns[1],
            token=token,
            tag=tag,
            entity=marks.get("Entity", ""),
            space=marks.get("SpaceAfter") != "No",
        )


def _placed(block: Block, words: Sequence[_Word]) -> tuple[str, list[Span]]:
    """Return the sentence and where its tokens stand in it."""
    written = [word for word in words if word.form]
    given = block.comments.get("text", "")
    places: list[Span] = []
    end = 0
    for word in written:
        start = given.find(word.form, end)
        if start < 0 or given[end:start].strip():
            break
        end = start + len(word.form)
        places.append(Span(start, end))
    if len(places) == len(written) and not given[end:].strip():
        return given, places
    # The text that is given is not that of the tokens.
    pieces: list[str] = []
    places = []
    end = 0
    for word in written:
        places.append(Span(end, end + len(word.form)))
        pieces.append(word.form + " " * word.space)
        end += len(pieces[-1])
    return "".join(pieces).rstrip(" "), places


def _bracketed(words: Sequence[_Word], places: Sequence[Span], block: Block) -> Iterator[Span]:
    began: list[tuple[str, int]] = []
    for word, place in zip(words, places, strict=True):
        for bracket in _BRACKET.finditer(word.entity):
            if bracket[3] is None:
                began.append((bracket[1], place.start))
                if not bracket[2]:
                    continue
            at = len(began) - 1
            if bracket[3] is not None:
                fits = (n for n, (name, _) in enumerate(began) if _is_of(bracket[3], name))
                at = max(fits, default=-1)
            if at < 0:
                raise DocumentError(
                    f"{block.label}:{block.line}: Entity={word.entity[:40]} ends what has not begun"
                )
            yield Span(began.pop(at)[1], place.end)
    if began:
        raise DocumentError(
            f"{block.label}:{block.line}: Entity=({began[0][0][:40]} does not end in its sentence"
        )


def _is_of(end: str, name: str) -> bool:
    """Whether a mention that began with a name ends with this."""
    return name == end or name.startswith(f"{end}-")
