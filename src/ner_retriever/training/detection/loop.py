"""The training of a mention head on word states."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from ner_retriever.heads.mention.finder import Finder
from ner_retriever.heads.mention.network import MentionHead
from ner_retriever.heads.mention.scorer import MentionScorer
from ner_retriever.heads.mention.words import SHAPES
from ner_retriever.training.ahead import made_ahead
from ner_retriever.training.detection.config import DetectionConfig
from ner_retriever.training.detection.examples import Example, Range
from ner_retriever.training.detection.measure import BUDGETS, Finds, recall, threshold_for
from ner_retriever.training.detection.states import WordStates

_WARM_UP = 100
_LAST_RATE = 0.05
_CLIP = 1.0
_CASELESS = SHAPES.index("caseless")
_CASED = [SHAPES.index(name) for name in ("lower", "capitalised", "initial", "upper", "mixed")]
# Finds that are kept while measuring; thresholds are looked for above it.
_LEAST = 0.005
_MEASURED_WINDOWS = 64


@dataclass(frozen=True, slots=True)
class Material:
    """Examples and the states of their words.

    Attributes:
        examples: texts.
        states: of their windows.
        held_out: which examples are measured on, (examples,) bool.
        training: which are trained on, (examples,) bool.
    """

    examples: Sequence[Example]
    states: WordStates
    held_out: NDArray[np.bool_]
    training: NDArray[np.bool_]

    def held_out_of(self, sources: Collection[str]) -> list[int]:
        """Return the held-out examples of some sources, ascending."""
        return [
            n for n in np.flatnonzero(self.held_out).tolist() if self.examples[n].source in sources
        ]


@dataclass(frozen=True, slots=True)
class TrainedDetector:
    """What training gives.

    Attributes:
        head: the mention head.
        threshold: least detection score of a mention.
        log: a record an epoch.
    """

    head: MentionHead
    threshold: float
    log: list[dict[str, Any]]


def train_detector(
    material: Material,
    config: DetectionConfig,
    *,
    device: str = "cpu",
    report: Callable[[dict[str, Any]], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TrainedDetector:
    """Train a mention head.

    The loss is the binary cross entropy of each run of words with how likely it is a mention,
    summed over the runs that are known of, averaged over words.

    Args:
        device: where the network is trained, as torch names it.
        report: called with each epoch's record.
        progress: called with (steps done, steps in all).
    """
    torch.manual_seed(config.seed)
    random = np.random.default_rng(config.seed)
    head = MentionHead(
        material.states.rows.shape[1],
        config.hidden,
        config.longest,
        dropout=config.dropout,
        kinds=True,
        borders=True,
    ).to(device)
    optimizer = torch.optim.AdamW(
        head.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    parts = material.states.windows
    usable = np.flatnonzero([material.training[part.part.text] for part in parts])
    sizes = np.array([len(parts[number].words.tokens) for number in usable])
    steps = config.epochs * -(-len(usable) // config.batch_texts)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, step / _WARM_UP) * (1 - (1 - _LAST_RATE) * step / steps)
    )
    log: list[dict[str, Any]] = []
    done = 0
    for epoch in range(1, config.epochs + 1):
        losses = []
        head.train()
        drawn = _batches(sizes, config.batch_texts, random)
        for batch in made_ahead(lambda rows: _batch(material, usable[rows], config, random), drawn):
            *inputs, targets, names = (table.to(device) for table in batch)
            _, _, mask, _ = inputs
            odds, kinds = head.score(*inputs)
            loss = _cross_entropy(odds, targets)
            if kinds is not None:
                loss = loss + _cross_entropy(kinds, names)
            loss = loss / mask.sum()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            clip_grad_norm_(head.parameters(), _CLIP)
            optimizer.step()
            rate.step()
            losses.append(loss.item())
            done += 1
            if progress:
                progress(done, steps)
        log.append(
            {"epoch": epoch, "loss": float(np.mean(losses)), **measure(head, material, config)}
        )
        if report:
            report(log[-1])
    threshold = _threshold(head, material, config)
    return TrainedDetector(head.cpu().eval(), threshold, log)


def measure(head: MentionHead, material: Material, config: DetectionConfig) -> dict[str, Any]:
    """Measure recall on held-out texts of each source that is complete, with case and without.

    Returns:
        For each source, and each source "caseless", the exact and the overlap recall at each of
        the ``BUDGETS``.
    """
    result: dict[str, Any] = {}
    for source in config.complete:
        texts = material.held_out_of({source})
        if not texts:
            continue
        gold = [material.examples[text].gold for text in texts]
        for name, caseless in ((source, False), (f"{source} caseless", True)):
            found = find(head, material.states, texts, nested=config.nested, caseless=caseless)
            result[name] = {
                str(budget): [round(its.exact, 4), round(its.overlap, 4)]
                for budget in BUDGETS
                for its in (recall(gold, found, budget),)
            }
    return result


def find(
    head: MentionHead,
    states: WordStates,
    texts: Sequence[int],
    *,
    nested: float,
    caseless: bool = False,
) -> list[Finds]:
    """Find the mentions of texts by their states, all that are not wholly unlikely.

    Args:
        texts: which of the texts, ascending.
        caseless: whether the shapes of words are hidden.
    """
    weights = {name: tensor.cpu().numpy() for name, tensor in head.state_dict().items()}
    finder = Finder(MentionScorer(weights), threshold=_LEAST, nested=nested)
    found: dict[int, dict[Range, float]] = {text: {} for text in texts}
    wanted = [number for number, part in enumerate(states.windows) if part.part.text in found]
    for first in range(0, len(wanted), _MEASURED_WINDOWS):
        numbers = wanted[first : first + _MEASURED_WINDOWS]
        parts = [states.windows[number] for number in numbers]
        words = [
            replace(part.words, shapes=_hidden(part.words.shapes)) if caseless else part.words
            for part in parts
        ]
        rows = np.concatenate([states.of(number) for number in numbers])
        found_in = finder.find(rows.astype(np.float32), words)
        for part, runs in zip(parts, found_in, strict=True):
            for run in filter(part.owns, runs):
                span = part.span(run)
                found[part.part.text][span.start, span.end] = run.score
    return [found[text] for text in texts]


def _threshold(head: MentionHead, material: Material, config: DetectionConfig) -> float:
    """Return the threshold at which texts have one mention in so many words."""
    texts = material.held_out_of(config.complete)
    words = sum(len(material.examples[text].text.split()) for text in texts)
    found = find(head, material.states, texts, nested=config.nested)
    # Finds below the least were left out above, so they cannot be counted on.
    return round(max(threshold_for(found, round(words / config.words_a_mention)), _LEAST), 4)


def _batches(
    sizes: NDArray[np.int64], size: int, random: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return batches of windows of similar length, in random order."""
    order = np.argsort(sizes + random.random(len(sizes)) * 6)
    batches = np.split(order, np.arange(size, len(order), size))
    random.shuffle(batches)
    return batches


def _batch(
    material: Material,
    rows: NDArray[np.int64],
    config: DetectionConfig,
    random: np.random.Generator,
) -> tuple[Tensor, ...]:
    """Return what the head is given of windows, and what it should make of it."""
    hidden = random.random(len(rows)) < config.caseless
    inputs = _inputs(material.states, rows, hidden)
    return *inputs, *_targets(material, rows, inputs[0].shape[1], config.longest)


def _inputs(
    states: WordStates, rows: NDArray[np.int64], caseless: NDArray[np.bool_]
) -> tuple[Tensor, ...]:
    """Return words' states and shapes, which of them are real, and their blocks."""
    counts = [len(states.windows[row].words.tokens) for row in rows]
    shape = (len(rows), max(counts))
    words = np.zeros((*shape, states.rows.shape[1]), np.float32)
    shapes, blocks = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for place, (row, count, without) in enumerate(zip(rows, counts, caseless, strict=True)):
        its_shapes = states.windows[row].words.shapes
        words[place, :count] = states.of(row)
        shapes[place, :count] = _hidden(its_shapes) if without else its_shapes
        blocks[place, :count] = states.windows[row].words.blocks
    mask = np.arange(shape[1]) < np.array(counts)[:, None]
    return tuple(map(torch.from_numpy, (words, shapes, mask, blocks)))


def _hidden(shapes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(np.isin(shapes, _CASED), _CASELESS, shapes)


def _cross_entropy(odds: Tensor, targets: Tensor) -> Tensor:
    """Sum the binary cross entropy over what is possible and known."""
    known = torch.isfinite(odds) & ~torch.isnan(targets)
    return functional.binary_cross_entropy_with_logits(odds[known], targets[known], reduction="sum")


def _targets(
    material: Material, rows: NDArray[np.int64], words: int, longest: int
) -> tuple[Tensor, Tensor]:
    """Return how likely runs of words are mentions, and names; not a number where nobody knows."""
    targets = torch.zeros(len(rows), words, longest)
    names = torch.full(targets.shape, torch.nan)
    for place, row in enumerate(rows):
        part = material.states.windows[row]
        firsts = {start: word for word, start in enumerate(part.words.spans[:, 0].tolist())}
        lasts = {end: word for word, end in enumerate(part.words.spans[:, 1].tolist())}
        example = material.examples[part.part.text]
        for told, table in ((example.targets, targets), (example.names, names)):
            for (start, end), value in told.items():
                first, last = firsts.get(start), lasts.get(end)
                if first is not None and last is not None and 0 <= last - first < longest:
                    table[place, first, last - first] = float(value)
    return targets, names
