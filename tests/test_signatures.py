"""Groups of documents that are equal or nearly so."""

import random
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ner_retriever.index.signatures import SIGNATURE_BYTES, group_documents, signature_of


def groups(texts: list[str], folder: Path, *, batch: int = 7) -> list[int]:
    digests = [blake2b(text.encode(), digest_size=16).digest() for text in texts]
    signatures = [signature_of(text) for text in texts]
    batches = [
        pa.record_batch(
            [
                pa.array(digests[first : first + batch], pa.binary(16)),
                pa.array(signatures[first : first + batch], pa.binary()),
            ],
            names=["digest", "signature"],
        )
        for first in range(0, len(texts), batch)
    ]
    return group_documents(iter(batches), folder / "signatures").tolist()


def words(count: int, seed: int) -> list[str]:
    return random.Random(seed).choices([f"w{number}" for number in range(3_000)], k=count)  # noqa: S311


def test_short_texts_have_no_signature() -> None:
    assert signature_of(" ".join(words(39, 0))) == b""
    assert len(signature_of(" ".join(words(40, 0)))) == SIGNATURE_BYTES


def test_case_and_signs_do_not_count() -> None:
    text = " ".join(words(60, 1))
    assert signature_of(text) == signature_of(text.upper().replace(" ", ",  "))


def test_equal_texts_of_any_length_and_near_ones_of_some(tmp_path: Path) -> None:
    one, other = words(200, 2), words(200, 3)
    changed = [*one[:100], "changed", *one[101:]]
    texts = [
        "short",
        " ".join(one),
        " ".join(other),
        "short",
        " ".join(changed),
        "shorter",
        "short",
    ]
    assert groups(texts, tmp_path) == [0, 1, 2, 0, 1, 5, 0]


def test_a_chain_is_one_group(tmp_path: Path) -> None:
    text = words(300, 4)
    texts = []
    for step in range(12):
        texts.append(" ".join(text))
        text = [*text[: 20 * step], "new", *text[20 * step + 1 :]]
    assert groups(texts, tmp_path) == [0] * 12


def test_what_is_half_the_same_is_another_document(tmp_path: Path) -> None:
    one, other = words(300, 5), words(300, 6)
    assert groups([" ".join(one), " ".join([*one[:150], *other[:150]])], tmp_path) == [0, 1]


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(9)))
def test_order_does_not_matter(order: list[int], tmp_path_factory) -> None:
    base = words(120, 7)
    texts = [
        *(" ".join([*base[:place], "x", *base[place + 1 :]]) for place in (10, 50, 90)),
        " ".join(words(120, 8)),
        " ".join(words(120, 8)),
        "a",
        "a",
        "b",
        "c",
    ]
    found = groups([texts[place] for place in order], tmp_path_factory.mktemp("groups"))
    sets = {}
    for row, place in enumerate(order):
        sets.setdefault(found[row], set()).add(place)
    assert sorted(map(sorted, sets.values())) == [[0, 1, 2], [3, 4], [5, 6], [7], [8]]
    assert all(min(np.flatnonzero(np.array(found) == group)) == group for group in sets)


def test_nothing_at_all(tmp_path: Path) -> None:
    assert groups([], tmp_path) == []
