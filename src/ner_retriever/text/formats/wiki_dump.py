"""Dumps of MediaWiki: the articles of a wiki as plain text."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError, MissingExtra
from ner_retriever.text.formats.made import make_document
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.sources import Source

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


PAGES = {"page", "siteinfo"}
_ARTICLES = "0"
# Files and categories, whose names each language has for itself.
_WITHOUT_TEXT = {"6", "14"}


class Pages:
    """Reads the pages of one dump.

    Raises:
        MissingExtra: the parser of the wiki's markup is not installed.
    """

    def __init__(self, source: Source, options: ReadOptions) -> None:
        try:
            from ner_retriever.text.formats.wikitext import Wikitext
        except ImportError as error:
            raise MissingExtra("reading a dump of a wiki", "documents") from error
        self._source = source
        self._options = options
        self._url = ""
        self._new = Wikitext
        self._wikitext: Wikitext = Wikitext(())

    def read(self, page: "Element", number: int) -> Document | DocumentError | None:
        """Read a page; ``None`` for one that is no article, or leads to another.

        Args:
            number: of the element in its file, from 1.
        """
        if page.tag == "siteinfo":
            self._read_site(page)
            return None
        revisions = page.findall("revision")
        is_article = (page.findtext("ns") or _ARTICLES) == _ARTICLES
        if not is_article or page.find("redirect") is not None or not revisions:
            return None
        title = (page.findtext("title") or "").strip()
        text = revisions[-1].findtext("text") or ""
        if not text or (revisions[-1].findtext("model") or "wikitext") != "wikitext":
            return None
        return make_document(
            self._wikitext.plain(text),
            {
                "title": title,
                "date": revisions[-1].findtext("timestamp") or "",
                "url": self._url and self._url + quote(title.replace(" ", "_"), safe="/:@!$*,;()"),
            },
            source=self._source,
            number=number,
            options=self._options,
            identifier=title,
        )

    def _read_site(self, site: "Element") -> None:
        base = (site.findtext("base") or "").strip()
        self._url = base.rpartition("/")[0] + "/" if "/" in base else ""
        self._wikitext = self._new(
            (space.text or "").lower()
            for space in site.iter("namespace")
            if space.get("key") in _WITHOUT_TEXT
        )
