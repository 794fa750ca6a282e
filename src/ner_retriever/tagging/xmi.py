"""Tagged documents as UIMA CAS XMI, which INCEpTION and WebAnno import."""

import re
import zipfile
from collections.abc import Iterable
from typing import BinaryIO

from ner_retriever.extras import needs
from ner_retriever.search.standoff import file_name
from ner_retriever.tagging.tags import TaggedText

_ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
# What XML 1.0 cannot hold; a space keeps the offsets.
_NO_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_xmi(texts: Iterable[TaggedText], stream: BinaryIO) -> None:
    """Write a zip archive with an ``.xmi`` file a document and ``TypeSystem.xml``.

    Mentions are DKPro's named entities, whose value is the likeliest type.

    Raises:
        MissingExtra: dkpro-cassis is not installed.
    """
    with needs("annotation", "Writing XMI"):
        import cassis
        from cassis.typesystem import load_dkpro_core_typesystem
    types = load_dkpro_core_typesystem()
    entity = types.get_type(_ENTITY)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("TypeSystem.xml", types.to_xml().encode())
        for number, text in enumerate(texts, 1):
            cas = cassis.Cas(typesystem=types)
            cas.sofa_string = _NO_XML.sub(" ", text.text)
            cas.sofa_mime = "text/plain"
            for mention in text.mentions:
                best = mention.types[0].type
                cas.add(entity(begin=mention.start, end=mention.end, value=best))
            archive.writestr(f"{file_name(number, text.id)}.xmi", cas.to_xmi().encode())
