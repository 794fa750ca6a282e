import json
from dataclasses import replace

import pytest

from ner_retriever.errors import (
    FingerprintMismatch,
    IndexLocked,
    IndexNotFound,
    IndexVersionError,
    StoreError,
)
from ner_retriever.index.lock import write_lock
from ner_retriever.index.manifest import (
    Manifest,
    check_fingerprints,
    read_manifest,
    write_manifest,
)

FINGERPRINTS = {"backbone": "b1", "site": "s1", "head": "h1", "detector": "d1"}
MANIFEST = Manifest(
    package_version="0.1.0",
    created="2026-01-02T03:04:05+00:00",
    preset="minilm",
    dimensions=256,
    fingerprints=FINGERPRINTS,
    settings={"detector": "spacy", "model": {"id": "é"}},
)


def edit(path, **changes):
    file = path / "manifest.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content = {name: value for name, value in (content | changes).items() if value is not None}
    file.write_text(json.dumps(content), encoding="utf-8")


def test_is_read_as_it_was_written(tmp_path):
    write_manifest(tmp_path / "new", MANIFEST)
    assert read_manifest(tmp_path / "new") == MANIFEST
    assert MANIFEST.schema_version == 4


def test_a_failed_write_leaves_the_old_manifest(tmp_path):
    write_manifest(tmp_path, MANIFEST)
    (tmp_path / "manifest.json.partial").mkdir()
    with pytest.raises(StoreError, match=r"cannot write .*disk has room"):
        write_manifest(tmp_path, replace(MANIFEST, preset="other"))
    assert read_manifest(tmp_path) == MANIFEST


@pytest.mark.parametrize("name", ["missing", "a-file"])
def test_no_index(tmp_path, name):
    (tmp_path / "a-file").write_text("x")
    with pytest.raises(IndexNotFound, match="ner-retriever index SOURCE --out"):
        read_manifest(tmp_path / name)


def test_another_version(tmp_path):
    write_manifest(tmp_path, MANIFEST)
    edit(tmp_path, schema_version=1, package_version="0.9")
    with pytest.raises(IndexVersionError, match=r"version 1, .* reads 4; .*0\.9"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"extra": 1}, "unknown keys: extra"),
        ({"preset": None}, "missing keys: preset"),
        ({"fingerprints": {"backbone": "b", "site": "s", "head": "h"}}, "missing keys: detector"),
        ({"fingerprints": {**FINGERPRINTS, "foot": "f"}}, "unknown keys: foot"),
        ({"fingerprints": []}, "missing keys: backbone"),
    ],
)
def test_unknown_or_missing_keys(tmp_path, changes, message):
    write_manifest(tmp_path, MANIFEST)
    edit(tmp_path, **changes)
    with pytest.raises(StoreError, match=message):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_damaged(tmp_path, content):
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged: .*--replace"):
        read_manifest(tmp_path)


def test_fingerprints():
    check_fingerprints(MANIFEST, FINGERPRINTS)
    check_fingerprints(MANIFEST, {"head": "h1"})
    with pytest.raises(FingerprintMismatch) as caught:
        check_fingerprints(MANIFEST, FINGERPRINTS | {"head": "h2", "detector": "d2"})
    message = str(caught.value)
    assert "head h1 (now h2), detector d1 (now d2)" in message
    assert "backbone" not in message
    assert "'minilm'" in message


def test_one_writer_at_a_time(tmp_path):
    with write_lock(tmp_path), pytest.raises(IndexLocked, match="wait"), write_lock(tmp_path):
        pass
    with write_lock(tmp_path):
        pass


def test_a_lock_in_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "write.lock").mkdir()
    with pytest.raises(StoreError, match="make the folder writable"), write_lock(tmp_path):
        pass
