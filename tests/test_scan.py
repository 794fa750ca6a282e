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
from ner_retriever.index.dot_products import quantised
from ner_retriever.index.mentions import DOCUMENT
from ner_retriever.index.parts import MENTION, Part
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.row_checks import check_rows
from ner_retriever.index.scan import Scan, document_key
from ner_retriever.index.segments import write_segment
from ner_retriever.index.store import Store
from ner_retriever.index.view import View, open_scan, segment_name
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


@pytest.fixture(params=["int8", "float16"])
def store(tmp_path, request):
    return Store.create(tmp_path, 2, numbers=request.param)


@pytest.fixture
def filled(store):
    store.write([record("none-first"), record("a", EAST, NORTH), record("none")], replace=False)
    store.write([record("b", NORTHEAST), record("none-last")], replace=False)
    return store


def test_mentions_of_each_document(filled, tmp_path):
    scan = open_scan(tmp_path, filled)
    assert scan.firsts.tolist() == [0, 0, 2, 2, 3]
    assert scan.lasts.tolist() == [0, 2, 2, 3, 3]
    assert scan.column("start").tolist() == [0, 1, 0]
    assert scan.column("end").tolist() == [2, 3, 2]
    assert scan.column("detection_score").tolist() == [0.25] * 3
    assert scan.mentions_of(3)["end"].tolist() == [2]
    assert len(scan.mentions_of(4)) == 0
    np.testing.assert_allclose(scan.joined(np.arange(3)), [EAST, NORTH, NORTHEAST], atol=5e-3)


def test_the_sentence_of_each_mention_and_the_run_of_each_document(store, tmp_path):
    text = "Ada met Bo. Cy left.\nDi"
    spans = [Span(12, 14), Span(0, 3), Span(8, 10), Span(21, 23)]
    parted = {"sentences": np.array([1, 0, 0, 2], np.int32), "contexts": np.empty((3, 0), "f2")}
    store.write(
        [record("none"), replace(in_run_7(text, *spans), **parted), record("y", EAST, NORTH)],
        replace=False,
    )
    scan = open_scan(tmp_path, store)
    assert scan.sentences.tolist() == [1, 0, 0, 2, 3, 3]
    assert scan.owners.tolist() == [1, 1, 1, 1, 2, 2]
    assert scan.documents["run"].tolist() == [1, 7, 1]
    assert scan.documents["key"].tolist() == [document_key(name) for name in ("none", "x", "y")]


def test_best_mention_of_each_document(filled, tmp_path):
    scan = open_scan(tmp_path, filled)
    scores = scan.scores(np.array([0.0, 3.0], np.float32))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, [0, 1, 0.8], atol=5e-3)
    none = -np.inf
    np.testing.assert_allclose(scan.best(scores), [none, 1, none, 0.8, none], atol=5e-3)


@pytest.mark.parametrize("numbers", ["int8", "float16"])
def test_sentences_have_their_vectors(tmp_path, numbers):
    store = Store.create(tmp_path, 2, 3, numbers=numbers)
    assert store.contexts.dimensions == 3
    around = np.array([[0, 0.6, 0], [0.6, 0, 0]], np.float16)
    one = replace(
        record("a", (0, 0.8), (0.8, 0), (0.8, 0)),
        sentences=np.array([1, 0, 1], np.int32),
        contexts=around,
    )
    none = replace(record("none"), contexts=np.empty((0, 3), np.float16))
    other = replace(record("b", (0, 0.8)), contexts=np.array([[0, 0, -0.6]], np.float16))
    store.write([one, none, other], replace=False)
    scan = open_scan(tmp_path, store)
    assert scan.sentences.tolist() == [1, 0, 1, 2]
    around = [*around[[1, 0, 1]], [0, 0, -0.6]]
    np.testing.assert_allclose(scan.joined(np.arange(4))[:, 2:], around, atol=5e-3)
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
    np.testing.assert_allclose(scores, [[1, 0, 0.6], [-1, 0, -0.6]], atol=5e-3)
    best = scan.best(scores)
    np.testing.assert_allclose(best[:, [1, 3]], [[1, 0.6], [0, -0.6]], atol=5e-3)
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
    store = Store.create(tmp_path, 48, numbers="float16")
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
    part = Part(
        vectors=kinds[generator.integers(0, 30, len(mentions))].astype(np.float16),
        mentions=mentions,
        document_first=np.cumsum([0, *counts]),
    )
    return scan_of(part)


def scan_of(*parts, kept=None):
    count = sum(part.documents for part in parts) if kept is None else np.count_nonzero(kept)
    around = parts[0].contexts
    lengths = parts[0].vectors.shape[1], 0 if around is None else around.shape[1]
    return Scan.of("made", parts, lengths, np.zeros(count, DOCUMENT), kept=kept)


def in_context(generator, scan, dimensions=8):
    """The same scan with mentions in sentences that have vectors."""
    (part,) = scan.parts
    # One or two sentences a document, its mentions in them in any order.
    second = generator.integers(0, 2, len(part.mentions))
    _, sentences = np.unique(2 * scan.owners + second, return_inverse=True)
    mentions = part.mentions.copy()
    mentions["sentence"] = sentences
    count = int(sentences.max()) + 1
    vectors = generator.standard_normal((count, dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return scan_of(
        replace(
            part,
            vectors=(part.vectors * np.float32(0.8)).astype(np.float16),
            mentions=mentions,
            contexts=(0.6 * vectors).astype(np.float16),
            sentences=count,
        )
    )


def as_int8(scan):
    def small(part):
        contexts = None if part.contexts is None else quantised(part.contexts)
        return replace(part, vectors=quantised(part.vectors), contexts=contexts)

    return replace(scan, parts=tuple(map(small, scan.parts)))


@pytest.mark.parametrize("queries", [1, 3, 4, 9])
def test_a_score_is_the_mentions_cosine_and_its_sentences(queries):
    generator = np.random.default_rng(queries)
    scan = in_context(generator, crowded(generator, 200))
    assert scan.dimensions == 24
    asked = generator.standard_normal((queries, 24))
    every = np.arange(scan.mention_count)
    joined = scan.joined(every)
    np.testing.assert_allclose(np.linalg.norm(joined, axis=1), 1, atol=2e-3)
    units = asked / np.linalg.norm(asked, axis=1, keepdims=True)
    scores = scan.scores(asked)
    np.testing.assert_allclose(scores, units @ joined.T, atol=1e-3)
    small = as_int8(scan)
    np.testing.assert_allclose(small.scores(asked), units @ small.joined(every).T, atol=1e-4)
    np.testing.assert_allclose(small.scores(asked), scores, atol=0.01)
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
        first, last = scan.firsts[row], scan.lasts[row]
        np.testing.assert_array_equal(found, scores[0, first:last])
    counted = scan.counted
    np.testing.assert_allclose(scores[:, counted], plain.scores(asked)[:, counted], atol=0.02)


def contents(folder):
    """What the files of a view hold; its record also holds the times of their last change."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "view.json"}


def segment_of(folder, store):
    (fragment, *_) = store.fragments
    return folder / "scan" / segment_name(fragment)


def test_no_mention(store, tmp_path):
    store.write([record("none")], replace=False)
    scan = open_scan(tmp_path, store)
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
        first, last = scan.firsts[row], scan.lasts[row]
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


def test_what_is_there_is_not_made_again(filled, tmp_path, monkeypatch):
    open_scan(tmp_path, filled)
    monkeypatch.setattr(view_module, "write_segment", None)
    assert open_scan(tmp_path, Store.open(tmp_path)).mention_count == 3


def test_a_change_makes_only_what_is_new(filled, tmp_path, monkeypatch):
    view = View(tmp_path)
    old = view.scan(filled)
    made = []
    monkeypatch.setattr(
        view_module,
        "write_segment",
        lambda file, fragment, store: (
            made.append(fragment.rows),
            write_segment(file, fragment, store),
        ),
    )
    Store.open(tmp_path).write([record("c", WEST), record("d")], replace=False)
    assert view.scan(filled).mention_count == 3
    filled.refresh()
    new = view.scan(filled)
    assert new.state == filled.state != old.state
    assert (new.mention_count, made) == (4, [2])
    files = contents(tmp_path / "scan")
    filled.delete(["a", "c"])
    left = view.scan(filled)
    assert contents(tmp_path / "scan") == files
    assert (len(left.documents), left.mentions_counted, made) == (5, 1, [2])
    np.testing.assert_allclose(left.best_scores(np.array(EAST)).max(), 0.6, atol=5e-3)
    np.testing.assert_allclose(old.scores(np.array(EAST)), [1, 0, 0.6], atol=5e-3)


def test_an_earlier_state_has_what_was_deleted_since(filled, tmp_path):
    earlier = filled.snapshot()
    filled.delete(["a"])
    assert open_scan(tmp_path, filled).mentions_counted == 1
    assert open_scan(tmp_path, earlier).mentions_counted == 3
    assert open_scan(tmp_path, filled).mentions_counted == 1


def test_segments_of_what_is_gone_go(filled, tmp_path, monkeypatch):
    before = open_scan(tmp_path, filled)
    (tmp_path / "scan" / "0123").mkdir()
    monkeypatch.setattr(fragments, "_SMALL_FRAGMENTS", 2)
    filled.compact()
    after = open_scan(tmp_path, filled)
    assert [file.name for file in (tmp_path / "scan").glob("*.arrow")] == [
        segment_of(tmp_path, filled).name
    ]
    assert not (tmp_path / "scan" / "0123").exists()
    query = np.array(NORTHEAST)
    np.testing.assert_array_equal(before.best_scores(query), after.best_scores(query))


@pytest.mark.parametrize("name", ["segment", "view.json"])
def test_files_that_are_not_whole_are_made_again(filled, tmp_path, name):
    open_scan(tmp_path, filled)
    folder = tmp_path / "scan"
    (folder / "left.partial").write_bytes(b"0")
    whole = contents(folder)
    del whole["left.partial"]
    file = segment_of(tmp_path, filled) if name == "segment" else folder / name
    content = file.read_bytes()
    flipped = content[:-2] + bytes([content[-2] ^ 4]) + content[-1:]
    for damaged in (content[:-1], content + b"0", flipped, bytes(len(content)), b"", None):
        if damaged is None:
            file.unlink()
        else:
            file.write_bytes(damaged)
        assert open_scan(tmp_path, filled).mention_count == 3
        assert contents(folder) == whole


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
    shutil.copytree(tmp_path, tmp_path / "copy")
    copy = Store.open(tmp_path / "copy")
    hashed.clear()
    for _ in range(2):
        open_scan(tmp_path / "copy", copy)
    assert hashed == [segment_name(fragment) for fragment in copy.fragments]


@pytest.mark.parametrize("days", [8, -1])
def test_bits_that_nobody_wrote_to_are_noticed_after_a_week(filled, tmp_path, monkeypatch, days):
    open_scan(tmp_path, filled)
    whole = contents(tmp_path / "scan")
    segment = segment_of(tmp_path, filled)
    segment.write_bytes(bytes(len(whole[segment.name])))
    monkeypatch.setattr(FileChecksum, "is_untouched", lambda *_: True)
    later = time.time() + days * 24 * 3600
    monkeypatch.setattr("ner_retriever.index.view_files.time.time", lambda: later)
    open_scan(tmp_path, filled)
    assert contents(tmp_path / "scan") == whole
    # The vectors are the store's own.
    later += 8 * 24 * 3600
    data = filled.fragments[0].file
    data.write_bytes(bytes(data.stat().st_size))
    with pytest.raises(StoreError, match="does not match its checksum"):
        open_scan(tmp_path, filled)


def test_a_store_that_is_damaged_makes_no_view(filled, tmp_path):
    (file, *_) = (tmp_path / "store.lance" / "data").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    with pytest.raises(StoreError, match=r"is damaged: its content does not match its checksum"):
        open_scan(tmp_path, filled)
    file.write_bytes(content)
    assert open_scan(tmp_path, filled).mention_count == 3


def test_a_mention_outside_its_text_makes_no_view(store, tmp_path):
    store.write([in_run_7("abc", Span(1, 9))], replace=False)
    with pytest.raises(StoreError, match="a mention that does not lie in its text"):
        open_scan(tmp_path, store)


def test_a_build_that_fails_leaves_no_segment(filled, tmp_path, monkeypatch):
    def failing(file, fragment, store):
        file.write_bytes(b"half")
        raise StoreError("damaged")

    monkeypatch.setattr(view_module, "write_segment", failing)
    with pytest.raises(StoreError, match="damaged"):
        open_scan(tmp_path, filled)
    monkeypatch.undo()
    assert not segment_of(tmp_path, filled).exists()
    assert open_scan(tmp_path, filled).mention_count == 3


def test_temporary_files_serve_where_the_index_cannot_be_written(filled, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (tmp_path / "scan").write_text("in the way")
    scan = open_scan(tmp_path, filled)
    np.testing.assert_allclose(scan.scores(np.array(NORTH)), [0, 1, 0.8], atol=5e-3)
    assert list(temporary.iterdir()) == []


def test_no_room_anywhere(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    (tmp_path / "scan").write_text("in the way")
    with pytest.raises(StoreError, match="set TMPDIR"):
        open_scan(tmp_path, filled)


def test_one_process_builds_while_others_wait(filled, tmp_path, monkeypatch):
    open_scan(tmp_path, filled)
    (tmp_path / "scan").rename(tmp_path / "elsewhere")

    class Waiting(FileLock):
        def acquire(self, *arguments, **options):
            if (tmp_path / "elsewhere").exists():
                shutil.rmtree(tmp_path / "scan")
                (tmp_path / "elsewhere").rename(tmp_path / "scan")
            return super().acquire(*arguments, **options)

    monkeypatch.setattr(view_module, "FileLock", Waiting)
    monkeypatch.setattr(view_module, "write_segment", None)
    assert open_scan(tmp_path, filled).mention_count == 3


@pytest.mark.parametrize("numbers", ["int8", "float16"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("contexts", [0, 3])
def test_increments_equal_a_rebuild(tmp_path, monkeypatch, numbers, seed, contexts):
    """Documents are added, replaced, deleted, merged and purged at random, and searched after."""
    monkeypatch.setattr(fragments, "_SMALL_FRAGMENTS", 5)
    monkeypatch.setattr(fragments, "_FRAGMENT_ROWS", 20)
    generator = np.random.default_rng(seed)
    store = Store.create(tmp_path / "grown", 2, contexts, numbers=numbers)
    view = View(tmp_path / "grown")
    documents = {}
    query = generator.standard_normal(2 + contexts)
    for step in range(30):
        match generator.choice(["write", "delete", "compact", "purge"], p=[0.6, 0.2, 0.15, 0.05]):
            case "write":
                names = generator.choice(40, size=generator.integers(1, 5), replace=False)
                changed = [made(generator, str(name), contexts, step) for name in names]
                store.write(changed, replace=True)
                documents |= {one.id: one for one in changed}
            case "delete" if documents:
                gone = generator.choice(sorted(documents), size=2).tolist()
                assert store.delete(gone) == len(set(gone))
                documents = {name: one for name, one in documents.items() if name not in gone}
            case "compact":
                store.compact()
            case "purge":
                store.purge()
        if documents and generator.random() < 0.5:
            fresh = Store.create(tmp_path / f"fresh {step}", 2, contexts, numbers=numbers)
            fresh.write(list(documents.values()), replace=False)
            rebuilt = hits(View(tmp_path / f"fresh {step}"), fresh, query)
            assert hits(view, store, query) == rebuilt
            assert hits(View(tmp_path / "grown"), store, query) == rebuilt
    assert store.mention_count() == sum(len(one.spans) for one in documents.values())
    assert check_rows(store, lambda *_: None) == store.mention_count()


def made(generator, name, contexts, step):
    """A document with up to three mentions in up to two sentences."""
    count = generator.integers(0, 4)
    own = generator.standard_normal((count, 2))
    around = generator.standard_normal((2, contexts))
    sentences = np.sort(generator.integers(0, 2, count)).astype(np.int32)
    if count:
        _, sentences = np.unique(sentences, return_inverse=True)
    share = 0.8 if contexts else 1.0
    own *= share / np.linalg.norm(own, axis=1, keepdims=True)
    around *= 0.6 / np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-9)
    held = int(sentences.max()) + 1 if count else 0
    return replace(
        record(name, *own, text=f"text {step % 7}"),
        vectors=own.astype(np.float16),
        sentences=sentences.astype(np.int32),
        contexts=around[:held].astype(np.float16),
    )


def hits(view, store, query):
    results = search(
        view.scan(store), store, query, query="q", limit=None, min_score=None, fold=False
    )
    return {hit.id: hit for hit in results}


def test_documents_alike_are_those_of_a_rebuild(filled, tmp_path):
    view = View(tmp_path)
    filled.write([record("again", WEST), record("other", text="else")], replace=False)
    # All have one text but the last.
    assert view.scan(filled).groups().tolist() == [0, 0, 0, 0, 0, 0, 6]
    filled.delete(["none-first"])
    assert view.scan(filled).groups().tolist() == [0, 0, 0, 0, 0, 5]
