import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from index_toys import in_one_sentence
from ner_retriever.documents import Span
from ner_retriever.errors import IndexNotFound, StoreError
from ner_retriever.index import fragments
from ner_retriever.index import store as store_module
from ner_retriever.index.details import Details
from ner_retriever.index.records import Known, Record, StoredDocument, digest_of
from ner_retriever.index.store import Store

HOSTILE = ["it's", 'a"b', "a\\b", "x'); DROP", "nul\0", "é😀\u2028", "%_", "-- c", "a\nb", "''"]


def record(identifier, text="text", *, run=1, mentions=1):
    spans = tuple(Span(place, place + 1, 0.5) for place in range(mentions))
    vectors = np.tile(np.array([0.6, 0.8], np.float16), (mentions, 1))
    return Record(
        id=identifier,
        text=text,
        digest=digest_of(text, None),
        run=run,
        spans=spans,
        vectors=vectors,
        **in_one_sentence(mentions),
    )


def texts(store):
    return {document.id: document.text for document in store.read(range(store.count()))}


@pytest.fixture
def store(tmp_path):
    return Store.create(tmp_path, 2)


def test_a_new_store_is_empty(store, tmp_path):
    assert store.vectors.dimensions == 2
    assert (store.count(), store.mention_count(), texts(store)) == (0, 0, {})
    assert store.lookup(["a"]) == {}
    assert Store.open(tmp_path).state == store.state


def test_what_is_written_is_there_for_the_next(store, tmp_path):
    store.write([record("a", "über\r\n\0", run=7, mentions=2), record("b", "")], replace=False)
    again = Store.open(tmp_path)
    assert texts(again) == {"a": "über\r\n\0", "b": ""}
    assert again.lookup(["b", "zz", "a"]) == {
        "a": Known(digest_of("über\r\n\0", None), 7, Details()),
        "b": Known(digest_of("", None), 1, Details()),
    }
    assert again.mention_count() == 3
    assert again.version == store.version
    (batch,) = again.batches(["id", "mentions"])
    found = batch.to_pylist()[1]
    scale = found["mentions"][0].pop("scale")
    assert found == {
        "id": "b",
        "mentions": [
            {"start": 0, "end": 1, "detection_score": 0.5, "name_score": 1.0, "sentence": 0}
        ],
    }
    assert scale == pytest.approx(0.8 / 127, abs=1e-5)


def test_a_document_without_mentions(store):
    store.write([record("a", mentions=0)], replace=False)
    (batch,) = store.batches(["mentions"])
    assert batch.to_pylist() == [{"mentions": []}]
    assert store.mention_count() == 0


def test_replacing_adds_what_is_new(store):
    store.write([record("a", "old", mentions=3), record("b")], replace=False)
    store.write([record("a", "new", run=2), record("c")], replace=True)
    assert texts(store) == {"a": "new", "b": "text", "c": "text"}
    assert store.lookup(["a"])["a"].run == 2
    assert store.mention_count() == 3


def test_hostile_ids(store):
    store.write([record(identifier) for identifier in HOSTILE], replace=False)
    store.write([record(identifier, "new") for identifier in HOSTILE], replace=True)
    assert texts(store) == dict.fromkeys(HOSTILE, "new")
    assert store.lookup(HOSTILE).keys() == set(HOSTILE)
    assert store.delete(["it's", "x'); DROP", "not there"]) == 2
    assert texts(store).keys() == set(HOSTILE) - {"it's", "x'); DROP"}


def test_deleting_nothing(store):
    version = store.version
    assert store.delete([]) == 0
    store.write([], replace=True)
    assert store.version == version


def test_rows_are_read_in_the_order_asked_for(store):
    store.write([record(name) for name in "abcd"], replace=False)
    store.delete(["b"])
    store.write([record("a", "new")], replace=True)
    order = [row["id"] for batch in store.batches(["id"]) for row in batch.to_pylist()]
    assert order == ["c", "d", "a"]
    assert store.read([2, 0]) == [StoredDocument("a", "new"), StoredDocument("c", "text")]


def test_a_handle_stays_at_its_version_until_refreshed(store, tmp_path):
    reader = Store.open(tmp_path)
    store.write([record("a")], replace=False)
    kept = store.snapshot()
    store.write([record("b")], replace=False)
    assert (reader.count(), kept.count(), store.count()) == (0, 1, 2)
    assert len({reader.state, kept.state, store.state}) == 3
    reader.refresh()
    assert reader.count() == 2
    assert (reader.state, reader.version) == (store.state, store.version)


def test_a_writer_moves_on_while_a_reader_looks(store, tmp_path, monkeypatch):
    reader = Store.open(tmp_path)
    store.write([record("a")], replace=False)

    def interrupted(path):
        store.write([record("b")], replace=False)
        store.purge()
        return check_changed(path)

    check_changed = store_module.check_changed
    monkeypatch.setattr(store_module, "check_changed", interrupted)
    reader.refresh()
    assert (reader.version, reader.count()) == (store.version, 2)


def test_an_acknowledged_version_that_is_gone(store, tmp_path):
    store.write([record("a")], replace=False)
    min((tmp_path / "store.lance" / "_versions").glob("*.manifest")).unlink()
    for reopen in (lambda: Store.open(tmp_path), store.refresh):
        with pytest.raises(StoreError, match=r"its newest version is 1, but 2 was acknowledged"):
            reopen()


def test_a_store_made_anew_in_the_folder_has_another_state(tmp_path):
    store = Store.create(tmp_path, 2)
    store.write([record("a")], replace=False)
    state, version = store.state, store.version
    shutil.rmtree(tmp_path / "store.lance")
    anew = Store.create(tmp_path, 2)
    anew.write([record("a")], replace=False)
    store.refresh()
    assert store.version == anew.version == version
    assert store.state == anew.state != state


def test_equal_stores_differ_in_state(tmp_path):
    stores = [Store.create(tmp_path / name, 2) for name in ("one", "two")]
    for one in stores:
        one.write([record("a")], replace=False)
    assert stores[0].version == stores[1].version
    assert stores[0].state != stores[1].state


def test_creating_anew_empties(store, tmp_path):
    empty = store.state
    store.write([record("a")], replace=False)
    store.purge()
    anew = Store.create(tmp_path, 3)
    assert (anew.vectors.dimensions, anew.count(), anew.lookup(["a"])) == (3, 0, {})
    assert anew.version > store.version
    assert anew.state != empty


def test_compacting_keeps_rows_and_order(store, monkeypatch):
    monkeypatch.setattr(fragments, "_SMALL_FRAGMENTS", 4)
    monkeypatch.setattr(fragments, "_FRAGMENT_ROWS", 6)
    names = [f"{number:02}" for number in range(20)]
    for written, name in enumerate(names, start=1):
        store.write([record(name)], replace=False)
        store.compact()
        assert store.lookup(names).keys() == set(names[:written])
    assert [document.id for document in store.read(range(20))] == names
    # Four small ones are merged; one of six rows or more is left alone.
    sizes = [fragment.metadata.num_rows for fragment in store._dataset.get_fragments()]
    assert sizes == [7, 7, 4, 1, 1]
    assert store._dataset.stats.index_stats("id_idx")["num_unindexed_rows"] == 2
    store.write([record("03", "new")], replace=True)
    assert store.lookup(["03"])["03"].digest == digest_of("new", None)


def test_compacting_a_small_store_changes_nothing(store):
    store.write([record("a")], replace=False)
    version = store.version
    store.compact()
    assert store.version == version


@pytest.mark.parametrize("indexed", [False, True])
def test_purging_leaves_no_trace(store, tmp_path, indexed):
    store.write([record("secret-one", "hidden text"), record("a")], replace=False)
    store.write([record("secret-two", "hidden text")], replace=False)
    if indexed:
        store.purge()
    store.write([record("a", "new")], replace=True)
    assert b"secret-one" in content(tmp_path)
    store.delete(["secret-one", "secret-two"])
    (tmp_path / "store.lance" / "data" / "left-by-a-dead-writer.lance").write_text("secret")
    store.purge()
    remaining = content(tmp_path)
    assert b"hidden" not in remaining
    assert b"secret" not in remaining
    assert texts(Store.open(tmp_path)) == {"a": "new"}
    assert store.lookup(["a", "secret-one"]).keys() == {"a"}


def test_purging_an_empty_store(store):
    store.purge()
    assert store.count() == 0


def content(path):
    return b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())


def test_reading_a_purged_version(store):
    store.write([record("a"), record("b")], replace=False)
    kept = store.snapshot()
    store.delete(["a"])
    store.purge()
    with pytest.raises(StoreError, match="open it again"):
        kept.read([0])


def test_ids_must_differ_within_a_batch(store):
    with pytest.raises(StoreError, match="two documents of one batch have the id 'a'"):
        store.write([record("a"), record("a")], replace=False)
    assert store.count() == 0


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.array([[0.6, 0.8]], np.float32), "float32 of shape"),
        (np.array([[1, 0, 0]], np.float16), r"not float16 of shape \(1, 2\)"),
        (np.zeros((0, 2), np.float16), r"of shape \(0, 2\)"),
        (np.array([[0.6, 0.6]], np.float16), "unit length"),
        (np.array([[np.nan, 1]], np.float16), "unit length"),
    ],
)
def test_vectors_that_do_not_fit(store, vectors, message):
    wrong = replace(record("w"), vectors=vectors)
    with pytest.raises(StoreError, match=f"'w'.*{message}"):
        store.write([record("a"), wrong], replace=False)
    assert store.count() == 0


def test_no_store(tmp_path):
    with pytest.raises(IndexNotFound, match="no index at"):
        Store.open(tmp_path)


def test_a_damaged_store(store, tmp_path):
    store.write([record("a")], replace=False)
    for file in (tmp_path / "store.lance" / "data").iterdir():
        file.write_bytes(b"")
    with pytest.raises(StoreError, match=r"is damaged: .*--replace"):
        Store.open(tmp_path).read([0])
    for file in (tmp_path / "store.lance" / "_versions").glob("*.manifest"):
        file.write_bytes(b"")
    with pytest.raises(StoreError, match=r"is damaged: .*--replace"):
        Store.open(tmp_path)


def test_a_full_disk_loses_nothing(store, tmp_path):
    resource = pytest.importorskip("resource")
    store.write([record("a")], replace=False)
    noise = np.random.default_rng(0).bytes(50_000).hex()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, limits[1]))
    try:
        for replace in (False, True):
            with pytest.raises(StoreError, match="the disk has room") as caught:
                store.write([record("a" if replace else "b", noise)], replace=replace)
            assert "\n" not in str(caught.value)
            assert ".rs:" not in str(caught.value)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert texts(store) == texts(Store.open(tmp_path)) == {"a": "text"}
    store.write([record("b")], replace=False)
    assert texts(Store.open(tmp_path)).keys() == {"a", "b"}


WRITER = """
import sys
from pathlib import Path
import numpy as np
from ner_retriever.documents import Span
from ner_retriever.index.records import Record
from ner_retriever.index.store import Store

store = Store.open(Path(sys.argv[1]))
one = np.array([[1, 0]], np.float16)
for batch in range(10_000):
    store.write(
        [
            Record(id=f"{batch}-{part}", text="t" * 10_000, digest=bytes(16), run=batch,
                   spans=(Span(0, 1),), vectors=one, sentences=np.zeros(1, np.int32),
                   contexts=np.empty((1, 0), np.float16))
            for part in range(50)
        ],
        replace=batch % 2 == 1,
    )
    print(batch, flush=True)
"""


def test_kill_leaves_the_batches_that_were_acknowledged(store, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        acknowledged = [int(writer.stdout.readline()) for _ in range(6)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout]
    ids = [row["id"] for batch in Store.open(tmp_path).batches(["id"]) for row in batch.to_pylist()]
    batches = sorted({int(identifier.split("-")[0]) for identifier in ids})
    # A batch may have been committed and killed before it said so.
    assert batches in (acknowledged, [*acknowledged, len(acknowledged)])
    assert sorted(ids) == sorted(f"{batch}-{part}" for batch in batches for part in range(50))
    store.refresh()
    store.write([record("next")], replace=False)
    assert store.count() == len(ids) + 1


def test_digests_tell_documents_apart():
    cases = [
        ("a", None),
        ("b", None),
        ("a", ()),
        ("a", (Span(0, 1),)),
        ("a", (Span(0, 1, 0.5),)),
        ("aspans", None),
    ]
    digests = [digest_of(text, spans) for text, spans in cases]
    assert len(set(digests)) == len(cases)
    assert {len(digest) for digest in digests} == {16}
    assert digest_of("a", (Span(0, 1),)) == digests[3]


def test_knows_no_model_library():
    code = "import sys, ner_retriever.search.ranking; print(*sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    modules = set(finished.stdout.decode().split())
    assert "lance" in modules
    assert not modules & {"torch", "transformers"}


def test_details_change_without_the_rest(store, tmp_path):
    store.write([record("a"), record("b", mentions=3), record("c")], replace=False)
    before = store.state
    details = Details(fields='{"year":2020,"tags":["x"]}', pages=(0, 2), source="b.pdf")
    store.update({"b": details, "gone": details})
    again = Store.open(tmp_path)
    assert again.lookup(["a", "b", "gone"]) == {
        "a": Known(digest_of("text", None), 1, Details()),
        "b": Known(digest_of("text", None), 1, details),
    }
    found = {document.id: document for document in again.read([0, 1, 2])}
    assert found.keys() == {"a", "b", "c"}
    assert (found["b"].fields, found["b"].pages) == (
        {"file": "b.pdf", "year": 2020, "tags": ("x",)},
        (0, 2),
    )
    assert again.mention_count() == 5
    assert again.state != before
