"""Articles of PubMed's XML files: titles and abstracts."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.made import make_document
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.sources import Source

ARTICLES = {"PubmedArticle", "PubmedBookArticle"}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_PARAGRAPHS = "\n\n"


class Articles:
    """Reads the articles of one file."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._source = source
        self._options = options

    def read(self, article: Element, number: int) -> Document | DocumentError:
        """Read an article: its title, and its abstract with the labels of the sections.

        Args:
            number: of the article in its file, from 1.
        """
        pmid = _text(article, ".//PMID")
        title = _text(article, ".//ArticleTitle") or _text(article, ".//BookTitle")
        return make_document(
            _PARAGRAPHS.join(part for part in (title, *_abstract(article)) if part),
            {
                "pmid": pmid,
                "title": title,
                "journal": _text(article, ".//Journal/Title"),
                "date": _date(article.find(".//PubDate")),
                "authors": list(_authors(article)),
                "keywords": _texts(article, ".//Keyword"),
                "mesh": _texts(article, ".//MeshHeading/DescriptorName"),
            },
            source=self._source,
            number=number,
            options=self._options,
            identifier=pmid,
        )


def _abstract(article: Element) -> Iterator[str]:
    abstract = article.find(".//Abstract")
    for part in abstract.iter("AbstractText") if abstract is not None else ():
        text = _plain(part)
        label = part.get("Label", "").strip()
        if text:
            yield f"{label}: {text}" if label and label != "UNLABELLED" else text


def _authors(article: Element) -> Iterator[str]:
    for author in article.iterfind(".//AuthorList/Author"):
        given, family = _text(author, "ForeName"), _text(author, "LastName")
        name = f"{given} {family}".strip() or _text(author, "CollectiveName")
        if name:
            yield name


def _date(date: Element | None) -> str:
    """As much of a date as is known, as ISO 8601 writes it; or the year of another date."""
    if date is None:
        return ""
    year, month, day = (_text(date, name) for name in ("Year", "Month", "Day"))
    if not year:
        # Such as ``1998 Dec-1999 Jan``.
        start = _text(date, "MedlineDate")[:4]
        return start if start.isdecimal() else ""
    named = month[:3].lower()
    number = _MONTHS.index(named) + 1 if named in _MONTHS else int(month or 0)
    if not 1 <= number <= 12:
        return year
    return f"{year}-{number:02}" + (f"-{int(day):02}" if day.isdecimal() else "")


def _texts(element: Element, path: str) -> list[str]:
    return [text for found in element.iterfind(path) if (text := _plain(found))]


def _text(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else _plain(found)


def _plain(element: Element) -> str:
    # Italics and subscripts lie within; line breaks are those of the file.
    return " ".join("".join(element.itertext()).split())
