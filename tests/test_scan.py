import json
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock

from index_toys import in_one_sentence
from ner_retriever.documents import Span
from ner_retriever.errors import QueryError, StoreError
from ner_retriever.index import fragments, threads
from ner_retriever.index import scan as scan_module
from ner_retriever.index import view as view_module
from ner_retriever.index.checksums import FileChecksum
from ner_retriever.index.contexts import Contexts
from ner_retriever.index.dot_products import Int8Vectors
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.row_checks import check_rows
from ner_retriever.index.scan import DOCUMENT, MENTION, Scan, document_key
from ner_retriever.index.store import Store
from ner_retriever.index.view import open_scan
from ner_retriever.index.view_files import PLAIN_FILES, load_view
from ner_retriever.search.ranking import search


def record(identifier, *vectors, text="some text"):
    dimensions = len(vectors[0]) if vectors else 2
    return Record(
        id=identifier,
        text=text,
        digest=digest_of(text, None),
        run=1,
        spans=tuple(Span(place, place + 2, 0.25) for place in range(len(vectors))),
        vectors=np.array(vectors, np.float16).reshape(-1, dimensions),
        **in_one_sentence(len(vectors)),
    )


def in_run_7(text, *spans):
    """A document whose mentions all point east."""
    vectors = np.array([EAST] * len(spans), np.float16)
    digest = digest_of(text, None)
    return Record(
        id="x",
        text=text,
        digest=digest,
        run=7,
        spans=spans,
        vectors=vectors,
        **in_one_sentence(len(spans)),
    )


EAST, NORTH, WEST, NORTHEAST = (1, 0), (0, 1), (-1, 0), (0.6, 0.8)


@pytest.fixture
def store(tmp_path):
    return Store.create(tmp_path, 2)


@pytest.fixture
def filled(store):
    store.write([record("none-first"), record("a", EAST, NORTH), record("none")], replace=False)
    store.write([record("b", NORTHEAST), record("none-last")], replace=False)
    return store


def test_mentions_of_each_document(filled, tmp_path):
    scan = open_scan(tmp_path, filled)
    assert scan.document_first.tolist() == [0, 0, 2, 2, 3, 3]
    assert scan.mentions["start"].tolist() == [0, 1, 0]
    assert scan.mentions["end"].tolist() == [2, 3, 2]
    assert scan.mentions["detection_score"].tolist() == [0.25] * 3
    np.testing.assert_allclose(scan.vectors, [EAST, NORTH, NORTHEAST], atol=5e-4)


def test_the_sentence_of_each_mention_and_the_run_of_each_document(store, tmp_path):
    text = "Ada met Bo. Cy left.\nDi"
    spans = [Span(12, 14), Span(0, 3), Span(8, 10), Span(21, 23)]
    parted = {"sentences": np.array([1, 0, 0, 2], np.int32), "contexts": np.empty((3, 0), "f2")}
    store.write(
        [record("none"), replace(in_run_7(text, *spans), **parted), record("y", EAST, NORTH)],
        replace=False,
    )
    scan = open_scan(tmp_path, store)
    assert scan.mentions["sentence"].tolist() == [1, 0, 0, 2, 3, 3]
    assert scan.owners.tolist() == [1, 1, 1, 1, 2, 2]
    assert scan.documents["run"].tolist() == [1, 7, 1]
    assert scan.documents["key"].tolist() == [document_key(name) for name in ("none", "x", "y")]


def test_best_mention_of_each_document(filled, tmp_path):
    scan = open_scan(tmp_path, filled)
    scores = scan.scores(np.array([0.0, 3.0], np.float32))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, [0, 1, 0.8], atol=5e-4)
    none = -np.inf
    np.testing.assert_allclose(scan.best(scores), [none, 1, none, 0.8, none], atol=5e-4)


def test_sentences_have_their_vectors_in_the_view(tmp_path):
    store = Store.create(tmp_path, 2, 3)
    assert store.context_dimensions == 3
    around = np.array([[0, 0.6, 0], [0.6, 0, 0]], np.float16)
    one = replace(
        record("a", (0, 0.8), (0.8, 0), (0.8, 0)),
        sentences=np.array([1, 0, 1], np.int32),
        contexts=around,
    )
    none = replace(record("none"), contexts=np.empty((0, 3), np.float16))
    other = replace(record("b", (0, 0.8)), contexts=np.array([[0, 0, -0.6]], np.float16))
    store.write([one, none, other], replace=False)
    for int8 in (False, True):
        scan = open_scan(tmp_path, store, int8=int8)
        assert scan.mentions["sentence"].tolist() == [1, 0, 1, 2]
        np.testing.assert_array_equal(scan.contexts.vectors, [*around, [0, 0, np.float16(-0.6)]])
        expected = [0.36 / 0.6, 0, 0.36 / 0.6, 0]
        query = np.array([0, 0, 1, 0, 0])
        np.testing.assert_allclose(scan.scores(query), expected, atol=5e-3)
        (found,) = scan.scores_of(query, np.array([2]))
        np.testing.assert_allclose(found, [0], atol=5e-3)
    assert check_rows(store, lambda *_: None) == 4


@pytest.mark.parametrize(
    ("sentences", "contexts"),
    [
        ([0, 2], [[0, 0.6, 0], [0.6, 0, 0]]),
        ([0, -1], [[0, 0.6, 0], [0.6, 0, 0]]),
        ([0], [[0, 0.6, 0]]),
        ([0, 0], [[0, 0.6]]),
        ([0, 1], [[0, 0.6, 0], [0.9, 0, 0]]),
        ([0, 1], [[0, 0.6, 0], [np.nan, 0, 0]]),
    ],
)
def test_sentences_that_do_not_fit_are_refused(tmp_path, sentences, contexts):
    store = Store.create(tmp_path, 2, 3)
    wrong = replace(
        record("w", (0, 0.8), (0.8, 0)),
        sentences=np.array(sentences, np.int32),
        contexts=np.array(contexts, np.float16),
    )
    with pytest.raises(StoreError, match="document 'w'"):
        store.write([wrong], replace=False)
    assert store.count() == 0


def test_several_queries_at_once(filled, tmp_path):
    scan = open_scan(tmp_path, filled)
    scores = scan.scores(np.array([EAST, WEST]))
    np.testing.assert_allclose(scores, [[1, 0, 0.6], [-1, 0, -0.6]], atol=5e-4)
    best = scan.best(scores)
    np.testing.assert_allclose(best[:, [1, 3]], [[1, 0.6], [0, -0.6]], atol=5e-4)
    assert np.isneginf(best[:, [0, 2, 4]]).all()
    np.testing.assert_array_equal(scan.scores(np.array(EAST)), scores[0])


def test_an_empty_store(store, tmp_path):
    scan = open_scan(tmp_path, store)
    scores = scan.scores(np.array(EAST))
    assert scores.shape == scan.best(scores).shape == (0,)
    assert scan.scores(np.array([EAST, EAST])).shape == (2, 0)


def test_only_documents_without_mentions(store, tmp_path):
    store.write([record("a"), record("b")], replace=False)
    scan = open_scan(tmp_path, store)
    assert scan.best(scan.scores(np.array(EAST))).tolist() == [-np.inf, -np.inf]


def test_scores_are_cosines(tmp_path, monkeypatch):
    monkeypatch.setattr(scan_module, "_BLOCK_ROWS", 7)
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((30, 48))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store = Store.create(tmp_path, 48)
    store.write([record(str(row), vector) for row, vector in enumerate(vectors)], replace=False)
    scan = open_scan(tmp_path, store)
    queries = np.concatenate([generator.standard_normal((3, 48)) * 50, vectors[:2], -vectors[:2]])
    expected = queries @ vectors.T / np.linalg.norm(queries, axis=1, keepdims=True)
    scores = scan.scores(queries.astype(np.float32))
    np.testing.assert_allclose(scores, expected, atol=1e-3)
    assert np.abs(scores).max() <= 1


def crowded(generator, documents, dimensions=16):
    """A scan of documents with 0 to 20 mentions, many of them equal."""
    counts = generator.integers(0, 4, documents) * generator.integers(0, 7, documents)
    kinds = generator.standard_normal((30, dimensions))
    kinds /= np.linalg.norm(kinds, axis=1, keepdims=True)
    mentions = np.zeros(int(counts.sum()), MENTION)
    mentions["detection_score"] = generator.random(len(mentions))
    return Scan(
        state="made",
        vectors=kinds[generator.integers(0, 30, len(mentions))].astype(np.float16),
        mentions=mentions,
        document_first=np.cumsum([0, *counts]),
        documents=np.zeros(documents, DOCUMENT),
    )


def in_context(generator, scan, dimensions=8):
    """The same scan with mentions in sentences that have vectors."""
    counts = np.diff(scan.document_first)
    # One or two sentences a document, its mentions in them in any order.
    second = generator.integers(0, 2, len(scan.mentions))
    _, sentences = np.unique(2 * scan.owners + second, return_inverse=True)
    mentions = scan.mentions.copy()
    mentions["sentence"] = sentences
    vectors = generator.standard_normal((int(sentences.max()) + 1, dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert counts.sum() == len(sentences)
    return replace(
        scan,
        vectors=(scan.vectors * np.float32(0.8)).astype(np.float16),
        mentions=mentions,
        contexts=Contexts((0.6 * vectors).astype(np.float16)),
    )


def as_int8(scan):
    def small(vectors):
        scale = Int8Vectors.scale_of(float(np.abs(vectors).max()))
        return Int8Vectors(Int8Vectors.quantise(vectors, scale), scale)

    contexts = scan.contexts
    if contexts is not None:
        contexts = replace(contexts, int8=small(contexts.vectors))
    return replace(scan, contexts=contexts, int8=small(scan.vectors))


@pytest.mark.parametrize("queries", [1, 3, 4, 9])
def test_a_score_is_the_mentions_cosine_and_its_sentences(queries):
    generator = np.random.default_rng(queries)
    scan = in_context(generator, crowded(generator, 200))
    assert scan.dimensions == 24
    asked = generator.standard_normal((queries, 24))
    every = np.arange(len(scan.mentions))
    joined = scan.joined(every)
    np.testing.assert_allclose(np.linalg.norm(joined, axis=1), 1, atol=2e-3)
    units = asked / np.linalg.norm(asked, axis=1, keepdims=True)
    scores = scan.scores(asked)
    np.testing.assert_allclose(scores, units @ joined.T, atol=1e-3)
    np.testing.assert_allclose(as_int8(scan).scores(asked), scores, atol=0.03)
    rows = np.flatnonzero(generator.integers(0, 2, len(every)))
    np.testing.assert_array_equal(scan.of_mentions(rows).scores(asked), scores[:, rows])
    with pytest.raises(QueryError, match="must have 24 numbers"):
        scan.scores(asked[:, :16])


@pytest.mark.parametrize("block", [1, 7, 64, 100_000])
@pytest.mark.parametrize("queries", [1, 3, 4, 9])
def test_one_pass_finds_what_all_scores_hold(monkeypatch, block, queries):
    monkeypatch.setattr(scan_module, "_BLOCK_ROWS", block)
    generator = np.random.default_rng(queries)
    plain = crowded(generator, 200)
    around = in_context(generator, plain)
    for one in (plain, plain.detected(0.5), around, as_int8(around).detected(0.5)):
        asked = generator.standard_normal((queries, one.dimensions))
        expected = one.best(one.scores(asked))
        np.testing.assert_array_equal(one.best_scores(asked), expected)
        np.testing.assert_array_equal(one.best_scores(asked[0]), expected[0])


@pytest.mark.parametrize("queries", [1, 5])
def test_int8_finds_the_same_in_one_pass_as_in_all_scores(monkeypatch, queries):
    monkeypatch.setattr(scan_module, "_BLOCK_ROWS", 64)
    generator = np.random.default_rng(queries)
    plain = crowded(generator, 200)
    scan = as_int8(plain).detected(0.2)
    asked = generator.standard_normal((queries, 16))
    scores = scan.scores(asked)
    np.testing.assert_array_equal(scan.best_scores(asked), scan.best(scores))
    rows = np.array([5, 199, 0])
    for row, found in zip(rows, scan.scores_of(asked[0], rows), strict=True):
        first, last = scan.document_first[row : row + 2]
        np.testing.assert_array_equal(found, scores[0, first:last])
    counted = scan.counted
    np.testing.assert_allclose(scores[:, counted], plain.scores(asked)[:, counted], atol=0.02)


def test_a_view_in_int8_stands_beside_the_other(filled, tmp_path, monkeypatch):
    plain = open_scan(tmp_path, filled)
    scan = open_scan(tmp_path, filled, int8=True)
    assert plain.int8 is None
    assert scan.int8.numbers.tolist() == [[127, 0], [0, 127], [76, 102]]
    assert scan.int8.scale == pytest.approx(1 / 127)
    np.testing.assert_allclose(scan.scores(np.array(EAST)), [1, 0, 0.6], atol=5e-3)
    monkeypatch.setattr(view_module, "build_view", None)
    monkeypatch.setattr(view_module, "add_int8", None)
    assert open_scan(tmp_path, filled).int8 is None
    assert open_scan(tmp_path, filled, int8=True).int8 is not None


@pytest.mark.parametrize("name", ["vectors.i8", "vectors.i8.json"])
@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"scale": -1.0}', b'{"scale": NaN}', None]
)
def test_int8_that_is_not_whole_is_made_again(filled, tmp_path, monkeypatch, name, content):
    view = tmp_path / "scan" / open_scan(tmp_path, filled, int8=True).state
    whole = contents(view)
    if content is None:
        (view / name).unlink()
    else:
        (view / name).write_bytes(content)
    monkeypatch.setattr(view_module, "build_view", None)
    open_scan(tmp_path, filled, int8=True)
    assert contents(view) == whole


def contents(view):
    """What the files of a view hold; its record also holds the times of their last change."""
    return {file.name: file.read_bytes() for file in view.iterdir() if file.name != "view.json"}


def test_int8_of_no_mention(store, tmp_path):
    store.write([record("none")], replace=False)
    scan = open_scan(tmp_path, store, int8=True)
    assert scan.best_scores(np.array(EAST)).tolist() == [-np.inf]


def test_threads_find_the_same(monkeypatch):
    generator = np.random.default_rng(5)
    scan = crowded(generator, 500)
    asked = generator.standard_normal((2, 16))
    expected = scan.best_scores(asked)
    monkeypatch.setattr(scan_module, "_BLOCK_ROWS", 50)
    monkeypatch.setattr(threads, "_ROWS_A_THREAD", 100)
    monkeypatch.setattr(threads, "_processors", lambda: 3)
    np.testing.assert_array_equal(scan.best_scores(asked), expected)


def test_scores_of_a_few_documents():
    generator = np.random.default_rng(6)
    scan = crowded(generator, 60).detected(0.3)
    query = generator.standard_normal(16)
    every = scan.scores(query)
    rows = np.array([59, 0, 17, 17, 3])
    for row, found in zip(rows, scan.scores_of(query, rows), strict=True):
        first, last = scan.document_first[row : row + 2]
        np.testing.assert_array_equal(found, every[first:last])
    assert scan.scores_of(query, rows[:0]) == []


def test_mentions_that_are_not_detected_surely_enough_do_not_count(store, tmp_path):
    spans = (Span(0, 1, 0.9), Span(1, 2, 0.5), Span(2, 3, 0.1))
    store.write([in_run_7("abc", *spans), record("none")], replace=False)
    scan = open_scan(tmp_path, store).detected(0.5)
    assert scan.scores(np.array(EAST)).tolist() == [1, 1, -np.inf]
    assert scan.mentions_counted == 2
    assert scan.detected(0.91).best_scores(np.array(EAST)).tolist() == [-np.inf, -np.inf]


@pytest.mark.parametrize(
    "query", [[0, 0], [np.nan, 1], [np.inf, 0], [1, 0, 0], [[[1, 0]]], 1.0, [[1, 0], [0, 0]]]
)
def test_queries_without_a_direction(filled, tmp_path, query):
    with pytest.raises(QueryError, match="a query vector"):
        open_scan(tmp_path, filled).scores(np.array(query))


def test_a_fresh_view_is_not_built_again(filled, tmp_path, monkeypatch):
    open_scan(tmp_path, filled)
    monkeypatch.setattr(view_module, "build_view", None)
    assert len(open_scan(tmp_path, Store.open(tmp_path)).mentions) == 3


def test_a_stale_view_is_replaced(filled, tmp_path):
    old = open_scan(tmp_path, filled)
    Store.open(tmp_path).write([record("c", WEST)], replace=False)
    assert len(open_scan(tmp_path, filled).mentions) == 3
    filled.refresh()
    new = open_scan(tmp_path, filled)
    assert new.state == filled.state != old.state
    assert len(new.mentions) == 4
    assert [entry.name for entry in (tmp_path / "scan").iterdir() if entry.is_dir()] == [new.state]
    np.testing.assert_allclose(old.scores(np.array(EAST)), [1, 0, 0.6], atol=5e-4)


@pytest.mark.parametrize(
    "name", ["vectors.f16", "mentions.bin", "document_first.i64", "documents.bin", "view.json"]
)
def test_views_that_are_not_whole_are_built_again(filled, tmp_path, name):
    view = tmp_path / "scan" / open_scan(tmp_path, filled).state
    (tmp_path / "scan" / "partial").mkdir()
    whole, file = contents(view), view / name
    content = file.read_bytes()
    flipped = content[:-2] + bytes([content[-2] ^ 4]) + content[-1:]
    for damaged in (content[:-1], content + b"0", flipped, bytes(len(content)), b"", None):
        if damaged is None:
            file.unlink()
        else:
            file.write_bytes(damaged)
        open_scan(tmp_path, filled)
        assert contents(view) == whole


def test_a_view_without_checksums_is_built_again(filled, tmp_path):
    view = tmp_path / "scan" / open_scan(tmp_path, filled).state
    whole = contents(view)
    # As earlier versions wrote it.
    (view / "view.json").write_text('{"documents": 5, "mentions": 3, "dimensions": 2}')
    (view / "vectors.f16").write_bytes(bytes(12))
    open_scan(tmp_path, filled)
    assert contents(view) == whole


def test_a_file_is_hashed_only_after_it_changed(filled, tmp_path, monkeypatch):
    open_scan(tmp_path, filled)
    hashed = []

    def counted(file):
        hashed.append(file.name)
        return of(file)

    of = FileChecksum.of
    monkeypatch.setattr(FileChecksum, "of", counted)
    open_scan(tmp_path, filled)
    assert hashed == []
    shutil.copytree(tmp_path / "scan", tmp_path / "copy")
    for _ in range(2):
        load_view(tmp_path / "copy", filled.state)
    assert hashed == list(PLAIN_FILES)


@pytest.mark.parametrize("days", [8, -1])
def test_bits_that_nobody_wrote_to_are_noticed_after_a_week(filled, tmp_path, monkeypatch, days):
    view = tmp_path / "scan" / open_scan(tmp_path, filled, int8=True).state
    whole = contents(view)
    for name in ("vectors.f16", "vectors.i8"):
        (view / name).write_bytes(bytes(len(whole[name])))
    monkeypatch.setattr(FileChecksum, "is_untouched", lambda *_: True)
    later = time.time() + days * 24 * 3600
    monkeypatch.setattr("ner_retriever.index.view_files.time.time", lambda: later)
    open_scan(tmp_path, filled, int8=True)
    assert contents(view) == whole


def test_damage_of_what_is_not_searched_is_in_nobodys_way(filled, tmp_path, monkeypatch):
    view = tmp_path / "scan" / open_scan(tmp_path, filled, int8=True).state
    whole = contents(view)
    (view / "vectors.i8").write_bytes(b"")
    monkeypatch.setattr(view_module, "build_view", None)
    later = time.time() + 8 * 24 * 3600
    monkeypatch.setattr("ner_retriever.index.view_files.time.time", lambda: later)
    assert open_scan(tmp_path, filled).int8 is None
    open_scan(tmp_path, filled, int8=True)
    assert contents(view) == whole


def test_a_store_that_is_damaged_makes_no_view(filled, tmp_path):
    (file, *_) = (tmp_path / "store.lance" / "data").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    with pytest.raises(StoreError, match=r"is damaged: its content does not match its checksum"):
        open_scan(tmp_path, filled)
    file.write_bytes(content)
    assert len(open_scan(tmp_path, filled).mentions) == 3


def test_a_mention_outside_its_text_makes_no_view(store, tmp_path):
    store.write([in_run_7("abc", Span(1, 9))], replace=False)
    with pytest.raises(StoreError, match="a mention that does not lie in its text"):
        open_scan(tmp_path, store)


def test_a_build_that_fails_leaves_no_view(filled, tmp_path, monkeypatch):
    def failing(columns):
        yield from batches(columns)
        raise StoreError("damaged")

    batches = filled.batches
    monkeypatch.setattr(filled, "batches", failing)
    with pytest.raises(StoreError, match="damaged"):
        open_scan(tmp_path, filled)
    monkeypatch.undo()
    assert not (tmp_path / "scan" / filled.state).exists()
    assert len(open_scan(tmp_path, filled).mentions) == 3


def test_temporary_files_serve_where_the_index_cannot_be_written(filled, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (tmp_path / "scan").write_text("in the way")
    scan = open_scan(tmp_path, filled)
    np.testing.assert_allclose(scan.scores(np.array(NORTH)), [0, 1, 0.8], atol=5e-4)
    assert list(temporary.iterdir()) == []


def test_no_room_anywhere(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    (tmp_path / "scan").write_text("in the way")
    with pytest.raises(StoreError, match="set TMPDIR"):
        open_scan(tmp_path, filled)


def test_one_process_builds_while_others_wait(filled, tmp_path, monkeypatch):
    built = open_scan(tmp_path, filled)
    view = tmp_path / "scan" / built.state
    view.rename(tmp_path / "elsewhere")

    class Waiting(FileLock):
        def acquire(self, *arguments, **options):
            (tmp_path / "elsewhere").rename(view)
            return super().acquire(*arguments, **options)

    monkeypatch.setattr(view_module, "FileLock", Waiting)
    monkeypatch.setattr(view_module, "build_view", None)
    assert len(open_scan(tmp_path, filled).mentions) == 3


def test_increments_equal_a_rebuild(tmp_path, monkeypatch):
    monkeypatch.setattr(fragments, "_SMALL_FRAGMENTS", 5)
    monkeypatch.setattr(fragments, "_FRAGMENT_ROWS", 20)
    generator = np.random.default_rng(3)
    store = Store.create(tmp_path / "grown", 2)
    documents = {}
    for step in range(25):
        names = generator.choice(40, size=3, replace=False)
        angles = [generator.uniform(0, 6.28, generator.integers(0, 4)) for _ in names]
        changed = [
            record(
                str(name), *((np.cos(angle), np.sin(angle)) for angle in turn), text=f"text {step}"
            )
            for name, turn in zip(names, angles, strict=True)
        ]
        store.write(changed, replace=True)
        documents |= {one.id: one for one in changed}
        if step % 4 == 3:
            gone = sorted(documents)[:2]
            assert store.delete(gone) == 2
            documents = {name: one for name, one in documents.items() if name not in gone}
        store.compact()
        if step == 15:
            store.purge()
    fresh = Store.create(tmp_path / "fresh", 2)
    fresh.write(list(documents.values()), replace=False)
    assert hits(tmp_path / "grown", store) == hits(tmp_path / "fresh", fresh)
    assert store.mention_count() == sum(len(one.spans) for one in documents.values())


def hits(path, store):
    results = search(
        open_scan(path, store), store, np.array([0.6, 0.8]), query="q", limit=None, min_score=None
    )
    return {hit.id: hit for hit in results}


def test_a_view_says_how_large_it_is(filled, tmp_path):
    view = tmp_path / "scan" / open_scan(tmp_path, filled).state
    record = json.loads((view / "view.json").read_text())
    assert (record["documents"], record["mentions"], record["dimensions"]) == (5, 3, 2)
    assert {name: file["bytes"] for name, file in record["files"].items()} == {
        "vectors.f16": 12,
        "contexts.f16": 0,
        "mentions.bin": 60,
        "document_first.i64": 48,
        "documents.bin": 120,
    }
