"""A head computes what it should, survives the disk, and is refused where it doesn't belong."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ner_retriever.backbone.known import KNOWN
from ner_retriever.config import PRESETS
from ner_retriever.errors import (
    FingerprintMismatch,
    ModelError,
    WeightsCorrupted,
    WeightsNotFound,
)
from ner_retriever.hashing import sha256_of
from ner_retriever.heads.projection.files import load_head, save_head
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.heads.projection.published import read_published_head
from ner_retriever.heads.projection.record import check_head, find_head, imported_heads, read_record

PUBLISHED = Path(__file__).parents[2] / "shared/data/published-head/contrastive_projection_head.pth"


def silu(x: float) -> float:
    return x / (1 + np.exp(-x))


@pytest.fixture
def by_hand() -> ProjectionHead:
    """2 → 2 → 2: the hidden layer doubles and adds (0, 1), the output layer swaps and adds."""
    head = ProjectionHead(2, 2, 2).eval().requires_grad_(False)
    head.first.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 2.0]]))
    head.first.bias.copy_(torch.tensor([0.0, 1.0]))
    head.second.weight.copy_(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    head.second.bias.copy_(torch.tensor([1.0, 0.0]))
    return head


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_head(tmp_path, ProjectionHead(4, 3, 2), backbone="b", site="s", notes={"made": "here"})
    return tmp_path


def test_forward_by_hand(by_hand: ProjectionHead) -> None:
    # (1, 0) → first: (2, 1) → SiLU → swapped: (silu(1) + 1, silu(2))
    x, y = silu(1) + 1, silu(2)
    expected = [x / np.hypot(x, y), y / np.hypot(x, y)]
    for projected in (by_hand.mentions, by_hand.queries):
        np.testing.assert_allclose(projected(torch.tensor([[1.0, 0.0]])), [expected], rtol=1e-6)


def test_centring_and_scale_come_before_the_layers(by_hand: ProjectionHead) -> None:
    expected = by_hand.mentions(torch.tensor([[1.0, 0.0]]))
    by_hand.mention_mean.copy_(torch.tensor([3.0, 1.0]))
    by_hand.query_mean.copy_(torch.tensor([0.0, 5.0]))
    by_hand.scale.fill_(0.5)
    torch.testing.assert_close(by_hand.mentions(torch.tensor([[5.0, 1.0]])), expected)
    torch.testing.assert_close(by_hand.queries(torch.tensor([[2.0, 5.0]])), expected)


def test_rows_have_length_1() -> None:
    rows = ProjectionHead(4, 3, 2).eval().mentions(torch.randn(20, 4) * 100)
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(20))


def test_dropout_is_for_training_only() -> None:
    head = ProjectionHead(4, 64, 8, dropout=0.5)
    vectors = torch.randn(3, 4)
    assert not torch.equal(head.train().mentions(vectors), head.mentions(vectors))
    assert torch.equal(head.eval().mentions(vectors), head.mentions(vectors))


def test_a_head_survives_the_disk(tmp_path: Path) -> None:
    head = ProjectionHead(4, 3, 2).eval()
    head.mention_mean.fill_(0.5)
    head.query_mean.fill_(-0.5)
    head.scale.fill_(3.0)
    save_head(tmp_path / "new" / "head", head, backbone="b", site="s", notes={"score": 0.5})
    loaded, record = load_head(tmp_path / "new" / "head")
    vectors = torch.randn(5, 4)
    assert torch.equal(loaded.mentions(vectors), head.mentions(vectors))
    assert torch.equal(loaded.queries(vectors), head.queries(vectors))
    assert (loaded.training, loaded.first.weight.requires_grad) == (False, False)
    assert (record.width, record.hidden, record.dimensions) == (4, 3, 2)
    assert (record.backbone, record.site, record.notes) == ("b", "s", {"score": 0.5})
    file = tmp_path / "new" / "head" / "head.safetensors"
    assert record.fingerprint == sha256_of(file)[:16]


def test_weights_of_half_precision_are_computed_with_in_single(folder: Path) -> None:
    weights = {k: v.half() for k, v in load_file(folder / "head.safetensors").items()}
    replace_weights(folder, weights)
    assert load_head(folder)[0].mentions(torch.ones(1, 4)).dtype == torch.float32


def replace_weights(folder: Path, weights: dict[str, Tensor], **changes: Any) -> None:
    """Write weights whose hash is right."""
    file = folder / "head.safetensors"
    save_file(weights, file)
    change_record(folder, sha256=sha256_of(file), **changes)


def change_record(folder: Path, **changes: Any) -> None:
    record = json.loads((folder / "head.json").read_text())
    (folder / "head.json").write_text(json.dumps({**record, **changes}))


def refused(folder: Path) -> str:
    with pytest.raises(WeightsCorrupted) as caught:
        load_head(folder)
    message = str(caught.value)
    assert message.endswith("copy the head anew, or train it again")
    assert "\n" not in message
    return message


def test_changed_weights_are_refused(folder: Path) -> None:
    file = folder / "head.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert "is damaged or another file" in refused(folder)


def test_missing_files_are_refused(folder: Path) -> None:
    (folder / "head.safetensors").unlink()
    assert "head.safetensors cannot be read" in refused(folder)
    (folder / "head.json").unlink()
    assert "head.json cannot be read" in refused(folder)


def test_weights_that_are_not_safetensors_are_refused(folder: Path) -> None:
    file = folder / "head.safetensors"
    file.write_bytes(pickle.dumps({"first.weight": 1}))
    change_record(folder, sha256=sha256_of(file))
    assert "head.safetensors cannot be read" in refused(folder)


def test_weights_of_other_shapes_than_the_record_says_are_refused(folder: Path) -> None:
    change_record(folder, hidden=5)
    assert "cannot be read" in refused(folder)


def test_weights_with_a_layer_missing_or_too_many_are_refused(folder: Path) -> None:
    weights = load_file(folder / "head.safetensors")
    bias = weights.pop("second.bias")
    replace_weights(folder, weights)
    refused(folder)
    replace_weights(folder, {**weights, "second.bias": bias, "third.bias": bias.clone()})
    refused(folder)


def test_a_record_of_gigabytes_allocates_none(folder: Path) -> None:
    # 65,536 × 65,536 numbers would take 17 GB.
    change_record(folder, width=1 << 16, hidden=1 << 16, dimensions=1 << 16)
    assert "cannot be read" in refused(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 1 << 40}, "width must be 1 to 65536, not 1099511627776"),
        ({"hidden": 0}, "hidden must be 1 to 65536, not 0"),
        ({"dimensions": "2"}, "dimensions must be 1 to 65536, not '2'"),
        ({"sha256": 5}, "sha256 must be a string, not 5"),
        ({"format": 2}, "a head of format 2; this version reads 1"),
        ({"licence": "mine"}, "unknown key 'licence'"),
    ],
)
def test_a_wrong_record_is_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    change_record(folder, **changes)
    assert message in refused(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
def test_a_record_that_is_no_mapping_is_refused(folder: Path, content: bytes) -> None:
    (folder / "head.json").write_bytes(content)
    refused(folder)


def test_a_head_is_for_one_backbone_and_site(folder: Path) -> None:
    record = read_record(folder)
    check_head(record, backbone="b", site="s")
    with pytest.raises(FingerprintMismatch, match=r"another backbone \(b, not c\); use the preset"):
        check_head(record, backbone="c", site="s")
    with pytest.raises(FingerprintMismatch, match=r"another site \(s, not t\)"):
        check_head(record, backbone="b", site="t")


def test_a_head_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot write a head into"):
        save_head(tmp_path / "file", ProjectionHead(4, 3, 2), backbone="b", site="s", notes={})
    (tmp_path / "head.safetensors").mkdir()
    with pytest.raises(ModelError, match="cannot write a head into"):
        save_head(tmp_path, ProjectionHead(4, 3, 2), backbone="b", site="s", notes={})


def test_heads_are_found_by_folder_or_name(folder: Path) -> None:
    assert find_head(str(folder)) == folder
    imported = imported_heads() / "mine"
    save_head(imported, ProjectionHead(4, 3, 2), backbone="b", site="s", notes={})
    assert find_head("mine") == imported
    with pytest.raises(WeightsNotFound, match=r"no head 'other'.*ner-retriever heads import"):
        find_head("other")


def published(**changes: Any) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    return {
        "net.0.weight": torch.randn(3, 4, generator=generator),
        "net.0.bias": torch.randn(3, generator=generator),
        "net.3.weight": torch.randn(2, 3, generator=generator),
        "net.3.bias": torch.randn(2, generator=generator),
        **changes,
    }


def check_formula(file: Path, state: dict[str, Tensor]) -> None:
    """The head gives normalize(W2 · silu(W1 · x + b1) + b2), computed here in double precision."""
    w1, b1, w2, b2 = (state[name].double().numpy() for name in sorted(published(), key=layer))
    x = np.random.default_rng(0).normal(size=(7, w1.shape[1])).astype(np.float32)
    hidden = x.astype(np.float64) @ w1.T + b1
    output = (hidden / (1 + np.exp(-hidden))) @ w2.T + b2
    expected = output / np.linalg.norm(output, axis=1, keepdims=True)
    head = read_published_head(file)
    for project in (head.mentions, head.queries):
        np.testing.assert_allclose(project(torch.from_numpy(x)), expected, atol=1e-5)


def layer(name: str) -> tuple[str, bool]:
    """Sort weights before biases, layer by layer."""
    return name[:5], name.endswith("bias")


def test_a_published_head_is_the_plain_formula(tmp_path: Path) -> None:
    file = tmp_path / "head.pth"
    torch.save(published(), file)
    check_formula(file, published())


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the authors' head is not on this machine")
def test_the_authors_head_is_the_plain_formula() -> None:
    state = torch.load(PUBLISHED, map_location="cpu", weights_only=True)
    head = read_published_head(PUBLISHED)
    assert (head.width, head.first.out_features, head.dimensions) == (1024, 500, 500)
    check_formula(PUBLISHED, state)


def test_an_imported_head_stays_what_it_was(tmp_path: Path) -> None:
    torch.save(published(), tmp_path / "head.pth")
    head = read_published_head(tmp_path / "head.pth")
    save_head(tmp_path / "out", head, backbone="b", site="s", notes={})
    vectors = torch.randn(3, 4)
    assert torch.equal(load_head(tmp_path / "out")[0].mentions(vectors), head.mentions(vectors))


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self._target),)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("plain", [True, False])
def test_a_pickle_bomb_does_not_go_off(tmp_path: Path, plain: bool) -> None:
    file, target = tmp_path / "head.pth", tmp_path / "burst"
    bomb = published(**{"net.0.bias": Bomb(target)})
    if plain:
        file.write_bytes(pickle.dumps(bomb))
    else:
        torch.save(bomb, file)
    with pytest.raises(WeightsCorrupted, match="not a PyTorch state dict of tensors alone"):
        read_published_head(file)
    assert not target.exists()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ([1, 2], "must hold net.0.weight, net.0.bias, net.3.weight, net.3.bias and nothing else"),
        ({"net.0.weight": torch.zeros(2, 2)}, "and nothing else"),
        (published(extra=torch.zeros(1)), "and nothing else"),
        (published(**{"net.0.bias": "abc"}), "something else than tensors of real numbers"),
        (published(**{"net.0.bias": torch.zeros(3).long()}), "something else than tensors"),
        (published(**{"net.0.weight": torch.zeros(3)}), "weights that are not matrices"),
        (published(**{"net.3.weight": torch.zeros(2, 5)}), "layers that don't fit each other"),
        (published(**{"net.0.bias": torch.zeros(4)}), "layers that don't fit each other"),
    ],
)
def test_what_is_not_the_published_head_is_refused(
    tmp_path: Path, state: Any, message: str
) -> None:
    file = tmp_path / "head.pth"
    torch.save(state, file)
    with pytest.raises(WeightsCorrupted, match=message):
        read_published_head(file)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_published_head_is_refused(tmp_path: Path, zipped: bool) -> None:
    file = tmp_path / "head.pth"
    torch.save(published(), file, _use_new_zipfile_serialization=zipped)
    content = file.read_bytes()
    for size in range(0, len(content) - 8, 37):
        file.write_bytes(content[:size])
        with pytest.raises(WeightsCorrupted):
            read_published_head(file)


def test_a_published_head_that_is_missing_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFound, match="no file"):
        read_published_head(tmp_path / "head.pth")
    with (tmp_path / "big.pth").open("wb") as stream:
        stream.truncate((64 << 20) + 1)
    with pytest.raises(WeightsCorrupted, match="over 64 MiB"):
        read_published_head(tmp_path / "big.pth")


@pytest.mark.parametrize("name", ["minilm", "mpnet", "smollm2"])
def test_the_bundled_heads_are_sound_and_fit_their_presets(name: str) -> None:
    preset = PRESETS[name]
    head, record = load_head(find_head(str(preset.head)))
    backbone = KNOWN[preset.backbone].fingerprint(preset.backbone)
    check_head(record, backbone=backbone, site=preset.site_fingerprint)
    assert (head.width, head.dimensions) == (record.width, 256)
