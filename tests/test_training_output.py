"""What a training run leaves behind: curves, sizes, a card; values worked out by hand."""

import builtins
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ner_retriever import environment
from ner_retriever.config import PRESETS
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError, InputError, MissingExtra, WeightsCorrupted
from ner_retriever.heads.projection.files import save_head
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.heads.projection.record import HeadRecord
from ner_retriever.training.card import model_card, write_card
from ner_retriever.training.curves import plot_curves
from ner_retriever.training.metric import mean_r_precision
from ner_retriever.training.sizes import Size, measure_sizes
from ner_retriever.training.sources import count_sources
from ner_retriever.training.typed_mentions import TypedText

# Curves

LOG = [
    {"step": 100, "loss": 4.0, "validation_r_precision": 0.2},
    {"step": 200, "loss": 3.0},
    {"step": 300, "loss": 2.0, "validation_r_precision": 0.4},
    {"step": 400, "loss": 1.5, "validation_r_precision": 0.3},
]


def png_size(file: Path) -> tuple[int, int]:
    content = file.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def test_curves_have_a_part_for_each_kind_of_record(tmp_path: Path) -> None:
    plot_curves(LOG, tmp_path / "new" / "both.png")
    loss_alone = [{"step": record["step"], "loss": record["loss"]} for record in LOG]
    plot_curves(loss_alone, tmp_path / "loss.png")
    width, height = png_size(tmp_path / "new" / "both.png")
    assert (width, height) == (960, 630)
    assert png_size(tmp_path / "loss.png") == (width, 345)


def test_curves_show_the_best_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    drawn: list[Any] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: drawn.append(self))
    plot_curves(LOG, tmp_path / "curves.png")
    loss, validation = drawn[0].axes
    assert loss.lines[0].get_xydata().tolist() == [[100, 4.0], [200, 3.0], [300, 2.0], [400, 1.5]]
    assert validation.lines[0].get_xydata().tolist() == [[100, 0.2], [300, 0.4], [400, 0.3]]
    assert validation.get_title(loc="right") == "best: 0.400 at step 300"


def test_an_empty_log(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to draw"):
        plot_curves([], tmp_path / "curves.png")


def test_curves_are_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"ner-retriever\[training\]"):
        plot_curves(LOG, tmp_path / "curves.png")


# Sizes

# Texts 7, 3 and 5, of which 7 has two mentions.
TEXTS = np.array([7, 3, 7, 5])
VECTORS = np.array([[0.0, 1.0], [0.8, 0.6], [1.0, 0.0], [0.6, 0.8]], dtype=np.float32)
QUERIES = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)


def rows(*mentions: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(mentions, dtype=np.int64)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # By best mentions, the first query ranks texts 7, 3, 5 and the second 7, 5, 3.
        (rows(2), rows(0), 1.0),
        (rows(1), rows(1), 0.0),
        (rows(1, 2), rows(1, 2), (1 + 1 / 2) / 2),
        # Two mentions of one text make one relevant text.
        (rows(0, 2), rows(0, 2, 3), 1.0),
    ],
)
def test_mean_r_precision_by_hand(first: Any, second: Any, expected: float) -> None:
    found = mean_r_precision(VECTORS, QUERIES, texts=TEXTS, relevant=[first, second])
    assert found == expected


def test_fewer_numbers_are_the_first_ones_at_length_one() -> None:
    # In full the second mention is nearest to the query; of the first number alone, only the sign
    # is left, and the earlier of equals wins.
    mentions = np.array([[0.1, 0.995], [0.9, 0.436], [-0.5, 0.866]], dtype=np.float32)
    queries = np.array([[0.98, 0.2]], dtype=np.float32)
    found = measure_sizes(
        mentions, queries, texts=np.arange(3), relevant=[rows(1)], dimensions=[1, 2]
    )
    assert [(size.dimensions, size.kind, size.nbytes) for size in found] == [
        (1, "float32", 4),
        (1, "float16", 2),
        (1, "int8", 5),
        (2, "float32", 8),
        (2, "float16", 4),
        (2, "int8", 6),
    ]
    assert [size.r_precision for size in found] == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]


def test_smaller_numbers_lose_what_they_cannot_tell_apart() -> None:
    # In int8 a step is 1/127 of the greatest number: 10.6 and 11.4 steps are both 11, and the first
    # vector, whose greatest number is the greater by a hair, wins. float16 still tells them apart.
    raw = np.array([[127, 10.6], [127, 11.4]], dtype=np.float32)
    mentions = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    queries = np.array([[0.0, 1.0]], dtype=np.float32)
    found = measure_sizes(mentions, queries, texts=np.arange(2), relevant=[rows(1)], dimensions=[2])
    assert {size.kind: size.r_precision for size in found} == {
        "float32": 1.0,
        "float16": 1.0,
        "int8": 0.0,
    }


def test_a_size_as_a_record() -> None:
    assert Size(64, "int8", 68, 0.5).to_record() == {
        "dimensions": 64,
        "kind": "int8",
        "nbytes": 68,
        "r_precision": 0.5,
    }


@pytest.mark.parametrize("size", [0, 3])
def test_more_numbers_than_there_are(size: int) -> None:
    with pytest.raises(ConfigError, match=f"vectors of 2 numbers cannot be cut to {size}"):
        measure_sizes(
            VECTORS, QUERIES, texts=TEXTS, relevant=[rows(0), rows(1)], dimensions=[2, size]
        )


# The card

NOTES = {
    "sources": {
        "wnut17": {"texts": 2355, "mentions": 3422},
        "mine|\nown": {"texts": 1, "mentions": 2},
    },
    "types": 1234,
    "config": {"steps": 500, "held_out": 40},
    "seconds": 99,
    "commit": "abc+changes",
    "versions": {"python": "3.11", "torch": "2.13"},
    "validation_r_precision": 0.41234,
    "sizes": [
        Size(128, "float32", 512, 0.41).to_record(),
        Size(128, "int8", 132, 0.40).to_record(),
        Size(64, "int8", 68, 0.35).to_record(),
    ],
}


def card(preset: str = "minilm", **notes: Any) -> str:
    record = HeadRecord(
        backbone="a-backbone-1", site="a-site", width=384, hidden=512, dimensions=256, notes=notes
    )
    return model_card("mine", record, PRESETS[preset])


def test_a_card_says_what_the_head_is_for() -> None:
    text = card(**NOTES)
    assert text.startswith("# mine\n")
    assert "`all-MiniLM-L6-v2`, fingerprint `a-backbone-1`" in text
    assert "the value vectors of block 5, counted from 0, in the mean over a mention's" in text
    assert "384 to 512 to 256 numbers" in text
    assert "Before each text" not in text
    assert "`a-site`" in text


def test_a_card_names_prefix_and_template() -> None:
    text = card("smollm2")
    assert 'Before each text stands `"<|im_start|>\\n"`.' in text
    assert 'A type is read as `"a {query}"`.' in text


def test_a_card_names_sources_and_licences() -> None:
    text = card(**NOTES)
    assert "| wnut17 | 2,355 | 3,422 | WNUT 2017 | CC BY 4.0 |" in text
    assert "| mine\\| own | 1 | 2 | not stated | not stated |" in text
    assert "1,234 types in all." in text


def test_a_card_says_what_was_measured() -> None:
    text = card(**NOTES)
    assert "R-Precision 0.412 on held-out types" in text
    assert "this head was then trained on" not in text
    assert "| 128 | 0.410 (512 bytes) | 0.400 (132 bytes) |" in text
    assert "| 64 |  | 0.350 (68 bytes) |" in text
    on_all = card(**{**NOTES, "config": {"held_out": 0}})
    assert "this head was then trained on" in on_all


def test_a_card_says_how_the_head_was_made() -> None:
    text = card(**NOTES)
    for part in ('"steps": 500', "99 seconds", "commit `abc+changes`", "python 3.11, torch 2.13"):
        assert part in text


def test_a_card_of_a_head_without_notes_leaves_out_what_is_not_known() -> None:
    text = card()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == ["# mine", "## Intended use", "## Limits"]
    assert "None" not in text


def test_the_card_lies_beside_the_head(tmp_path: Path) -> None:
    folder = tmp_path / "my-head"
    save_head(folder, ProjectionHead(4, 3, 2), backbone="b", site="s", notes={"types": 5})
    file = write_card(folder, PRESETS["minilm"])
    assert file == folder / "README.md"
    assert file.read_text().startswith("# my-head\n")
    with pytest.raises(WeightsCorrupted, match=r"head\.json cannot be read"):
        write_card(tmp_path, PRESETS["minilm"])


def test_sources_are_counted() -> None:
    def text(source: str, mentions: int) -> TypedText:
        return TypedText("", source, "abc", (Span(0, 1),) * mentions, ((),) * mentions)

    assert count_sources([text("b", 2), text("a", 1), text("b", 3)]) == {
        "a": {"texts": 1, "mentions": 1},
        "b": {"texts": 2, "mentions": 5},
    }


def test_commit_and_versions_are_those_of_this_checkout() -> None:
    assert environment.versions()["numpy"] == np.__version__
    commit = environment.commit()
    assert commit is None or len(commit.removesuffix("+changes")) == 40
