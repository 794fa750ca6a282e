"""Training texts from inline marks and lists of names, and what must not be among them."""

import json
from pathlib import Path

import pytest

from ner_retriever.documents import Span
from ner_retriever.errors import DocumentError
from ner_retriever.text.gold.inline import parse_marked, read_marked
from ner_retriever.training.lists import read_name_lists
from ner_retriever.training.typed_mentions import TypedText, without


def test_inline_marks() -> None:
    marked = parse_marked("the [[jaguar|big cat; animal]] of [[Belize|country]].", "f:1")
    assert marked.text == "the jaguar of Belize."
    assert marked.spans == (Span(4, 10), Span(14, 20))
    assert marked.types == (("big cat", "animal"), ("country",))


@pytest.mark.parametrize("line", ["[[a|b", "a]] b", "[[a]]", "[[a| ; ]]"])
def test_marks_that_do_not_fit_are_told(line: str) -> None:
    with pytest.raises(DocumentError, match=r"f:3: marks are"):
        parse_marked(line, "f:3")


def test_a_folder_of_marked_texts(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("[[Rome|city]]\n\nno mention\n")
    assert [name for name, _ in read_marked(tmp_path)] == ["sub/a:1", "sub/a:3"]
    with pytest.raises(DocumentError, match=r"no \.txt file"):
        list(read_marked(tmp_path / "other"))


def test_names_become_texts(tmp_path: Path) -> None:
    file = tmp_path / "lists.jsonl"
    names = [f"Tuber{letter}" for letter in "abcdefgh"]
    file.write_text(json.dumps({"source": "s", "types": ["root crop", "plant"], "names": names}))
    texts, held_out = read_name_lists(file, held_out=["A tubera, boiled."], seed=0)
    assert held_out == 1
    assert len(texts) == 7
    for text in texts:
        assert text.spans
        surfaces = [text.text[span.start : span.end].lower() for span in text.spans]
        assert set(surfaces) <= {name.lower() for name in names[1:]}
        assert set(text.types) == {("root crop", "plant")}
        assert "{" not in text.text
    assert read_name_lists(file, held_out=["A tubera, boiled."], seed=0)[0] == texts


def test_a_text_that_shares_a_sentence_is_left_out() -> None:
    shared = "The quick brown fox jumps over the lazy dog by the river."
    texts = [
        TypedText(str(number), "s", text, (), ())
        for number, text in enumerate(
            [f"Once. {shared} Then it slept.", "The fox jumps.", shared.upper(), "It slept. Then."]
        )
    ]
    kept = without(texts, [f"{shared} And more of it.", "the FOX, jumps"])
    assert [text.id for text in kept] == ["3"]
