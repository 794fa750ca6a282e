"""XML that came in a file: parsed without entities, without a network and without other files."""

from collections.abc import Iterator
from typing import Any

from ner_retriever.text.parsing.outcome import damaged

Element = Any


def parse_xml(content: bytes, kind: str) -> Element:
    """Return the root of XML.

    Args:
        kind: what it is a part of, for messages.

    Raises:
        Unparsable: it is broken, nests more than 256 deep, or declares entities, which no
            office program writes and which can unfold to gigabytes.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise damaged(kind, error) from error
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and next(declared.iterentities(), None) is not None:
        raise damaged(kind, "it declares XML entities")
    return root


def local_name(element: Element) -> str:
    """Return an element's name without its namespace; nothing for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def child(element: Element, *path: str) -> Element | None:
    """Return the first descendant along local names; ``None`` where one of them is missing."""
    for name in path:
        element = next((inner for inner in element if local_name(inner) == name), None)
        if element is None:
            return None
    return element


def children(element: Element, name: str) -> Iterator[Element]:
    """Return the children with a local name."""
    return (inner for inner in element if local_name(inner) == name)


def attribute(element: Element, name: str, default: str = "") -> str:
    """Return the value of an attribute by its local name."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return default
