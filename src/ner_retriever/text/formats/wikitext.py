"""MediaWiki's markup as plain text: paragraphs, headings and list items a line each."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import mwparserfromhell
from mwparserfromhell import nodes

# As every wiki knows them, whatever its language.
_WITHOUT_TEXT = {"file", "image", "category", "media"}
# Notes, and what is no text.
_LEFT_OUT = {
    "ref", "references", "gallery", "math", "chem", "score", "timeline", "imagemap", "style",
    "syntaxhighlight", "source", "graph", "mapframe", "maplink", "templatestyles", "hiero",
}  # fmt: skip
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]+)*")
_EMPHASIS = re.compile(r"'{2,}")
_SWITCH = re.compile(r"__[A-Z]+__")
# What is left of a note in brackets whose template is gone.
_EMPTY_BRACKETS = re.compile(r" ?\([\s,;:]*\)")
_BLANKS = re.compile(r"[ \t\xa0]+")
_MANY_LINES = re.compile(r"\n{3,}")
_ITEM = "- "


class Wikitext:
    """Reads the markup of one wiki.

    Args:
        without_text: namespaces, in lower case, whose links show no text.
    """

    def __init__(self, without_text: Iterable[str]) -> None:
        self._without_text = {*without_text, *_WITHOUT_TEXT}

    def plain(self, text: str) -> str:
        """Return what a page says, without its templates, notes and pictures."""
        # Bold and italics are no tags here: where they are not closed, they would swallow others.
        parsed = mwparserfromhell.parse(_EMPHASIS.sub("", text), skip_style_tags=True)
        shown = _EMPTY_BRACKETS.sub("", _SWITCH.sub("", "".join(self._pieces(parsed))))
        lines = (_BLANKS.sub(" ", line).strip() for line in shown.split("\n"))
        kept = "\n".join("" if line == _ITEM.strip() else line for line in lines)
        return _MANY_LINES.sub("\n\n", kept).strip()

    def _pieces(self, code: Any) -> Iterator[str]:
        for node in code.nodes if code is not None else ():
            match node:
                case nodes.Text():
                    yield str(node.value)
                case nodes.Wikilink():
                    yield from self._link(node)
                case nodes.ExternalLink():
                    yield from self._pieces(node.title) if node.title else (str(node.url),)
                case nodes.Heading():
                    yield "\n"
                    yield from self._pieces(node.title)
                    yield "\n"
                case nodes.HTMLEntity():
                    yield _character(node)
                case nodes.Tag():
                    yield from self._tag(node)

    def _link(self, link: Any) -> Iterator[str]:
        title = str(link.title).strip()
        space, colon, _ = title.partition(":")
        name = space.strip().lower()
        if colon and space and (name in self._without_text or _is_other_language(name, link)):
            return
        if link.text is not None:
            yield from self._pieces(link.text)
        else:
            yield title.removeprefix(":")

    def _tag(self, tag: Any) -> Iterator[str]:
        name = str(tag.tag).strip().lower()
        if name in _LEFT_OUT:
            return
        if name == "br":
            yield "\n"
        elif name == "li" and tag.wiki_markup:
            # The item's text follows, up to the end of the line; deeper ones have several signs.
            yield _ITEM if str(tag.wiki_markup) else ""
        elif name == "table":
            yield "\n"
            yield from self._pieces(tag.contents)
            yield "\n"
        elif name in {"tr", "p", "div", "li"}:
            yield "\n"
            yield from self._pieces(tag.contents)
        elif name in {"td", "th"}:
            yield " ".join("".join(self._pieces(tag.contents)).split()) + "\t"
        elif tag.contents is not None:
            yield from self._pieces(tag.contents)


def _character(entity: Any) -> str:
    try:
        return str(entity.normalize())
    except (ValueError, OverflowError):
        # A number that is no character's.
        return str(entity)


def _is_other_language(name: str, link: Any) -> bool:
    """Whether a link leads to the page of the same name in another language's wiki."""
    return link.text is None and _LANGUAGE.fullmatch(name) is not None
