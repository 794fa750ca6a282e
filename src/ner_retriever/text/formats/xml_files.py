"""XML files of the kinds that are known, told apart by their root."""

from collections.abc import Callable, Collection, Iterator
from xml.etree.ElementTree import Element

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.formats.pubmed import ARTICLES, Articles
from ner_retriever.text.formats.wiki_dump import PAGES, Pages
from ner_retriever.text.formats.xml_records import read_records
from ner_retriever.text.sources import Source

_Read = Callable[[Element, int], Document | DocumentError | None]


def read_xml(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read a dump of a wiki, or a file of PubMed, a page or an article at a time.

    Raises:
        MissingExtra: a wiki's markup cannot be read without what is not installed.
    """
    read: _Read | None = None

    def records(root: str) -> Collection[str] | None:
        nonlocal read
        if root == "mediawiki":
            read = Pages(source, options).read
            return PAGES
        if root == "PubmedArticleSet":
            read = Articles(source, options).read
            return ARTICLES
        return None

    found = read_records(
        source,
        records=records,
        max_characters=options.max_characters,
        progress=options.progress,
    )
    for number, record in enumerate(found, start=1):
        if isinstance(record, DocumentError) or read is None:
            yield record if isinstance(record, DocumentError) else DocumentError(source.label)
        elif (document := read(record, number)) is not None:
            yield document
