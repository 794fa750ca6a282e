"""The text of a PDF's page: lines as they stand there, paragraphs apart, cells with tabs."""

import ctypes
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

# A line break that PDFium took out, since a hyphen stands before it.
_HYPHEN_AT_END = "\ufffe"
# Of the usual distance between lines; more is the border of a paragraph.
_GAP = 1.3
# Of a line's height: larger letters are a heading; a wider space parts cells, if the line's other
# spaces are not as wide, or it is wider than any that fills a line of a narrow column.
_HEADING = 1.2
_CELL_SPACE = 1.5
_WIDEST_SPACE = 4.0
_EQUAL = 1.15
_PROBES = 8
_SPACES = re.compile(" +")

# Left, bottom, right and top, in points from the page's lower left corner.
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    bottom: float
    top: float

    @property
    def height(self) -> float:
        return max(self.top - self.bottom, 0.1)


def page_text(page: Any) -> str:
    """Return what is written on a page of pypdfium2; nothing where there is no text."""
    characters = page.get_textpage()
    try:
        lines = _lines(characters)
    finally:
        characters.close()
    usual = _usual_distance(lines)
    parts = [line.text for line in lines[:1]]
    for line, following in pairwise(lines):
        parts += ["\n\n" if _is_border(line, following, usual) else "\n", following.text]
    return "".join(parts).strip()


def _lines(characters: Any) -> list[_Line]:
    content = characters.get_text_range()
    box = _boxes(characters)
    lines: list[_Line] = []
    start = 0
    for given in content.split("\n"):
        # PDFium counts units of UTF-16, Python characters.
        size = len(given) + 1 + sum(character > "\uffff" for character in given)
        for part, offset in _without_joins(given.removesuffix("\r")):
            if part.strip():
                lines.append(_line(part, start + offset, box))
        start += size
    return lines


def _without_joins(text: str) -> list[tuple[str, int]]:
    """Part a line where PDFium joined two, each with where it begins."""
    parts = []
    start = 0
    pieces = text.split(_HYPHEN_AT_END)
    for number, piece in enumerate(pieces, 1):
        parts.append((piece if number == len(pieces) else f"{piece}-", start))
        start += len(piece) + 1
    return parts


def _line(text: str, start: int, box: Callable[[int], _Box]) -> _Line:
    """Find where a line stands, and the cells in it."""
    first = len(text) - len(text.lstrip())
    stripped = text.rstrip()
    last = len(stripped) - 1
    # Letters reach up to different heights; the highest and the lowest tell the line's.
    probes = {first, last, *range(first, last, max((last - first) // _PROBES, 1))}
    found = [box(start + index) for index in sorted(probes) if not text[index].isspace()]
    height = max(0.1, *(top - bottom for _, bottom, _, top in found))
    spaces = list(_SPACES.finditer(stripped, first + 1, last))
    gaps = [box(start + at.end())[0] - box(start + at.start() - 1)[2] for at in spaces]
    cells = list(stripped)
    for at, is_border in zip(spaces, _borders(gaps, height), strict=True):
        if is_border:
            cells[at.start() : at.end()] = ["\t", *[""] * (len(at[0]) - 1)]
    return _Line(
        text="".join(cells[first:]).replace("\0", " "),
        bottom=min(bottom for _, bottom, _, _ in found),
        top=max(top for _, _, _, top in found),
    )


def _borders(gaps: Sequence[float], height: float) -> list[bool]:
    """Tell which spaces of a line part cells, and are not just stretched to fill the line."""
    least, most = min(gaps, default=0.0), max(gaps, default=0.0)
    if most < _CELL_SPACE * height or (most <= _EQUAL * least and most < _WIDEST_SPACE * height):
        return [False] * len(gaps)
    return [
        gap > _CELL_SPACE * height and (gap > _CELL_SPACE * least or least > _CELL_SPACE * height)
        for gap in gaps
    ]


def _boxes(characters: Any) -> Callable[[int], _Box]:
    """Return what tells where a character of the text stands."""
    from pypdfium2 import raw

    place_of, measure, page = (
        raw.FPDFText_GetCharIndexFromTextIndex,
        raw.FPDFText_GetLooseCharBox,
        characters.raw,
    )
    found = raw.FS_RECTF()
    pointer = ctypes.byref(found)

    def box(index: int) -> _Box:
        place = place_of(page, index)
        if place < 0 or not measure(page, place, pointer):
            return 0.0, 0.0, 0.0, 0.0
        return found.left, found.bottom, found.right, found.top

    return box


def _usual_distance(lines: Sequence[_Line]) -> float:
    """Return the distance from line to line in paragraphs, in points."""
    distances = [
        line.bottom - following.bottom
        for line, following in pairwise(lines)
        if 0 < line.bottom - following.bottom < 3 * line.height
    ]
    # Lines of a paragraph are closer than what is set apart, even where few follow each other.
    return statistics.quantiles(distances, n=4)[0] if len(distances) > 1 else 0.0


def _is_border(line: _Line, following: _Line, usual: float) -> bool:
    distance = line.bottom - following.bottom
    larger = max(line.height, following.height)
    if larger / min(line.height, following.height) > _HEADING:
        return True
    if distance < 0:
        # A new column or box goes on with the sentence, or begins something new.
        return line.text.endswith((".", "!", "?", ":"))
    return distance > max(_GAP * usual, 1.02 * larger) if usual else distance > 1.6 * larger
