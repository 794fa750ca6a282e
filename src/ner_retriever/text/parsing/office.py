"""What Office Open XML files have in common: properties, and parts that refer to each other."""

import posixpath
from typing import Any

from ner_retriever.text.parsing.archives import Archive
from ner_retriever.text.parsing.xml_parts import attribute, local_name, parse_xml

_CORE = "docProps/core.xml"
_FIELDS = {"title": "title", "creator": "author", "created": "date", "language": "language"}


def core_fields(archive: Archive, kind: str) -> dict[str, Any]:
    """Return title, author, date and language, where the file tells them.

    Raises:
        Unparsable: the part that tells them is damaged.
    """
    content = archive.find(_CORE)
    if content is None:
        return {}
    return {
        _FIELDS[local_name(element)]: (element.text or "").strip()
        for element in parse_xml(content, kind)
        if local_name(element) in _FIELDS
    }


def related(archive: Archive, part: str, kind: str) -> dict[str, tuple[str, str]]:
    """Return what a part refers to in the archive: by its name there, kind and path.

    Raises:
        Unparsable: the part that tells it is damaged.
    """
    folder, name = posixpath.split(part)
    content = archive.find(f"{folder}/_rels/{name}.rels")
    if content is None:
        return {}
    found = {}
    for element in parse_xml(content, kind):
        if attribute(element, "TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attribute(element, "Target")))
            kind_of = attribute(element, "Type").rpartition("/")[2]
            found[attribute(element, "Id")] = (kind_of, target.lstrip("/"))
    return found
