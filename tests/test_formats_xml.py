"""Dumps of wikis, PubMed's files, and XML that wants to do harm."""

import bz2
import tracemalloc
from pathlib import Path

import pytest

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.sources import count_hint
from reading_documents import read_documents

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11">
  <siteinfo><sitename>Wikipedia</sitename><base>https://de.wikipedia.org/wiki/Hauptseite</base>
  <namespaces><namespace key="6">Datei</namespace><namespace key="14">Kategorie</namespace>
  </namespaces></siteinfo>
"""


def page(title: str, text: str, *, ns: int = 0, more: str = "") -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f"<page><title>{title}</title><ns>{ns}</ns><id>1</id>{more}<revision><id>2</id>"
        "<timestamp>2024-05-01T12:00:00Z</timestamp><model>wikitext</model>"
        f'<text bytes="1" xml:space="preserve">{text}</text></revision></page>\n'
    )


def read(path: Path, **options) -> tuple[list[Document], list[DocumentError]]:
    errors: list[DocumentError] = []
    found = list(read_documents([path], on_error=errors.append, **options))
    assert all("\n" not in str(error) for error in errors)
    return found, errors


def write(path: Path, content: str) -> Path:
    packed = bz2.compress(content.encode()) if path.suffix == ".bz2" else content.encode()
    path.write_bytes(packed)
    return path


def shown(tmp_path: Path, markup: str) -> str:
    pytest.importorskip("mwparserfromhell")
    found, errors = read(write(tmp_path / "a.xml", HEAD + page("A", markup) + "</mediawiki>"))
    assert not errors
    return found[0].text


# --- wikis --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dump.xml", "dump.xml.bz2"])
def test_articles_of_a_wiki(tmp_path, name):
    pytest.importorskip("mwparserfromhell")
    content = (
        HEAD
        + page("Rom & Paris".replace("&", "&amp;"), "'''Rom''' liegt in [[Italien]].")
        + page("Diskussion:Rom", "no article", ns=1)
        + page("Roma", "#WEITERLEITUNG [[Rom]]", more='<redirect title="Rom"/>')
        + page("Köln", "Köln liegt am [[Rhein|großen Fluss]].")
        + "</mediawiki>"
    )
    path = write(tmp_path / name, content)
    steps: list[int] = []
    found, errors = read(path, progress=steps.append)
    assert not errors
    assert found == [
        Document(
            id="Rom & Paris",
            text="Rom liegt in Italien.",
            fields={
                "title": "Rom & Paris",
                "date": "2024-05-01T12:00:00Z",
                "url": "https://de.wikipedia.org/wiki/Rom_%26_Paris",
            },
        ),
        Document(
            id="Köln",
            text="Köln liegt am großen Fluss.",
            fields={
                "title": "Köln",
                "date": "2024-05-01T12:00:00Z",
                "url": "https://de.wikipedia.org/wiki/K%C3%B6ln",
            },
        ),
    ]
    assert {d.source for d in found} == {name}
    assert sum(steps) == count_hint([path])


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("== Geschichte ==\nEin Satz.", "Geschichte\n\nEin Satz."),
        ("* eins\n* zwei\n** drei", "- eins\n- zwei\n- - drei"),
        ("# eins\n# zwei", "- eins\n- zwei"),
        ("a<ref>note</ref> b<ref name=x /> c", "a b c"),
        ("{{Infobox|a=b\n|c=d}}Text {{lang|en|x}}.", "Text ."),
        ("'''Rom''' ({{IPA|x}}) ist", "Rom ist"),
        ("[[Datei:x.jpg|mini|Ein [[Bild]]]]Text[[Kategorie:Stadt]] [[File:y.png]]", "Text"),
        ("[[:Kategorie:Stadt]] [[en:Rome]] [[Rom#Geschichte|dort]]", "Kategorie:Stadt dort"),
        ("[https://x.org der Verweis] <!-- still -->&nbsp;ja &amp; nein", "der Verweis ja & nein"),
        ("__NOTOC__\n\n\n\nText<br/>neu", "Text\nneu"),
        ("<math>x^2</math><gallery>a.jpg</gallery>y", "y"),
        ("''offen und [[Rom", "offen und [[Rom"),
    ],
)
def test_markup_as_text(tmp_path, markup, text):
    assert shown(tmp_path, markup) == text


def test_tables_of_a_wiki_keep_their_rows(tmp_path):
    table = '{| class="wikitable"\n! Stadt !! Land\n|-\n| Rom || Italien\n|-\n| Bern || Schweiz\n|}'
    lines = [" ".join(line.split()) for line in shown(tmp_path, table).split("\n") if line.strip()]
    assert lines == ["Stadt Land", "Rom Italien", "Bern Schweiz"]


def test_markup_that_nests_without_end_is_read(tmp_path):
    assert isinstance(shown(tmp_path, "x" + "[[" * 2_000 + "{{" * 2_000), str)


def test_page_that_is_too_long_is_its_error(tmp_path):
    pytest.importorskip("mwparserfromhell")
    content = HEAD + page("A", "x" * 50_000) + page("B", "short") + "</mediawiki>"
    found, errors = read(write(tmp_path / "a.xml", content), max_characters=1_000)
    assert ([d.id for d in found], [e.reason for e in errors]) == (["B"], ["too large"])


def test_memory_of_a_dump_stays_flat(tmp_path):
    pytest.importorskip("mwparserfromhell")
    path = tmp_path / "a.xml"
    with path.open("w") as file:
        file.write(HEAD)
        for number in range(2_000):
            file.write(page(f"Seite {number}", "Wort " * 1_000))
        file.write("</mediawiki>")
    reading = read_documents([path])
    for _ in range(100):
        next(reading)
    tracemalloc.start()
    try:
        assert sum(1 for _ in reading) == 1_900
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


# --- PubMed -------------------------------------------------------------------------------------

ARTICLE = """<PubmedArticle><MedlineCitation><PMID Version="1">31452104</PMID>
<Article><Journal><JournalIssue><PubDate><Year>2019</Year><Month>Aug</Month><Day>2</Day></PubDate>
</JournalIssue><Title>Nature</Title></Journal>
<ArticleTitle>Growth of <i>E. coli</i> at 37 &lt; 40 degrees.</ArticleTitle>
<Abstract><AbstractText Label="BACKGROUND">It
grows.</AbstractText><AbstractText Label="RESULTS">CO<sub>2</sub> rose.</AbstractText></Abstract>
<AuthorList><Author><LastName>Curie</LastName><ForeName>Marie</ForeName></Author>
<Author><CollectiveName>The Group</CollectiveName></Author></AuthorList></Article>
<MeshHeadingList><MeshHeading><DescriptorName>Humans</DescriptorName></MeshHeading>
</MeshHeadingList><KeywordList><Keyword>growth</Keyword></KeywordList></MedlineCitation>
<PubmedData><ReferenceList><Reference><ArticleIdList><ArticleId>1</ArticleId></ArticleIdList>
</Reference></ReferenceList></PubmedData></PubmedArticle>"""
DOCTYPE = (
    '<?xml version="1.0"?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_190101.dtd">'
)


def test_articles_of_pubmed(tmp_path):
    path = write(
        tmp_path / "a.xml",
        f"{DOCTYPE}<PubmedArticleSet>{ARTICLE}<PubmedArticle><MedlineCitation><PMID>2</PMID>"
        "<Article><Journal><JournalIssue><PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate>"
        "</PubDate></JournalIssue></Journal><ArticleTitle>Title alone.</ArticleTitle></Article>"
        "</MedlineCitation></PubmedArticle><PubmedArticle><MedlineCitation><PMID>3</PMID>"
        "</MedlineCitation></PubmedArticle></PubmedArticleSet>",
    )
    found, errors = read(path)
    assert found == [
        Document(
            id="31452104",
            text="Growth of E. coli at 37 < 40 degrees.\n\nBACKGROUND: It grows.\n\n"
            "RESULTS: CO2 rose.",
            fields={
                "pmid": "31452104",
                "title": "Growth of E. coli at 37 < 40 degrees.",
                "journal": "Nature",
                "date": "2019-08-02",
                "authors": ("Marie Curie", "The Group"),
                "keywords": ("growth",),
                "mesh": ("Humans",),
            },
        ),
        Document(
            id="2",
            text="Title alone.",
            fields={"pmid": "2", "title": "Title alone.", "date": "1998"},
        ),
    ]
    assert [(str(e), e.reason) for e in errors] == [
        (f"{path}:3: holds no text; leave it out", "no text")
    ]
    assert [dict(d.fields) for d in read(path, kept=("journal",))[0]] == [{"journal": "Nature"}, {}]


# --- other XML, and worse -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message", "reason"),
    [
        ("<html><body/></html>", "whose root is <html>; known are <mediawiki>", "unusable"),
        ("not xml", "cannot be read (syntax error", "damaged"),
        ("<mediawiki>", "cannot be read (no element found", "damaged"),
        (
            '<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;">]><PubmedArticleSet>&y;',
            "declares the entity 'x'",
            "unusable",
        ),
        (
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><PubmedArticleSet>&x;',
            "declares the entity 'x'",
            "unusable",
        ),
        ("<PubmedArticleSet>" + "<a>" * 5_000, "elements nest more than 100 deep", "unusable"),
    ],
)
def test_xml_that_is_refused(tmp_path, content, message, reason):
    found, errors = read(write(tmp_path / "a.xml", content))
    assert (found, [error.reason for error in errors]) == ([], [reason])
    assert message in str(errors[0])


def test_truncated_file_gives_what_is_whole(tmp_path):
    content = f"<PubmedArticleSet>{ARTICLE}{ARTICLE[:300]}"
    found, errors = read(write(tmp_path / "a.xml", content))
    assert ([d.id for d in found], [e.reason for e in errors]) == (["31452104"], ["damaged"])


def test_single_tag_is_bounded(tmp_path):
    content = f'<PubmedArticleSet><a b="{"x" * (40 << 20)}"/></PubmedArticleSet>'
    _, errors = read(write(tmp_path / "a.xml", content))
    assert "a single tag takes more than 16 MiB" in str(errors[0])


def test_millions_of_elements_are_not_held(tmp_path):
    content = f"<PubmedArticleSet><PubmedArticle>{'<a/>' * 200_000}</PubmedArticle>{ARTICLE}"
    found, errors = read(
        write(tmp_path / "a.xml", content + "</PubmedArticleSet>"), max_characters=10_000
    )
    assert ([d.id for d in found], [e.reason for e in errors]) == (["31452104"], ["too large"])
