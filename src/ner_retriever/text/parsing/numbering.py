"""The markers of a DOCX file's lists, counted as the document's numbering says."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from ner_retriever.text.parsing.xml_parts import Element, attribute, child, children

_MOST_STYLES_DEEP = 10
# The level of outline of what is text.
_NO_HEADING = "9"
_ROMAN = {
    1000: "m",
    900: "cm",
    500: "d",
    400: "cd",
    100: "c",
    90: "xc",
    50: "l",
    40: "xl",
    10: "x",
    9: "ix",
    5: "v",
    4: "iv",
    1: "i",
}


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a list, 0 the outermost, and the list's number in the file."""

    numbering: str
    depth: int


class Numbering:
    """Counts the items of lists.

    Args:
        numbering, styles: the parts of those names, where the file has them.
    """

    def __init__(self, numbering: Element | None, styles: Element | None) -> None:
        self._formats: dict[Level, tuple[str, int]] = {}
        self._styles: dict[str, Element] = {}
        self._counts: dict[Level, int] = defaultdict(int)
        if styles is not None:
            self._styles = {
                attribute(style, "styleId"): style for style in children(styles, "style")
            }
        if numbering is not None:
            self._read(numbering)

    def level_of(self, paragraph: Element) -> Level | None:
        """Return a paragraph's place in a list; ``None`` where it is in none, or a heading."""
        told = None
        for properties in self._properties_of(paragraph):
            if _value(child(properties, "outlineLvl")) not in {"", _NO_HEADING}:
                return None
            if told is None:
                told = child(properties, "numPr")
        return None if told is None else self._level(told)

    def next_marker(self, level: Level) -> str:
        """Return the marker of the next item: a dash, or a number with a full stop."""
        form, first = self._formats.get(level, ("bullet", 1))
        for other in list(self._counts):
            if other.numbering == level.numbering and other.depth > level.depth:
                del self._counts[other]
        self._counts[level] += 1
        if form in {"bullet", "none"}:
            return "-"
        return f"{_numeral(self._counts[level] + first - 1, form)}."

    def _properties_of(self, paragraph: Element) -> Iterator[Element]:
        """The paragraph's own properties, then those of its style and of that style's base."""
        holder: Element | None = paragraph
        following = "pStyle"
        for _ in range(_MOST_STYLES_DEEP):
            if holder is None:
                return
            properties = child(holder, "pPr")
            if properties is not None:
                yield properties
            if following == "pStyle":
                style = "" if properties is None else _value(child(properties, "pStyle"))
            else:
                style = _value(child(holder, "basedOn"))
            holder, following = self._styles.get(style), "basedOn"

    def _level(self, told: Element) -> Level | None:
        number = _value(child(told, "numId"))
        depth = _value(child(told, "ilvl")) or "0"
        # Zero takes a paragraph out of its style's list.
        if number in {"", "0"} or not depth.isdecimal():
            return None
        return Level(number, int(depth))

    def _read(self, numbering: Element) -> None:
        abstract: dict[str, dict[int, tuple[str, int]]] = {}
        for definition in children(numbering, "abstractNum"):
            levels = {}
            for level in children(definition, "lvl"):
                depth, first = attribute(level, "ilvl"), _value(child(level, "start"))
                if depth.isdecimal():
                    form = _value(child(level, "numFmt")) or "decimal"
                    levels[int(depth)] = (form, int(first) if first.isdecimal() else 1)
            abstract[attribute(definition, "abstractNumId")] = levels
        for instance in children(numbering, "num"):
            levels = abstract.get(_value(child(instance, "abstractNumId")), {})
            for depth_, format_ in levels.items():
                self._formats[Level(attribute(instance, "numId"), depth_)] = format_


def _value(element: Element | None) -> str:
    return "" if element is None else attribute(element, "val")


def _numeral(number: int, form: str) -> str:
    match form:
        case "lowerLetter" | "upperLetter":
            letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
            return letter.upper() if form == "upperLetter" else letter
        case "lowerRoman" | "upperRoman" if 0 < number < 4000:
            numeral = ""
            for value, letters in _ROMAN.items():
                numeral += letters * (number // value)
                number %= value
            return numeral.upper() if form == "upperRoman" else numeral
    return str(number)
