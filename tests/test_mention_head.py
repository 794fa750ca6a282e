"""The mention head: its scores, what it keeps of them, its files."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cli_helpers import error
from ner_retriever.errors import ConfigError, WeightsCorrupted
from ner_retriever.heads.mention import network as network_module
from ner_retriever.heads.mention.files import load_mention_head, save_mention_head
from ner_retriever.heads.mention.finder import Array, Finder, Found
from ner_retriever.heads.mention.network import MentionHead
from ner_retriever.heads.mention.record import MentionHeadRecord
from ner_retriever.heads.mention.scorer import MentionScorer, load_mention_scorer
from ner_retriever.heads.mention.words import Words

RECORD = MentionHeadRecord(
    backbone="b",
    site="s",
    adapter="",
    width=6,
    hidden=8,
    longest=3,
    threshold=0.5,
    nested=0.4,
)


def network(*, longest: int = 3) -> MentionHead:
    torch.manual_seed(0)
    return MentionHead(6, 8, longest).eval()


def words(count: int) -> Words:
    tokens = np.stack([np.arange(count), np.arange(count) + 1], axis=1)
    nothing = np.zeros(count, np.int64)
    return Words(tokens=tokens, spans=tokens, shapes=nothing, blocks=nothing)


class Scores:
    """Log-odds that are given, one (words, longest) table for every window."""

    def __init__(self, *tables: list[list[float]]) -> None:
        self.tables = tables

    def score(self, states: Array, windows: Sequence[Words]) -> tuple[Array, None]:
        scores = torch.tensor([row for table in self.tables for row in table])
        return torch.logit(scores).numpy(), None


def kept(table: list[list[float]], *, threshold: float, nested: float) -> list[Found]:
    finder = Finder(Scores(table), threshold=threshold, nested=nested)
    (found,) = finder.find(np.zeros((len(table), 6), np.float32), [words(len(table))])
    return [Found(run.first, run.last, round(run.score, 3)) for run in found]


def test_a_run_that_would_end_past_the_text_is_impossible() -> None:
    odds = network()(
        torch.zeros(1, 4, 6), torch.zeros(1, 4, dtype=torch.long), torch.ones(1, 4) > 0
    )
    assert torch.isfinite(odds[0]).tolist() == [
        [True, True, True],
        [True, True, True],
        [True, True, False],
        [True, False, False],
    ]


def test_a_run_that_would_cross_a_border_is_impossible() -> None:
    blocks = torch.tensor([[0, 0, 1, 1]])
    odds = network()(
        torch.zeros(1, 4, 6),
        torch.zeros(1, 4, dtype=torch.long),
        torch.ones(1, 4) > 0,
        blocks,
    )
    assert torch.isfinite(odds[0]).tolist() == [
        [True, True, False],
        [True, False, False],
        [True, True, False],
        [True, False, False],
    ]


def test_what_stands_beside_in_a_batch_changes_nothing() -> None:
    states, shapes = torch.randn(2, 7, 6), torch.randint(0, 8, (2, 7))
    mask = torch.tensor([[True] * 7, [True] * 4 + [False] * 3])
    together = network()(states, shapes, mask)
    alone = network()(states[1:, :4], shapes[1:, :4], mask[1:, :4])
    torch.testing.assert_close(together[1:, :4], alone)


def test_fewer_words_than_a_mention_may_have() -> None:
    odds = network(longest=9)(
        torch.zeros(1, 2, 6), torch.zeros(1, 2, dtype=torch.long), torch.ones(1, 2) > 0
    )
    assert torch.isfinite(odds).sum() == 3


def test_a_head_can_tell_where_blocks_begin_and_end() -> None:
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    blocks = torch.tensor([[0, 0, 1, 2, 2], [0, 0, 0, 0, 0]])
    edges = network_module._edges(mask, blocks)
    assert edges[0].tolist() == [1, 2, 3, 1, 2]
    assert edges[1, :3].tolist() == [1, 0, 2]
    torch.manual_seed(0)
    states, shapes = torch.randn(1, 5, 6), torch.zeros(1, 5, dtype=torch.int64)
    for borders in (False, True):
        head = MentionHead(6, 8, 3, borders=borders).eval()
        one_word_each = [
            head(states, shapes, mask[:1], torch.tensor([own]))[0, :, 0]
            for own in ([0, 0, 0, 0, 0], [0, 0, 0, 1, 1])
        ]
        assert torch.allclose(*one_word_each) is not borders


def test_kinds_are_means_over_the_words_of_a_run() -> None:
    torch.manual_seed(0)
    head = MentionHead(6, 8, 3, kinds=True).eval()
    states, shapes = torch.randn(1, 4, 6), torch.zeros(1, 4, dtype=torch.long)
    _, kinds = head.score(states, shapes, torch.ones(1, 4) > 0)
    assert kinds is not None
    torch.testing.assert_close(kinds[0, 1, 1], kinds[0, 1:3, 0].mean())
    torch.testing.assert_close(kinds[0, 0, 2], kinds[0, :3, 0].mean())


def test_the_score_sees_both_sides() -> None:
    states, shapes = torch.zeros(1, 5, 6), torch.zeros(1, 5, dtype=torch.long)
    mask = torch.ones(1, 5) > 0
    before = network()(states, shapes, mask)[0, 2, 0]
    for place in (1, 3):
        changed = states.clone()
        changed[0, place] = torch.arange(6.0)
        assert network()(changed, shapes, mask)[0, 2, 0] != before


def test_the_threshold_keeps_what_reaches_it() -> None:
    table = [[0.9, 0.2], [0.5, 0.49], [0.1, 0.0]]
    assert kept(table, threshold=0.5, nested=0.0) == [Found(0, 1, 0.9), Found(1, 2, 0.5)]


def test_a_mention_within_another_is_kept_if_its_score_is_close() -> None:
    # "University of Stuttgart" 0.8 and "Stuttgart" 0.4; "University" 0.3 is too far off.
    table = [[0.3, 0.1, 0.8], [0.0, 0.1, 0.0], [0.4, 0.0, 0.0]]
    both = [Found(0, 3, 0.8), Found(2, 3, 0.4)]
    assert kept(table, threshold=0.05, nested=0.5) == both
    assert kept(table, threshold=0.05, nested=0.6) == both[:1]
    assert len(kept(table, threshold=0.05, nested=0.0)) == 5


def test_windows_of_a_batch_keep_their_own() -> None:
    finder = Finder(Scores([[0.9], [0.1]], [[0.2], [0.8]]), threshold=0.5, nested=0)
    found = finder.find(np.zeros((4, 6), np.float32), [words(2), words(2)])
    assert [[(run.first, run.last) for run in its] for its in found] == [[(0, 1)], [(1, 2)]]
    assert finder.find(np.zeros((0, 6), np.float32), [words(0)]) == [[]]


def test_files_give_back_what_was_saved(tmp_path: Path) -> None:
    head = network()
    save_mention_head(tmp_path / "m", head, RECORD)
    loaded, record = load_mention_head(tmp_path / "m")
    assert (record.threshold, record.nested, record.width) == (0.5, 0.4, 6)
    inputs = torch.randn(1, 5, 6), torch.zeros(1, 5, dtype=torch.long), torch.ones(1, 5) > 0
    # Weights are kept in half precision.
    torch.testing.assert_close(loaded(*inputs), head(*inputs), atol=0.01, rtol=0.01)


@pytest.mark.parametrize("borders", [False, True])
def test_what_is_used_equals_what_is_trained(tmp_path: Path, borders: bool) -> None:
    torch.manual_seed(1)
    head = MentionHead(6, 8, 4, kinds=True, borders=borders).eval()
    for tensor in head.parameters():
        tensor.data = torch.randn_like(tensor).half().float()
    random = np.random.default_rng(0)
    windows = []
    for count in (7, 1, 12, 3):
        blocks = np.sort(random.integers(0, 3, count))
        blocks -= blocks[0]
        shapes = random.integers(0, 8, count)
        windows.append(replace(words(count), shapes=shapes, blocks=blocks))
    states = random.normal(size=(23, 6)).astype(np.float32)
    save_mention_head(tmp_path, head, replace(RECORD, longest=4, kinds=True, borders=borders))
    scorer, _ = load_mention_scorer(tmp_path)
    odds, kinds = scorer.score(states, windows)
    assert kinds is not None
    first = 0
    for its in windows:
        rows = slice(first, first + len(its.tokens))
        first = rows.stop
        given = (torch.from_numpy(part)[None] for part in (states[rows], its.shapes))
        mask = torch.ones(1, len(its.tokens)) > 0
        expected, names = head.score(*given, mask, torch.from_numpy(its.blocks)[None])
        assert names is not None
        possible = torch.isfinite(expected[0]).numpy()
        np.testing.assert_allclose(odds[rows], expected[0].detach(), atol=2e-4, rtol=1e-5)
        expected_names = names[0].detach().numpy()[possible]
        np.testing.assert_allclose(kinds[rows][possible], expected_names, atol=1e-4, rtol=1e-5)


def test_what_is_used_is_the_same_beside_others() -> None:
    weights = {name: tensor.numpy() for name, tensor in network().state_dict().items()}
    scorer = MentionScorer(weights)
    states = np.random.default_rng(0).normal(size=(11, 6)).astype(np.float32)
    together, _ = scorer.score(states, [words(4), words(7)])
    alone, _ = scorer.score(states[4:], [words(7)])
    np.testing.assert_allclose(together[4:], alone, atol=1e-5)


def test_what_decides_about_finds_is_in_the_fingerprint() -> None:
    changed = [
        MentionHeadRecord(**{**RECORD.to_record(), key: value})
        for key, value in [("threshold", 0.6), ("nested", 0.5), ("sha256", "x"), ("adapter", "x")]
    ]
    assert len({RECORD.fingerprint, *(record.fingerprint for record in changed)}) == 5
    noted = MentionHeadRecord(**{**RECORD.to_record(), "notes": {"seconds": 1}})
    assert noted.fingerprint == RECORD.fingerprint


@pytest.mark.parametrize("load", [load_mention_head, load_mention_scorer])
def test_damaged_files_are_refused(tmp_path: Path, load: Callable[[Path], object]) -> None:
    save_mention_head(tmp_path, network(), RECORD)
    weights, described = tmp_path / "mention_head.safetensors", tmp_path / "mention_head.json"
    whole, record = weights.read_bytes(), json.loads(described.read_bytes())
    weights.write_bytes(whole[:-1])
    with pytest.raises(WeightsCorrupted, match="damaged or another file"):
        load(tmp_path)
    weights.unlink()
    with pytest.raises(WeightsCorrupted, match="cannot be read"):
        load(tmp_path)
    weights.write_bytes(whole)
    described.write_text(json.dumps({**record, "hidden": 9}))
    with pytest.raises(WeightsCorrupted, match="cannot be read"):
        load(tmp_path)
    for text in ("{", "[]", json.dumps({**record, "hidden": 1 << 40}), json.dumps({"x": 1})):
        described.write_text(text)
        with pytest.raises(WeightsCorrupted, match=r"mention_head\.json cannot be read"):
            load(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", 2, "format 2; this version reads 1"),
        ("longest", 0, "longest must be 1 to 64"),
        ("threshold", 1.5, "threshold must be 0 to 1"),
        ("nested", -0.1, "nested must be 0 to 1"),
        ("width", "x", "width must be a whole number"),
    ],
)
def test_a_record_is_bounded(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MentionHeadRecord.from_record({**RECORD.to_record(), key: value})


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    save_mention_head(tmp_path, MentionHead(7, 8, 3), RECORD)
    for load in (load_mention_head, load_mention_scorer):
        with pytest.raises(WeightsCorrupted, match="cannot be read"):
            load(tmp_path)


def test_a_preset_without_a_mention_head_says_what_to_do(tmp_path: Path, toy_preset: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("one line\n")
    out = tmp_path / "index"
    command = ["index", corpus, "--out", out, "--preset", toy_preset, "--detector"]
    assert "train-detector" in error(*command, "mention-head")
    assert "no mention head in nowhere" in error(*command, "mention-head:nowhere")
    assert not out.exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Exception, match="cannot write a head into"):
        save_mention_head(tmp_path / "file" / "m", network(), RECORD)


def test_only_safetensors_are_read(tmp_path: Path) -> None:
    save_mention_head(tmp_path, network(), RECORD)
    record = json.loads((tmp_path / "mention_head.json").read_bytes())
    save_file({"x": torch.zeros(1)}, tmp_path / "mention_head.safetensors")
    content = (tmp_path / "mention_head.safetensors").read_bytes()
    record["sha256"] = hashlib.sha256(content).hexdigest()
    (tmp_path / "mention_head.json").write_text(json.dumps(record))
    for load in (load_mention_head, load_mention_scorer):
        with pytest.raises(WeightsCorrupted, match="cannot be read"):
            load(tmp_path)
