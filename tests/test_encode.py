"""From text and spans to vectors: the right tokens, the right window, the right order."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ner_retriever.backbone.engine import Pending
from ner_retriever.backbone.loading import load_backbone
from ner_retriever.backbone.tokenizer import TextTokenizer, Tokens
from ner_retriever.backbone.torch_backbone import TorchBackbone
from ner_retriever.backbone.weights import Weights, find_weights
from ner_retriever.backbone.windows import Window
from ner_retriever.config import PRESETS, EngineName, Pooling, Preset, Site, load_preset
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError, FingerprintMismatch, QueryError, UnsupportedModel
from ner_retriever.heads.projection.files import save_head
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.reading.embedding import Heads
from ner_retriever.reading.encoder import Encoder, load_encoder
from ner_retriever.reading.extractor import Extractor, Vectors
from toys import (
    CAUSAL,
    MODULES,
    LetterBackbone,
    byte_tokenizer,
    projector,
    save_tiny_preset,
    text_tokenizer,
    tiny_model,
    word_tokenizer,
)

row = LetterBackbone.row
SITE = Site(component="value", block=1, pooling="mean")


def letters(*, pooling: Pooling = "last", **changes: Any) -> tuple[LetterBackbone, Extractor]:
    backbone = LetterBackbone(pooling)
    preset = Preset(name="letters", backbone="letters", site=SITE, **changes)
    return backbone, Extractor(preset, backbone, "letters")  # type: ignore[arg-type]


def tiny(family: str, *, tokenizer: Any = None, max_tokens: int = 40) -> Extractor:
    tokenizer = tokenizer or text_tokenizer(special=family not in CAUSAL)
    backbone = TorchBackbone(tiny_model(family), tokenizer, SITE)
    preset = Preset(name=family, backbone=family, site=SITE, max_tokens=max_tokens)
    return Extractor(preset, backbone, family)


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("first", row(c=0.5, d=1, e=0.25)),
        ("last", row(e=0.5, f=1, end=0.25)),
        ("mean", row(c=0.5, d=1.5, e=1.75, f=1.25, end=0.25) / 3),
    ],
)
def test_a_mention_gets_its_own_tokens(pooling: Pooling, expected: np.ndarray) -> None:
    _, extractor = letters(pooling=pooling)
    (vectors,) = extractor.mentions(["abc def"], [[Span(4, 7)]])
    np.testing.assert_allclose(vectors, [expected], rtol=1e-6)
    assert vectors.dtype == np.float32


def test_special_tokens_and_prefix_stand_around_a_text() -> None:
    _, bare = letters()
    _, prefixed = letters(prefix="xy")
    for extractor, before in ((bare, "start"), (prefixed, "y")):
        (vectors,) = extractor.mentions(["ab"], [[Span(0, 1), Span(1, 2)]])
        np.testing.assert_array_equal(
            vectors, [row(**{before: 0.5}, a=1, b=0.25), row(a=0.5, b=1, end=0.25)]
        )


def test_spans_may_overlap_and_stand_in_any_order() -> None:
    _, extractor = letters()
    spans = [Span(2, 3), Span(0, 3), Span(0, 1), Span(2, 3)]
    (vectors,) = extractor.mentions(["abc"], [spans])
    c = row(b=0.5, c=1, end=0.25)
    np.testing.assert_array_equal(vectors, [c, c, row(start=0.5, a=1, b=0.25), c])


def test_a_span_of_dropped_characters_gets_a_neighbour() -> None:
    _, extractor = letters()
    (vectors,) = extractor.mentions(["xy ABC z DEF"], [[Span(3, 6), Span(9, 12)]])
    z = row(y=0.5, z=1, end=0.25)
    np.testing.assert_array_equal(vectors, [z, z])


def test_a_text_of_dropped_characters_is_read_as_a_full_stop() -> None:
    _, extractor = letters()
    vectors = extractor.mentions(["ABC", "a"], [[Span(1, 3), Span(0, 1)], [Span(0, 1)]])
    stop = row(start=0.5, stop=1, end=0.25)
    np.testing.assert_array_equal(vectors[0], [stop, stop])
    np.testing.assert_array_equal(vectors[1], [row(start=0.5, a=1, end=0.25)])


def test_every_mention_of_a_long_sentence_keeps_its_context() -> None:
    backbone, extractor = letters(max_tokens=16)
    text = "abcdefghijklmnopqrstuvwxyz" * 4
    (vectors,) = extractor.mentions([text], [[Span(n, n + 1) for n in range(len(text))]])
    assert max(len(window.ids) for window in backbone.passes[0]) == 16
    for place in range(1, len(text) - 1):
        before, own, after = text[place - 1 : place + 2]
        np.testing.assert_array_equal(vectors[place], row(**{before: 0.5, own: 1, after: 0.25}))


def test_windows_are_cut_between_sentences() -> None:
    backbone, extractor = letters(max_tokens=16)
    text = "abcdef. ghijkl. mnopqr."
    (vectors,) = extractor.mentions([text], [[Span(6, 7), Span(8, 9), Span(16, 17)]])
    np.testing.assert_array_equal(
        vectors,
        [
            row(f=0.5, stop=1, g=0.25),
            row(stop=0.5, g=1, h=0.25),
            row(start=0.5, m=1, n=0.25),
        ],
    )
    assert sorted(len(window.ids) for window in backbone.passes[0]) == [9, 16]


def test_a_mention_longer_than_a_window_keeps_what_fits() -> None:
    _, extractor = letters(pooling="mean", max_tokens=16)
    (vectors,) = extractor.mentions(["a" * 50], [[Span(0, 50)]])
    expected = row(start=0.5, a=14 + 13 * 0.5 + 13 * 0.25, end=0.25) / 14
    np.testing.assert_allclose(vectors, [expected], rtol=1e-6)


def test_a_text_without_mentions_is_not_read() -> None:
    backbone, extractor = letters()
    vectors = extractor.mentions(["ab", "cd", "ef"], [[], [Span(0, 1)], []])
    assert [rows.shape for rows in vectors] == [(0, 29), (1, 29), (0, 29)]
    assert [len(windows) for windows in backbone.passes] == [1]
    assert extractor.width == 29
    backbone.passes.clear()
    assert [rows.shape for rows in extractor.mentions(["ab", ""], [[], []])] == [(0, 29), (0, 29)]
    assert backbone.passes == []


def test_only_the_windows_of_mentions_are_read() -> None:
    backbone, extractor = letters(max_tokens=16)
    extractor.mentions(["abcdefghijklm. " * 20], [[Span(150, 153)]])
    assert [len(windows) for windows in backbone.passes] == [1]


def test_a_batch_is_bounded() -> None:
    backbone, extractor = letters()
    generator = np.random.default_rng(0)
    texts = ["a" * size for size in generator.integers(1, 200, 150)]
    extractor.mentions(texts, [[Span(0, 1)]] * len(texts))
    assert sum(len(windows) for windows in backbone.passes) == 150
    assert len(backbone.passes) < 30
    for windows in backbone.passes:
        assert len(windows) * max(len(window.ids) for window in windows) <= backbone.batch_tokens


def test_texts_and_spans_of_different_number_are_refused() -> None:
    _, extractor = letters()
    with pytest.raises(ValueError, match="zip"):
        extractor.mentions(["a", "b"], [[Span(0, 1)]])


def test_a_query_is_read_in_its_template_after_the_prefix() -> None:
    _, extractor = letters(pooling="first", prefix="q", query_template="of a {query}, no")
    np.testing.assert_array_equal(
        extractor.queries(["  Big\tCity ", "x"]), [row(a=0.5, b=1, i=0.25), row(a=0.5, x=1, n=0.25)]
    )
    _, bare = letters(prefix="q")
    np.testing.assert_array_equal(bare.queries(["x"]), [row(q=0.5, x=1, end=0.25)])


def test_a_querys_case_is_kept_where_the_preset_says_so() -> None:
    _, extractor = letters(lower_case_queries=False)
    np.testing.assert_array_equal(extractor.queries(["aB"]), [row(start=0.5, a=1, end=0.25)])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "holds no word"),
        (" \t\n", "holds no word"),
        ("?!…", "holds no word"),
        ("museum\ud800", "half of a surrogate pair"),
        ("x" * 1001, "1001 characters"),
    ],
)
def test_a_query_that_cannot_be_answered(query: str, message: str) -> None:
    _, extractor = letters()
    with pytest.raises(QueryError, match=message):
        extractor.queries(["museum", query])


def test_a_query_longer_than_a_window_keeps_what_fits() -> None:
    _, extractor = letters(max_tokens=16)
    np.testing.assert_array_equal(extractor.queries(["a" * 1000]), [row(a=1.5, end=0.25)])


def test_a_prefix_must_leave_room_for_text() -> None:
    letters(max_tokens=16, prefix="abcdef")
    with pytest.raises(ConfigError, match="leaves 7 tokens for text"):
        letters(max_tokens=16, prefix="abcdefg")


def test_nothing_in_nothing_out() -> None:
    _, extractor = letters()
    head = ProjectionHead(29, 8, 5).eval()
    for encoder, width in (
        (Encoder(extractor, Heads(type=None)), 29),
        (Encoder(extractor, Heads(head and projector(head), fingerprint="h")), 5),
    ):
        assert encoder.dimensions == width
        assert encoder.mentions([], []) == []
        assert encoder.queries([]).shape == (0, width)
        assert [rows.shape for rows in encoder.mentions(["a", "b"], [[], []])] == [(0, width)] * 2


def test_vectors_have_length_1_with_and_without_a_head() -> None:
    _, extractor = letters()
    for head in (None, ProjectionHead(29, 8, 5).eval()):
        encoder = Encoder(extractor, Heads(head and projector(head), fingerprint="h"))
        vectors = encoder.mentions(["ab cd", "e"], [[Span(0, 2), Span(3, 5)], [Span(0, 1)]])
        lengths = np.linalg.norm(np.concatenate([*vectors, encoder.queries(["f"])]), axis=1)
        np.testing.assert_allclose(lengths, np.ones(4), rtol=1e-6)


def test_mentions_and_queries_are_centred_apart() -> None:
    _, extractor = letters()
    head = ProjectionHead(29, 8, 5).eval()
    head.query_mean.fill_(0.5)
    encoder = Encoder(extractor, Heads(head and projector(head), fingerprint="h"))
    as_mention = encoder.mentions(["a"], [[Span(0, 1)]])[0]
    assert not np.allclose(as_mention, encoder.queries(["a"]), atol=1e-3)
    head.mention_mean.fill_(0.5)
    np.testing.assert_array_equal(
        encoder.mentions(["a"], [[Span(0, 1)]])[0], encoder.queries(["a"])
    )


TEXTS = [
    "The Louvre is in Paris.",
    "Ein Stegosaurus 🦕 im Café!\r\nZweite Zeile.",
    "東京タワーは東京にある。" * 4,
    "x",
]
SPANS = [
    [Span(4, 10), Span(17, 22)],
    [Span(4, 15), Span(16, 17), Span(21, 25)],
    [Span(0, 5), Span(38, 40)],
    [Span(0, 1)],
]


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_batch_and_order_change_no_vector(family: str) -> None:
    extractor = tiny(family)
    together = extractor.mentions(TEXTS, SPANS)
    backwards = extractor.mentions(TEXTS[::-1], SPANS[::-1])[::-1]
    for text, spans, one, other in zip(TEXTS, SPANS, together, backwards, strict=True):
        alone = extractor.mentions([text], [spans])[0]
        np.testing.assert_allclose(one, alone, atol=2e-6)
        np.testing.assert_allclose(other, alone, atol=2e-6)


def test_a_tokenizer_that_would_truncate_and_pad_does_not() -> None:
    given = byte_tokenizer(special=True).backend_tokenizer
    given.enable_truncation(5)
    given.enable_padding(length=128)
    tokenizer = TextTokenizer(given)
    assert [len(tokens.ids) for tokens in tokenizer.tokenize(["a" * 300, "a"])] == [300, 1]


SIGNS = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from(
        "the museum. 東京カ。한é\u0301\u200d\ufe0f🦕👩\u200d🚒🇫🇷\r\n\0\u200b\u00ad\x85\u2028İß"
    ),
)


@cache
def tiny_readers() -> dict[str, Extractor]:
    return {
        "bert-bytes": tiny("bert"),
        "bert-words": tiny("bert", tokenizer=TextTokenizer(word_tokenizer().backend_tokenizer)),
        "llama-bytes": tiny("llama"),
    }


@pytest.mark.parametrize("name", ["bert-bytes", "bert-words", "llama-bytes"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_span_of_any_text_gets_one_vector(name: str, data: st.DataObject) -> None:
    extractor = tiny_readers()[name]
    text = data.draw(st.text(SIGNS, min_size=1, max_size=60))
    places = st.integers(0, len(text) - 1)
    pairs = data.draw(st.lists(st.tuples(places, places), min_size=1, max_size=4))
    spans = [Span(min(pair), max(pair) + 1) for pair in pairs]
    (vectors,) = extractor.mentions([text], [spans])
    assert vectors.shape == (len(spans), extractor.width)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_a_characters_bytes_are_its_tokens(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = TorchBackbone(tiny_model(family), text_tokenizer(special=family == "bert"), SITE)
    read: list[Window] = []

    begin = backbone.begin

    def watched(windows: list[Window]) -> Pending:
        read.extend(windows)
        return begin(windows)

    monkeypatch.setattr(backbone, "begin", watched)
    extractor = Extractor(Preset(name="t", backbone="t", site=SITE), backbone, "t")
    extractor.mentions(["aé東🦕b"], [[Span(n, n + 1) for n in range(5)]])
    bytes_before = np.array([[0, 1], [1, 3], [3, 6], [6, 10], [10, 11]])
    np.testing.assert_array_equal(read[0].ranges, bytes_before + len(backbone.before))


def test_texts_of_several_buffers_are_read_as_those_of_one() -> None:
    texts = ["ab.", "c", "", "abc de f.", "f"]
    spans = [[Span(0, 1), Span(1, 2)], [Span(0, 1)], [], [Span(4, 6)], [Span(0, 1)]]
    backbone, extractor = letters()
    expected = extractor.mentions(texts, spans)
    assert len(backbone.passes) == 1
    backbone.buffer_texts = 2
    for found, its in zip(extractor.mentions(texts, spans), expected, strict=True):
        np.testing.assert_array_equal(found, its)
    assert [len(batch) for batch in backbone.passes[1:]] == [2, 1, 1]


def test_the_next_buffer_is_tokenised_and_sent_before_vectors_are_fetched() -> None:
    happened: list[str] = []

    backbone, extractor = letters()
    tokenize, begin, project = backbone.tokenize, backbone.begin, backbone.project

    def tokenized(texts: Sequence[str]) -> list[Tokens]:
        happened.append("tokenise")
        return tokenize(texts)

    def sent(windows: list[Window]) -> Pending:
        happened.append("send")
        return begin(windows)

    def fetched(read: Vectors, windows: list[Window]) -> Vectors:
        happened.append("fetch")
        return project(read, windows)

    backbone.buffer_texts = 1
    backbone.tokenize = tokenized  # type: ignore[method-assign]
    backbone.begin, backbone.project = sent, fetched  # type: ignore[method-assign]
    extractor.mentions(["a", "b", "c"], [[Span(0, 1)]] * 3)
    first, rest = ["tokenise", "send"], ["tokenise", "send", "fetch"]
    assert happened == [*first, *rest, *rest, "fetch"]


def test_a_head_of_another_backbone_or_site_is_refused(tmp_path: Path) -> None:
    file = save_tiny_preset(tmp_path, head=str(tmp_path / "head"))
    preset = load_preset(str(file))
    backbone = find_weights(preset.backbone).fingerprint
    head = ProjectionHead(32, 8, 5)

    def save(**changes: str) -> None:
        fingerprints = {"backbone": backbone, "site": preset.site_fingerprint, **changes}
        save_head(tmp_path / "head", head, **fingerprints, notes={})

    save()
    encoder = load_encoder(preset)
    assert encoder.dimensions == 5
    assert encoder.fingerprints["backbone"] == backbone
    for what in ("backbone", "site"):
        save(**{what: "another"})
        with pytest.raises(FingerprintMismatch, match=f"trained on another {what} .another, not"):
            load_encoder(preset)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"\0garbage", b"[1]", None])
@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_a_damaged_model_is_refused_on_one_line(
    tmp_path: Path, file: str, content: bytes | None, engine: EngineName
) -> None:
    save_tiny_preset(tmp_path)
    folder = tmp_path / "bert"
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(UnsupportedModel, match="cannot be loaded: ") as caught:
        load_backbone(Weights(folder=folder, fingerprint="", origin=""), SITE, engine=engine)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_a_model_that_lacks_weights_is_refused(tmp_path: Path, engine: EngineName) -> None:
    model = tiny_model("bert")
    folder = tmp_path / "bert"
    save_tiny_preset(tmp_path)
    weights = model.state_dict()
    name = "encoder.layer.0.attention.self.value.weight"
    pooler = {key: value for key, value in weights.items() if not key.startswith("pooler.")}
    model.save_pretrained(folder, state_dict=pooler)
    load_backbone(Weights(folder=folder, fingerprint="", origin=""), SITE, engine=engine)
    del weights[name]
    model.save_pretrained(folder, state_dict=weights)
    with pytest.raises(UnsupportedModel, match=f"lacks .*the model's weights.* {name}"):
        load_backbone(Weights(folder=folder, fingerprint="", origin=""), SITE, engine=engine)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "family"), [("minilm", "bert"), ("mpnet", "mpnet"), ("smollm2", "llama")]
)
def test_real_weights_give_what_a_hook_on_the_full_model_gives(name: str, family: str) -> None:
    from transformers import AutoModel, AutoTokenizer

    text, span = "The Louvre is in Paris, on the right bank.", Span(4, 10)
    preset = PRESETS[name]
    weights = find_weights(preset.backbone)
    model = AutoModel.from_pretrained(weights.folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(weights.folder)
    module = model.get_submodule(MODULES[family]["value"].format(preset.site.block))
    rows: list[torch.Tensor] = []
    module.register_forward_hook(lambda _module, _args, output: rows.append(output[0]))
    read = tokenizer(preset.prefix + text, return_tensors="pt", return_offsets_mapping=True)
    with torch.inference_mode():
        model(input_ids=read["input_ids"], attention_mask=read["attention_mask"])
    start, end = span.start + len(preset.prefix), span.end + len(preset.prefix)
    offsets = read["offset_mapping"][0]
    inside = (offsets[:, 0] < end) & (offsets[:, 1] > start) & (offsets[:, 0] < offsets[:, 1])
    tokens = rows[0][inside]
    expected = tokens.mean(dim=0) if preset.site.pooling == "mean" else tokens[-1]

    backbone = load_backbone(weights, preset.site, device="cpu")
    (vectors,) = Extractor(preset, backbone, "").mentions([text], [[span]])
    assert len(tokens) > 0
    np.testing.assert_allclose(vectors[0], expected.numpy(), atol=1e-5)
