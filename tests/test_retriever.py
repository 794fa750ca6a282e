"""The whole way, from texts to hits, with a tiny random model."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ner_retriever
from ner_retriever import Document, Retriever, Span
from ner_retriever.errors import (
    ConfigError,
    DocumentError,
    FingerprintMismatch,
    IndexNotFound,
    QueryError,
    StoreError,
)
from ner_retriever.index.manifest import read_manifest, write_manifest
from ner_retriever.search.query import Example, Query

TEXTS = {
    "a": "Sue the Tyrannosaurus stands in Chicago.",
    "b": "The Louvre is in Paris.",
    "c": "nothing to see here",
    "d": "Ein Stegosaurus 🦕 und ein Brontosaurus im Café.",
}
SPANS = {
    "a": (Span(8, 21), Span(32, 39)),
    "b": (Span(4, 10), Span(17, 22)),
    "c": (),
    "d": (Span(4, 15), Span(26, 38), Span(42, 46)),
}


def documents(*ids: str) -> list[Document]:
    return [Document(identifier, TEXTS[identifier], SPANS[identifier]) for identifier in ids]


@pytest.fixture
def retriever(tmp_path: Path, toy_preset: Path) -> Retriever:
    return Retriever.create(tmp_path / "index", preset=str(toy_preset), detector="spans")


def answer(retriever: Retriever, query: str = "dinosaur") -> list[tuple[str, float]]:
    return [(hit.id, round(hit.score, 3)) for hit in retriever.search(query, limit=None)]


def test_public_names() -> None:
    assert ner_retriever.__all__ == [
        "PRESETS",
        "Document",
        "Hit",
        "Mention",
        "NerRetrieverError",
        "Preset",
        "Retriever",
        "Site",
        "Span",
    ]
    assert all(hasattr(ner_retriever, name) for name in ner_retriever.__all__)


def test_no_model_library_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    script = (
        "import sys; from ner_retriever import Retriever, Document; import ner_retriever.cli;"
        "print([m for m in ('torch', 'transformers', 'spacy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_hits_carry_offsets_into_the_text_as_given(retriever: Retriever) -> None:
    retriever.add(documents("a", "b", "c", "d"))
    hits = list(retriever.search("dinosaur", limit=None))
    assert sorted(hit.id for hit in hits) == ["a", "b", "d"]
    for hit in hits:
        assert hit.text == TEXTS[hit.id]
        assert hit.score == hit.mentions[0].score
        for mention in hit.mentions:
            assert hit.text[mention.start : mention.end] == mention.text
            assert Span(mention.start, mention.end) in SPANS[hit.id]


def test_scores_are_cosines_of_the_encoders_vectors(retriever: Retriever) -> None:
    retriever.add(documents("a", "b", "d"))
    query = retriever.encoder.queries(["dinosaur"])[0]
    for hit in retriever.search("dinosaur", limit=None, min_score=-1.0):
        vectors = retriever.encoder.mentions([TEXTS[hit.id]], [SPANS[hit.id]])[0]
        expected = sorted((vectors @ query).tolist(), reverse=True)
        np.testing.assert_allclose([m.score for m in hit.mentions], expected, atol=5e-3)


def test_adding_again_changes_only_what_changed(retriever: Retriever) -> None:
    first = retriever.add(documents("a", "b", "c"))
    assert (first.new, first.replaced, first.unchanged, first.mentions) == (3, 0, 0, 4)
    changed = Document("b", "The Prado is in Madrid.", (Span(4, 9),))
    second = retriever.add([*documents("a"), changed, *documents("d")])
    assert (second.new, second.replaced, second.unchanged, second.mentions) == (1, 1, 1, 4)
    texts = {hit.id: hit.text for hit in retriever.search("museum", limit=None)}
    assert texts == {"a": TEXTS["a"], "b": changed.text, "d": TEXTS["d"]}


def test_a_second_run_without_changes_embeds_nothing(tmp_path: Path, toy_preset: Path) -> None:
    path = tmp_path / "index"
    Retriever.create(path, preset=str(toy_preset), detector="spans").add(documents("a", "b"))
    again = Retriever.open(path)
    assert again.add(documents("a", "b")).unchanged == 2
    assert "encoder" not in vars(again)


def test_increments_and_deletes_equal_a_rebuild(
    retriever: Retriever, tmp_path: Path, toy_preset: Path
) -> None:
    retriever.add(documents("a", "c"))
    retriever.add([Document("b", "old text of b", (Span(0, 3),))])
    retriever.add(documents("b", "d"))
    assert retriever.delete(["a", "not there"]) == 1
    rebuilt = Retriever.create(tmp_path / "new", preset=str(toy_preset), detector="spans")
    rebuilt.add(documents("b", "c", "d"))
    assert answer(retriever) == answer(rebuilt)


def test_an_opened_index_answers_as_the_one_that_was_filled(retriever: Retriever) -> None:
    retriever.add(documents("a", "b", "d"))
    assert answer(Retriever.open(retriever.path)) == answer(retriever)


def test_purged_text_is_gone_from_disk(retriever: Retriever) -> None:
    retriever.add(documents("a", "b"))
    retriever.search("dinosaur")
    retriever.delete(["a"], purge=True)
    assert [hit.id for hit in retriever.search("dinosaur")] == ["b"]
    content = b"".join(f.read_bytes() for f in retriever.path.rglob("*") if f.is_file())
    assert b"Louvre" in content
    assert b"Tyrannosaurus" not in content


def test_texts_and_mappings_are_documents_too(tmp_path: Path, toy_preset: Path) -> None:
    retriever = Retriever.create(tmp_path / "i", preset=str(toy_preset), detector="spacy")
    added = retriever.add(["Paris is a city.", {"id": 7, "text": "Rome, too."}, {"text": "Oslo."}])
    assert added.new == 3
    assert retriever.add(["Paris is a city.", {"text": "Oslo."}]).unchanged == 2
    assert "7" in {hit.id for hit in retriever.search("city", limit=None)}


def test_two_documents_of_a_run_with_one_id(retriever: Retriever) -> None:
    with pytest.raises(DocumentError, match="another document of this run has the id 'a'"):
        retriever.add(documents("a", "b", "a"))
    seen: list[DocumentError] = []
    added = retriever.add(documents("a", "b", "a"), on_error=seen.append)
    assert (added.new, len(seen)) == (2, 1)


def test_a_duplicate_is_noticed_across_batches(retriever: Retriever) -> None:
    many = [Document(f"n{number}", f"text {number}", ()) for number in range(300)]
    with pytest.raises(DocumentError, match="'n0'"):
        retriever.add([*many, Document("n0", "another text", ())])


def test_a_document_longer_than_a_window_is_read_whole(retriever: Retriever) -> None:
    text = " ".join(f"Sentence {n} names the city of Rome." for n in range(60))
    places = [n for n in range(len(text)) if text.startswith("Rome", n)]
    retriever.add([Document("long", text, tuple(Span(n, n + 4) for n in places))])
    hit = retriever.search("city", min_score=-1.0)[0]
    assert sorted(mention.start for mention in hit.mentions) == places


def test_long_texts_are_detected_passage_by_passage(tmp_path: Path, toy_preset: Path) -> None:
    retriever = Retriever.create(tmp_path / "i", preset=str(toy_preset), detector="spacy")
    text = "\n".join(f"The year {n} was spent in Stockholm with friends." for n in range(400))
    assert len(text) > 10_000
    retriever.add([Document("long", text)])
    hit = retriever.search("city", min_score=-1.0)[0]
    assert sum(mention.text == "Stockholm" for mention in hit.mentions) == 400


def test_a_query_is_read_in_its_template(tmp_path: Path) -> None:
    from toys import save_tiny_preset

    plain = save_tiny_preset(tmp_path, query_template="{query}", lower_case_queries=True)
    one = Retriever.create(tmp_path / "one", preset=str(plain), detector="spans").encoder
    templated = save_tiny_preset(tmp_path, query_template="it is a {query}")
    two = Retriever.create(tmp_path / "two", preset=str(templated), detector="spans").encoder
    np.testing.assert_array_equal(one.queries([" Big  City "]), one.queries(["big city"]))
    assert not np.allclose(one.queries(["city"]), two.queries(["city"]), atol=1e-3)
    as_mention = one.mentions(["it is a city"], [[Span(8, 12)]])[0]
    np.testing.assert_allclose(two.queries(["city"]), as_mention, atol=1e-6)


@pytest.mark.parametrize("query", ["", "   ", "\n", "…!?"])
def test_an_empty_query_is_refused(retriever: Retriever, query: str) -> None:
    retriever.add(documents("a"))
    with pytest.raises(QueryError, match="holds no word"):
        retriever.search(query)


def test_another_head_site_or_backbone_is_refused(tmp_path: Path, toy_preset: Path) -> None:
    path = tmp_path / "index"
    Retriever.create(path, preset=str(toy_preset), detector="spans").add(documents("a"))
    manifest = read_manifest(path)
    preset = manifest.settings["preset"]
    other = {**preset, "site": {**preset["site"], "block": 2}}
    write_manifest(path, replace(manifest, settings={**manifest.settings, "preset": other}))
    with pytest.raises(FingerprintMismatch, match="site"):
        Retriever.open(path).search("dinosaur")


def test_there_must_be_an_index_to_open_and_none_to_create(
    tmp_path: Path, toy_preset: Path, retriever: Retriever
) -> None:
    with pytest.raises(IndexNotFound, match="no index"):
        Retriever.open(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="there is an index"):
        Retriever.create(retriever.path, preset=str(toy_preset), detector="spans")
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(StoreError, match="not empty and holds no index"):
        Retriever.create(tmp_path, preset=str(toy_preset), replace=True)
    with pytest.raises(ConfigError, match="unknown preset 'big'"):
        Retriever.create(tmp_path / "x", preset="big")
    assert not (tmp_path / "x").exists()


def test_replacing_an_index_starts_over(retriever: Retriever, toy_preset: Path) -> None:
    retriever.add(documents("a", "b"))
    fresh = Retriever.create(retriever.path, preset=str(toy_preset), detector="spans", replace=True)
    fresh.add(documents("d"))
    assert [hit.id for hit in fresh.search("dinosaur")] == ["d"]
    content = b"".join(f.read_bytes() for f in fresh.path.rglob("*") if f.is_file())
    assert b"Louvre" not in content


def test_info_counts(retriever: Retriever) -> None:
    retriever.add(documents("a", "b", "c"))
    info = retriever.info()
    assert (info.documents, info.mentions, info.dimensions) == (3, 4, 32)
    assert info.bytes > 0


def test_a_replacement_that_is_cut_off_changes_nothing_and_can_be_repeated(
    retriever: Retriever, toy_preset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    def replacement() -> Retriever:
        return Retriever.create(
            retriever.path, preset=str(toy_preset), detector="spans", replace=True
        )

    def contents() -> dict[str, bytes]:
        files = [*retriever.path.glob("*.json"), *retriever.path.glob("store.lance/*/*.[alm]*")]
        return {str(file): file.read_bytes() for file in files}

    retriever.add(documents("a"))
    before = contents()
    for step in ("acknowledge", "write_manifest", "to_table"):
        with monkeypatch.context() as patch:
            patch.setattr(f"ner_retriever.index.replacement.{step}", stop)
            with pytest.raises(KeyboardInterrupt):
                replacement().add(documents("b"))
        assert before.items() <= contents().items()
        assert [hit.id for hit in Retriever.open(retriever.path).search("dinosaur")] == ["a"]
    fresh = replacement()
    assert [hit.id for hit in Retriever.open(retriever.path).search("dinosaur")] == ["a"]
    fresh.add(documents("b"))
    for one in (fresh, Retriever.open(retriever.path)):
        assert [hit.id for hit in one.search("dinosaur")] == ["b"]


def test_a_replacement_is_empty_whatever_is_asked_of_it(
    retriever: Retriever, toy_preset: Path
) -> None:
    def replacement() -> Retriever:
        retriever.add(documents("a"))
        return Retriever.create(
            retriever.path, preset=str(toy_preset), detector="spans", replace=True
        )

    assert list(replacement().search("dinosaur")) == []
    assert replacement().info().documents == 0
    assert replacement().delete(["a"]) == 0
    assert replacement().delete(["a"], purge=True) == 0
    replacement().add([])
    assert Retriever.open(retriever.path).info().documents == 0


def test_many_queries_at_once_find_what_each_finds(
    retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner_retriever.searching._QUERIES_A_PASS", 5)
    retriever.add(documents("a", "b", "c", "d"))
    queries = ["dinosaur", "city", Query(describe="city", exclude=("museum",)), "museum", "x", "y"]
    retriever.add([Document("noun", "A city.", (Span(2, 6, name_score=0.1),))])
    queries += [Query(like=(Example(id="b", start=17, end=22),)), "river"]
    queries += [Query(describe="city", names_only=True)]
    for options in ({}, {"limit": 1}, {"cutoff": "auto"}, {"min_detection": 1.0, "limit": None}):
        found = retriever.search_many(queries, **options)
        single = [retriever.search(query, **options) for query in queries]
        assert [list(results) for results in found] == [list(results) for results in single]
        assert [results.query for results in found] == [results.query for results in single]
    assert retriever.search_many([]) == []
    with pytest.raises(QueryError, match="give one of them"):
        retriever.search_many(["x"], min_score=0.1, cutoff="auto")
    with pytest.raises(QueryError, match="least detection score"):
        retriever.search_many(["x"], min_detection=2.0)
