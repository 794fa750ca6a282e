"""Which line ends are borders and which only fit a text to a page, and where cells end."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ner_retriever.text.layout.edits import Edit

_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_QUOTED = re.compile(r"(?:[ \t]*>)+[ \t]?")
_ITEM = re.compile(
    r"(?:[-*+•‣▪▫◦●○■□·–—]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|\[[ xX]?\])(?:[ \t]+|$)"
)
_HEADING = re.compile(r"#{1,6}[ \t]+|={1,6}[ \t]*(?=\S)")
_HEADING_END = re.compile(r"[ \t]*(?:={1,6}|#{1,6})$")
_RULE = re.compile(r"[-=_*~+|:.#—–\s]{3,}$")
_PIPE = re.compile(r"[ \t]*\|[ \t]*")
_GAP = re.compile(r"[ \t]*\t[ \t]*| {3,}")
# Two spaces are a slip of the typist, unless they stand one below the other, as columns do.
_NARROW_GAP = re.compile(r"[ \t]*\t[ \t]*|(?<![.!?:;,]) {2,}")
_FIRST_WORD = re.compile(r"\S+")
_HYPHENATED = re.compile(r"[^\W\d_](?P<hyphen>[-‐])$")
_OPEN_END = re.compile(r"(?:(?<![^\s])[^\W\d_A-Z]+|[,&(/])$")

_NARROWEST_PAGE = 40
_SHORTEST_PROSE = 25
_FEWEST_SPACES = 3
_ROUND = 2


@dataclass(slots=True)
class _Line:
    """A line of a text.

    Attributes:
        start, end: its characters without what stands before and after: marks of quotes, items
            and headings, white space.
        full: its length as it stood on the page.
        blank_before: whether a blank line or a rule stands before it.
        item, heading: whether it begins a list item or is a heading.
        cells: where cells end and the next ones begin in it.
        narrow: the same if it stands in a table of narrow columns.
    """

    start: int
    end: int
    full: int
    blank_before: bool
    item: bool
    heading: bool
    cells: list[tuple[int, int]]
    narrow: list[tuple[int, int]]


def line_edits(text: str) -> list[Edit]:
    """Return the edits that put every block on a line of its own; none for a text of one."""
    if not (_LINE_END.search(text) or _GAP.search(text)):
        return []
    lines = list(_lines(text))
    if not lines:
        return []
    for upper, lower in pairwise(lines):
        if upper.narrow and lower.narrow and not lower.blank_before:
            upper.cells, lower.cells = upper.narrow, lower.narrow
    edits = _removed(0, lines[0].start)
    for line, following, width in zip(lines, [*lines[1:], None], _page_widths(lines), strict=True):
        edits += [Edit(start, end, "\n") for start, end in line.cells]
        if following:
            edits.append(_between(text, line, following, width))
    return edits + _removed(lines[-1].end, len(text))


def _removed(start: int, end: int) -> list[Edit]:
    return [Edit(start, end, "")] if start < end else []


def _lines(text: str) -> Iterator[_Line]:
    ends = [*((match.start(), match.end()) for match in _LINE_END.finditer(text)), (len(text),) * 2]
    piped = sum(text[first:last].count("|") > 0 for first, last in _bounds(ends)) > 1
    blank = False
    for first, last in _bounds(ends):
        start, end = _stripped(text, first, last)
        if quoted := _QUOTED.match(text, start, end):
            start, end = _stripped(text, quoted.end(), end)
        if start == end or _RULE.fullmatch(text, start, end):
            blank = True
            continue
        full = end - start
        heading = _HEADING.match(text, start, end)
        if heading and (closing := _HEADING_END.search(text, heading.end(), end)):
            end = closing.start()
        item = None if heading else _ITEM.match(text, start, end)
        if mark := heading or item:
            start, end = _stripped(text, min(mark.end(), end), end)
            if start == end:
                continue
        pipes = piped and "|" in text[start:end]
        if pipes:
            start, end = _stripped(text, start, end, "|")
        cells, narrow = (
            [gap.span() for gap in pattern.finditer(text, start, end)]
            for pattern in ((_PIPE, _PIPE) if pipes else (_GAP, _NARROW_GAP))
        )
        if start < end:
            marks = {"item": item is not None, "heading": heading is not None}
            yield _Line(start, end, full, blank, cells=cells, narrow=narrow, **marks)
            blank = False


def _bounds(ends: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, int]]:
    first = 0
    for last, following in ends:
        yield first, last
        first = following


def _stripped(text: str, start: int, end: int, also: str = "") -> tuple[int, int]:
    while start < end and (text[start].isspace() or text[start] in also):
        start += 1
    while start < end and (text[end - 1].isspace() or text[end - 1] in also):
        end -= 1
    return start, end


def _between(text: str, line: _Line, following: _Line, width: int) -> Edit:
    """What becomes of the end of a line and the beginning of the next one."""
    if not _is_soft(text, line, following, width):
        return Edit(line.end, following.start, "\n")
    hyphenated = _HYPHENATED.search(text, line.start, line.end)
    if hyphenated and text[following.start].islower():
        return Edit(hyphenated.start("hyphen"), following.start, "")
    joined = "" if _unspaced(text[line.end - 1]) and _unspaced(text[following.start]) else " "
    return Edit(line.end, following.start, joined)


def _is_soft(text: str, line: _Line, following: _Line, width: int) -> bool:
    """Whether a line only ends because the page was full.

    Args:
        width: of the page, as far as the paragraph tells.
    """
    if following.blank_before or following.item or following.heading or line.heading:
        return False
    if line.cells or following.cells:
        return False
    first_word = _FIRST_WORD.match(text, following.start, following.end)
    room = line.full + 1 + (len(first_word[0]) if first_word else 0)
    if width >= _NARROWEST_PAGE and room > width - _ROUND and line.full > width / 2:
        return True
    if line.full < _SHORTEST_PROSE and text.count(" ", line.start, line.end) < _FEWEST_SPACES:
        return False
    if _HYPHENATED.search(text, line.start, line.end) and text[following.start].islower():
        return True
    return bool(_OPEN_END.search(text, line.start, line.end)) or (
        text[following.start].islower() and text[line.end - 1].isalnum()
    )


def _page_widths(lines: Sequence[_Line]) -> list[int]:
    """For each line the longest one of its paragraph or list item."""
    widths: list[int] = []
    paragraph: list[int] = []
    for line in lines:
        if paragraph and (line.blank_before or line.item):
            widths += [max(paragraph)] * len(paragraph)
            paragraph = []
        paragraph.append(line.full)
    return widths + [max(paragraph)] * len(paragraph)


def _unspaced(sign: str) -> bool:
    """Whether words of a sign's script are written without spaces: Chinese and Japanese."""
    return (
        "\u3040" <= sign <= "\u30ff" or "\u3400" <= sign <= "\u9fff" or "\uff00" <= sign <= "\uff60"
    )
