"""EPUB: the chapters in the order in which the book is read."""

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from ner_retriever.text.parsing.archives import Archive
from ner_retriever.text.parsing.blocks import Blocks
from ner_retriever.text.parsing.decoding import decode_html
from ner_retriever.text.parsing.outcome import (
    Job,
    Parsed,
    Text,
    damaged,
    encrypted,
    without_text,
)
from ner_retriever.text.parsing.visible_text import add_visible
from ner_retriever.text.parsing.xml_parts import (
    Element,
    attribute,
    child,
    children,
    local_name,
    parse_xml,
)

_KIND = "EPUB"
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FIELDS = {
    "title": "title",
    "creator": "author",
    "date": "date",
    "language": "language",
    "publisher": "publisher",
}
_CHAPTERS = {"application/xhtml+xml", "text/html", "application/x-dtbook+xml"}


def parse_epub(content: bytes, _: Job) -> Parsed:
    """Yield the book.

    Raises:
        Unparsable: it is encrypted, damaged or too large, or holds no text.
    """
    archive = Archive(content, _KIND)
    package = _package_name(archive)
    root = parse_xml(archive.read(package), _KIND)
    blocks = Blocks()
    locked = _encrypted_members(archive)
    for chapter in _chapters(root, posixpath.dirname(package)):
        if chapter in locked:
            raise encrypted()
        # Books that list a chapter which is not there are common.
        if chapter in archive:
            add_visible(decode_html(archive.read(chapter)), blocks)
            blocks.end_table()
    if not blocks.text:
        raise without_text()
    yield Text(text=blocks.text, fields=_fields(root))


def _package_name(archive: Archive) -> str:
    container = parse_xml(archive.read(_CONTAINER), _KIND)
    for element in container.iter():
        if local_name(element) == "rootfile":
            return attribute(element, "full-path")
    raise damaged(_KIND, "it does not tell where its package is")


def _chapters(package: Element, folder: str) -> Iterator[str]:
    manifest, spine = child(package, "manifest"), child(package, "spine")
    if manifest is None or spine is None:
        raise damaged(_KIND, "it lists no chapters")
    paths = {
        attribute(item, "id"): unquote(attribute(item, "href"))
        for item in children(manifest, "item")
        if attribute(item, "media-type") in _CHAPTERS
    }
    for reference in children(spine, "itemref"):
        path = paths.get(attribute(reference, "idref"))
        if path:
            yield posixpath.normpath(posixpath.join(folder, path.partition("#")[0]))


def _encrypted_members(archive: Archive) -> set[str]:
    content = archive.find(_ENCRYPTION)
    if content is None:
        return set()
    return {
        unquote(attribute(element, "URI"))
        for element in parse_xml(content, _KIND).iter()
        if local_name(element) == "CipherReference"
    }


def _fields(package: Element) -> dict[str, Any]:
    metadata = child(package, "metadata")
    found: dict[str, list[str]] = {}
    for element in () if metadata is None else metadata:
        name = _FIELDS.get(local_name(element))
        text = " ".join((element.text or "").split())
        if name and text:
            found.setdefault(name, []).append(text)
    return {
        name: ", ".join(texts) if name == "author" else texts[0] for name, texts in found.items()
    }
