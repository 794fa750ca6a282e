"""Web pages and Markdown: main content, all that shows, encodings, front matter."""

from pathlib import Path

import pytest

import document_files as made
from ner_retriever.text.parsing.blocks import Blocks
from ner_retriever.text.parsing.visible_text import add_visible
from parsing_helpers import read_error, read_one

pytest.importorskip("trafilatura")


def test_a_page_without_its_menu(tmp_path: Path) -> None:
    document = read_one(tmp_path / "a.html", made.html())
    assert "Privacy" not in document.text
    assert "never" not in document.text
    assert document.fields["url"] == "https://gazette.example/courts"
    assert document.fields["sitename"] == "The Gazette"


def test_all_that_shows_where_there_is_no_main_content(tmp_path: Path) -> None:
    page = "<div>Menu</div><ol start=3><li>a<li>b</ol><p>x<br>y <b>z</b>&amp;<style>no</style>"
    text = read_one(tmp_path / "a.html", page.encode()).text
    assert text == "Menu\n\n3. a\n4. b\n\nx\ny z&"
    titled = read_one(tmp_path / "c.html", b"<title>T</title><meta name=author content='A B'>x")
    assert (titled.text, titled.fields) == ("x", {"title": "T", "author": "A B"})
    assert read_error(tmp_path / "b.html", b"<script>x</script>").reason == "no text"


def test_pages_that_lay_out_with_tables_or_close_nothing() -> None:
    def shown(page: str) -> str:
        blocks = Blocks()
        add_visible(page, blocks)
        return blocks.text

    assert shown("<head><title>t</title><p>a<p>b<div>c") == "a\n\nb\n\nc"
    assert shown("<head><script>x</head><body>y</script>z") == "z"
    assert shown("<table><tr><td>a<table><tr><td>b<td>c</table><td>d</table>e") == (
        "a\n\nb\tc\n\nd\n\ne"
    )
    long = "word " * 60
    assert shown(f"<table><tr><td><p>{long}<p>{long}<td>x</table>").count("\n\n") == 2
    assert shown("<pre>a\n  b</pre><ul><li>c<ul><li>d</ul><li>e</ul>") == (
        "a\n  b\n\n- c\n  - d\n- e"
    )
    assert shown("</td></ul></pre></table></script>a &lt; b &#xd800;") == "a < b \ufffd"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("utf-8", "utf-8"),
        ("windows-1251", "windows-1251"),
        ("utf-16", "utf-8"),
        ("utf-8", "utf-16"),
        ("nosuch", "utf-8"),
        ("us-ascii", "utf-8"),
    ],
)
def test_encodings_of_pages(tmp_path: Path, said: str, written: str) -> None:
    page = f'<html><head><meta charset="{said}"></head><body><p>Москва</p></body></html>'
    assert read_one(tmp_path / "a.html", page.encode(written)).text == "Москва"
    latin = '<meta charset="iso-8859-1"><p>“Åse”</p>'.encode("cp1252")
    assert read_one(tmp_path / "b.html", latin).text == "“Åse”"


def test_markdown_is_left_as_it_is(tmp_path: Path) -> None:
    text = "# Courts\r\n\r\n* of *Oslo*\r\n"
    assert read_one(tmp_path / "a.md", text.encode()).text == text
    front = "---\ntitle: 'X: Y'\ndate: 2024-01-31\ntags: [a, 1]\nsite: {lang: en}\n---\n\n"
    document = read_one(tmp_path / "a.markdown", f"\ufeff{front}{text}".encode())
    assert document.text == text
    assert document.fields == {
        "title": "X: Y",
        "date": "2024-01-31",
        "tags": ("a", "1"),
        "site.lang": "en",
    }


@pytest.mark.parametrize(
    "front", ["---\nno mapping\n---\n", "---\na: &x [b]\nc: *x\n---\n", "---\nnever closed: 1\n"]
)
def test_what_only_looks_like_front_matter_is_text(tmp_path: Path, front: str) -> None:
    document = read_one(tmp_path / "a.md", f"{front}text".encode())
    assert (document.text, document.fields) == (f"{front}text", {})


def test_markdown_in_another_encoding(tmp_path: Path) -> None:
    assert read_one(tmp_path / "a.md", "Åse".encode("cp1252"), encoding="cp1252").text == "Åse"
    assert "not UTF-8" in str(read_error(tmp_path / "a.md", "Åse".encode("cp1252")))
