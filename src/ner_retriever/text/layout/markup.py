"""What is markup in a plain text: character references, tags, wiki and LaTeX commands, and signs
that nobody sees. Only what is surely markup is taken off. Letters are composed with their marks.
"""

import html
import re
import unicodedata
from collections.abc import Callable

from ner_retriever.text.layout.edits import Edit

_INLINE = (
    "a|abbr|b|bdi|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|nowiki|q|ref|s|samp|small|span"
    "|strike|strong|sub|sup|tt|u|var|wbr"
)
_BLOCK = (
    "article|aside|blockquote|body|br|caption|center|dd|div|dl|dt|figure|figcaption|footer|form"
    "|h[1-6]|head|header|hr|html|img|li|link|main|meta|nav|ol|option|p|pre|section|table|tbody|td"
    "|tfoot|th|thead|title|tr|ul"
)
_ADDRESS = r"(?:https?:|mailto:|www\.|[./\#])[^()\s]{0,400}\)"
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø",
    "O": "Ø", "l": "ł", "L": "Ł", "i": "i", "j": "j",
}  # fmt: skip

_MARKUP = re.compile(
    r"""
      (?P<reference> &(?:[A-Za-z][A-Za-z0-9]{1,31}|\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}); )
    | (?P<comment> <!--.{0,500}?--> )
    | (?P<inline> </?(?:INLINE)(?:\s[^<>]{0,400})?/?> )
    | (?P<block> </?(?:BLOCK)(?:\s[^<>]{0,400})?/?> )
    | (?P<invisible> [\u00ad\u200b\u2060\ufeff]+ )
    | (?P<decomposed> \w[\u0300-\u036f\u3099\u309a]+
        | [\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]? )
    | (?P<quotes> '{2,5}(?=[^\s']) | (?<=[^\s'])'{2,5} )
    | (?P<link> \[\[(?:[^\[\]|\n]{1,200}\|)?(?=[^\[\]|\n]{1,200}\]\]) | (?<=[^\[\]\n])\]\] )
    | (?P<bold> (?<![*\w])\*\*(?=[^\s*]) | (?<=[^\s*])\*\*(?![*\w]) )
    | (?P<label> \[(?=[^\[\]\n]{1,200}\]\(ADDRESS) | \]\(ADDRESS )
    | (?P<accent> \{?\\(?P<mark>[`'^"~=.]|[uvHckr](?=\{))\s?\{?\\?(?P<letter>[A-Za-z])\}?\}? )
    | (?P<special> \{?\\(?P<name>ss|ae|AE|oe|OE|aa|AA|o|O|l|L)(?:\{\}|\}|\b\s?) )
    | (?P<command> \\(?:text(?:bf|it|sc|sf|tt|rm|sl|normal)|emph|underline|mbox|textsuperscript)\{
        (?P<argument>[^{}\n]{1,300})\} )
    | (?P<heading> \\(?:part|chapter|(?:sub){0,2}section|paragraph|title|caption)\*?\{
        (?P<words>[^{}\n]{1,300})\} )
    | (?P<escaped> \\[&%$\#_{}] )
    """.replace("INLINE", _INLINE)
    .replace("BLOCK", _BLOCK)
    .replace("ADDRESS", _ADDRESS),
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
# Letters with a space between, words with more: for emphasis, as in J O H N  D O E.
_SPACED = re.compile(r"(?<!\S)(?:[^\W\d_] {1,3}){3,60}[^\W\d_](?!\S)")
_TELLING = re.compile(
    r"[&<\\\u00ad\u0300-\u036f\u1100-\u1112\u200b\u2060\u3099\u309a\ufeff]|''|\[\[|\]\]|\*\*|\]\("
)


def markup_edits(text: str) -> list[Edit]:
    """Return the edits that take markup off a text; none for a text without."""
    edits: list[Edit] = []
    if _TELLING.search(text):
        for match in _MARKUP.finditer(text):
            edits += _REPLACED[_kind(match)](match)
    spaced = [edit for match in _SPACED.finditer(text) for edit in _closed_up(match)]
    if not spaced:
        return edits
    taken = {place for edit in edits for place in range(edit.start, edit.end)}
    free = [edit for edit in spaced if edit.start not in taken]
    return sorted([*edits, *free], key=lambda edit: edit.start)


def _kind(match: re.Match[str]) -> str:
    return next(name for name in _REPLACED if match[name] is not None)


def _whole(match: re.Match[str], replacement: str) -> list[Edit]:
    return [Edit(match.start(), match.end(), replacement)]


def _nothing(match: re.Match[str]) -> list[Edit]:
    return _whole(match, "")


def _border(match: re.Match[str]) -> list[Edit]:
    return _whole(match, "\n\n")


def _reference(match: re.Match[str]) -> list[Edit]:
    resolved = html.unescape(match[0])
    return [] if resolved == match[0] else _whole(match, resolved)


def _decomposed(match: re.Match[str]) -> list[Edit]:
    return _whole(match, unicodedata.normalize("NFC", match[0]))


def _accent(match: re.Match[str]) -> list[Edit]:
    mark = _ACCENTS.get(match["mark"])
    letter = match["letter"]
    return _whole(match, unicodedata.normalize("NFC", letter + mark)) if mark else []


def _special(match: re.Match[str]) -> list[Edit]:
    return _whole(match, _LETTERS[match["name"]]) if match["name"] in _LETTERS else []


def _argument(match: re.Match[str]) -> list[Edit]:
    start, end = match.span("argument")
    return [Edit(match.start(), start, ""), Edit(end, match.end(), "")]


def _heading(match: re.Match[str]) -> list[Edit]:
    start, end = match.span("words")
    return [Edit(match.start(), start, "\n\n"), Edit(end, match.end(), "\n\n")]


def _escaped(match: re.Match[str]) -> list[Edit]:
    return [Edit(match.start(), match.start() + 1, "")]


def _closed_up(match: re.Match[str]) -> list[Edit]:
    letters = match[0].replace(" ", "")
    if not (letters.isupper() or "  " in match[0]):
        return []
    return [
        Edit(
            match.start() + gap.start(), match.start() + gap.end(), "" if len(gap[0]) == 1 else " "
        )
        for gap in re.finditer(" +", match[0])
    ]


_REPLACED: dict[str, Callable[[re.Match[str]], list[Edit]]] = {
    "reference": _reference,
    "comment": _nothing,
    "inline": _nothing,
    "block": _border,
    "invisible": _nothing,
    "decomposed": _decomposed,
    "quotes": _nothing,
    "link": _nothing,
    "bold": _nothing,
    "label": _nothing,
    "accent": _accent,
    "special": _special,
    "command": _argument,
    "heading": _heading,
    "escaped": _escaped,
}
