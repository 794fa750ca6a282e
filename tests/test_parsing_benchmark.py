"""The benchmark of rich documents, on one file of each kind: what came in comes out."""

from pathlib import Path

import pytest

from documents import KINDS, installed_bytes, measure, read
from documents_page import tables

pytest.importorskip("trafilatura")


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    rows = measure(tmp_path, 1, read, lambda done, of: seen.append((done, of)))
    assert seen[-1] == (len(KINDS), len(KINDS))
    for row in rows:
        assert row["fidelity"] > 0.999, row["kind"]
        assert row["layout"] > 0.98, row["kind"]
        assert row.get("pages", 1.0) == 1.0, row["kind"]
    installed = installed_bytes()
    assert installed["lxml"] > 1_000_000
    page = "\n".join(tables({"rows": rows, "files": 1, "installed": installed}))
    assert page.count("\n| ") == len(KINDS) + 2
