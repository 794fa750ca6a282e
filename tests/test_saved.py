import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from filelock import FileLock

from ner_retriever.errors import IndexLocked, QueryError, StoreError
from ner_retriever.index import queries as queries_module
from ner_retriever.search.feedback import Feedback, Judgement
from ner_retriever.search.query import Example, Query
from ner_retriever.search.saved import SavedQueries, SavedQuery

COURT = SavedQuery(
    name="courts",
    query=Query(describe="court", like=(Example(id="a", start=0, end=3),), near=("judge",)),
    feedback=Feedback(history=(Judgement(id="a", start=0, end=3, relevant=True),)),
    cutoff=0.4,
    min_detection=0.25,
    seen=17,
)


@pytest.fixture
def saved(tmp_path):
    return SavedQueries(tmp_path)


def files(folder):
    return list((folder / "queries").glob("*.json"))


def test_what_was_saved_is_read(saved):
    created = saved.create(COURT)
    assert created == replace(COURT, created=created.created, revision=1)
    assert created.created.endswith("+00:00")
    assert saved.read("courts") == created


def test_all_by_name(saved, tmp_path):
    assert saved.all() == []
    for name in ("zoo", "Äpfel", "../../etc/passwd"):
        saved.create(replace(COURT, name=name))
    assert [one.name for one in saved.all()] == ["../../etc/passwd", "zoo", "Äpfel"]
    assert {file.parent for file in tmp_path.rglob("*.json")} == {tmp_path / "queries"}


def test_changing(saved):
    created = saved.create(COURT)
    changed = saved.change("courts", lambda now: replace(now, seen=99, name="other", revision=50))
    assert changed == replace(created, seen=99, revision=2)
    assert saved.read("courts") == changed


def test_a_change_that_fails_changes_nothing(saved):
    created = saved.create(COURT)
    with pytest.raises(ZeroDivisionError):
        saved.change("courts", lambda now: replace(now, seen=1 // 0))
    assert saved.read("courts") == created


def test_deleting(saved, tmp_path):
    saved.create(COURT)
    saved.delete("courts")
    assert files(tmp_path) == []
    with pytest.raises(QueryError, match="no saved query 'courts'"):
        saved.delete("courts")


def test_names_that_are_taken_or_not_there(saved):
    saved.create(COURT)
    with pytest.raises(QueryError, match="'courts' already"):
        saved.create(COURT)
    for ask in (saved.read, lambda name: saved.change(name, lambda now: now)):
        with pytest.raises(QueryError, match="no saved query 'x'"):
            ask("x")


def test_two_writers_lose_nothing(tmp_path):
    SavedQueries(tmp_path).create(replace(COURT, feedback=Feedback()))

    def judge(number):
        judgement = Judgement(id=f"d{number}", start=0, end=1, relevant=True)
        SavedQueries(tmp_path).change(
            "courts", lambda now: replace(now, feedback=now.feedback.judge(judgement))
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(judge, range(40)))
    done = SavedQueries(tmp_path).read("courts")
    assert {one.id for one in done.feedback.accepted} == {f"d{number}" for number in range(40)}
    assert done.revision == 41


def test_a_lock_that_is_held_too_long(saved, tmp_path, monkeypatch):
    saved.create(COURT)
    monkeypatch.setattr(queries_module, "_LONGEST_WAIT", 0.01)
    with FileLock(tmp_path / "queries" / "lock"), pytest.raises(IndexLocked, match="try again"):
        saved.delete("courts")
    # Reading needs no lock.
    with FileLock(tmp_path / "queries" / "lock"):
        assert saved.read("courts").name == "courts"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"format": 2}', '{"format": 1}', "[" * 9999]
)
def test_damaged_files(saved, tmp_path, content):
    saved.create(COURT)
    files(tmp_path)[0].write_text(content)
    for ask in (saved.all, lambda: saved.read("courts")):
        with pytest.raises(StoreError, match="correct or remove it"):
            ask()


def test_a_hostile_value(saved, tmp_path):
    saved.create(COURT)
    file = files(tmp_path)[0]
    for key, value in (("cutoff", "high"), ("seen", "x"), ("query", {"describe": 3}), ("more", 1)):
        file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
        with pytest.raises(StoreError, match="correct or remove it"):
            saved.all()


def test_a_folder_that_cannot_be_written(saved, tmp_path):
    (tmp_path / "queries").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        saved.create(COURT)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": " "},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"cutoff": "high"},
        {"cutoff": 1.1},
        {"cutoff": float("nan")},
    ],
)
def test_values_out_of_range(change):
    with pytest.raises(QueryError):
        replace(COURT, **change)


@pytest.mark.parametrize("least", [-0.1, 1.5, float("nan"), "0.5", True])
def test_a_least_detection_score_out_of_range(least):
    with pytest.raises(QueryError, match="the least detection score"):
        replace(COURT, min_detection=least)


def test_a_file_from_before_detection_scores_is_read(saved, tmp_path):
    saved.create(COURT)
    (file,) = files(tmp_path)
    record = json.loads(file.read_text())
    del record["min_detection"], record["checksum"]
    file.write_text(json.dumps(record))
    assert saved.read("courts").min_detection is None
