"""The bank: what a mention is to types in general is taken off its scores."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ner_retriever.errors import ConfigError, WeightsCorrupted
from ner_retriever.heads.projection.files import load_head, save_head
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.heads.projection.record import HeadRecord
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.bank import choose_bank
from ner_retriever.training.split import Split

WIDTH, DIMENSIONS, BANK = 6, 4, 3


def heads() -> tuple[ProjectionHead, ProjectionHead, Tensor, Tensor]:
    """A head with a bank and the same without; the bank's queries, and mentions."""
    torch.manual_seed(0)
    plain = ProjectionHead(WIDTH, 5, DIMENSIONS).eval()
    banked = ProjectionHead(WIDTH, 5, DIMENSIONS, bank=BANK)
    banked.load_state_dict(plain.state_dict(), strict=False)
    queries, mentions = torch.randn(BANK, WIDTH), torch.randn(20, WIDTH)
    banked.fill_bank(queries, mentions)
    return banked.eval(), plain, queries, mentions


def test_a_banks_vectors_by_hand() -> None:
    banked, plain, bank, mentions = heads()
    types, units = plain.queries(bank).detach().numpy(), plain.mentions(mentions).detach().numpy()
    general = 0.07 * np.log(np.exp(units @ types.T / 0.07).mean(axis=1))
    first = -(general - general.mean()) / 0.5
    expected = np.column_stack([first, units[:, :3]])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(banked.mentions(mentions).detach(), expected, atol=1e-6)
    asked = torch.randn(2, WIDTH)
    expected = np.column_stack([[0.5, 0.5], plain.queries(asked).detach().numpy()[:, :3]])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(banked.queries(asked).detach(), expected, atol=1e-6)


def test_a_surer_mention_comes_first() -> None:
    banked, plain, bank, mentions = heads()
    banked.detection = 0.04
    scores = torch.tensor([1.0, 0.5, 0.1, 0.01, 0.0])
    alike = mentions[:1].expand(5, WIDTH)
    vectors = banked.mentions(alike, scores).detach()
    torch.testing.assert_close(vectors[:1], banked.mentions(mentions[:1]).detach())
    # Below a score of one in a hundred nothing more is taken off.
    torch.testing.assert_close(vectors[3], vectors[4])
    ratio = vectors[:, 0] / vectors[:, 1]
    types, units = plain.queries(bank).detach(), plain.mentions(mentions).detach()
    taken = (ratio[0] - ratio[:4]) * units[0, 0]
    expected = -0.04 * np.log([1, 0.5, 0.1, 0.01]) / 0.5
    np.testing.assert_allclose(taken.numpy(), expected, atol=1e-5)
    asked = banked.queries(types.new_zeros(1, WIDTH)).detach()
    assert (np.diff((vectors @ asked.T)[:4, 0]) < 0).all()


@pytest.mark.parametrize(("bank", "detection"), [(0, 0.1), (3, 1.5), (3, -0.1)])
def test_a_weight_of_detection_is_bounded_and_needs_a_bank(bank: int, detection: float) -> None:
    with pytest.raises(ConfigError, match="detection must be 0 to 1, and 0 without a bank"):
        HeadRecord(
            backbone="b", site="s", width=4, hidden=4, dimensions=4, bank=bank, detection=detection
        )


def test_the_weight_of_detection_is_kept_and_named(tmp_path: Path) -> None:
    banked, *_ = heads()
    names = []
    for detection in (0.0, 0.02):
        banked.detection = detection
        save_head(tmp_path, banked, backbone="b", site="s", notes={})
        head, record = load_head(tmp_path)
        assert head.detection == record.detection == detection
        names.append(record.fingerprint)
    assert names[1] == f"{names[0]}-0.02"


def test_a_mention_that_is_near_to_every_type_falls_back() -> None:
    banked, plain, bank, mentions = heads()
    query = bank[:1]
    near = (plain.mentions(mentions) @ plain.queries(bank).T).mean(dim=1)
    before = (plain.mentions(mentions) @ plain.queries(query).T)[:, 0]
    after = (banked.mentions(mentions) @ banked.queries(query).T)[:, 0]

    def correlation(scores: Tensor) -> float:
        return float(torch.corrcoef(torch.stack([scores, near]).detach())[0, 1])

    assert correlation(after) < correlation(before) - 0.2


def test_a_bank_is_not_used_while_training() -> None:
    banked, plain, bank, mentions = heads()
    for head in (banked, plain):
        head.dropout.p = 0.0
        head.train()
    assert torch.equal(banked.mentions(mentions), plain.mentions(mentions))
    assert torch.equal(banked.queries(bank), plain.queries(bank))


def test_a_head_keeps_its_bank_on_disk(tmp_path: Path) -> None:
    banked, _, _, mentions = heads()
    save_head(tmp_path, banked, backbone="b", site="s", notes={})
    loaded, record = load_head(tmp_path)
    assert record.bank == BANK
    assert torch.equal(loaded.mentions(mentions), banked.mentions(mentions))


@pytest.mark.parametrize("bank", [2, -1, "3", 1 << 20])
def test_a_record_with_another_bank_is_refused(tmp_path: Path, bank: Any) -> None:
    save_head(tmp_path, heads()[0], backbone="b", site="s", notes={})
    file = tmp_path / "head.json"
    said = f'"bank": {bank!r}'.replace("'", '"')
    file.write_text(file.read_text().replace('"bank": 3', said))
    with pytest.raises(WeightsCorrupted):
        load_head(tmp_path)


def test_a_bank_holds_training_types_of_some_mentions() -> None:
    counts = np.array([6, 2, 9, 5, 30])
    types = np.repeat(np.arange(5), counts)
    annotations = Annotations(
        names=tuple("abcde"),
        owners=np.arange(len(types)),
        types=types,
        texts=np.arange(len(types)),
        sources=np.repeat("", len(types)),
    )
    training_types = np.array([True, True, True, True, False])
    parts = Split(training_types, np.array([4]), types != 4, np.flatnonzero(types == 4))
    bank = choose_bank(annotations, parts, 10, seed=0)
    assert sorted(bank.types.tolist()) == [0, 2, 3]
    assert set(bank.mentions.tolist()) == set(range(22))
    assert len(choose_bank(annotations, parts, 2, seed=0).types) == 2
