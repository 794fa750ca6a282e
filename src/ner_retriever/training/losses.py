"""What a head is trained to make small."""

import torch
from torch import Tensor
from torch.nn import functional


def softmax_loss(
    mentions: Tensor,
    queries: Tensor,
    positive: Tensor,
    temperature: Tensor,
    spared: Tensor | None = None,
) -> Tensor:
    """Contrast mentions with type names, several positives a row, in both directions.

    For each mention, the mean over its types of −log softmax over all types of the batch; for each
    type, the mean over its mentions of −log softmax over all mentions; the mean of the two. It is
    the "out" form of supervised contrastive learning (Khosla et al. 2020, eq. 2), across two kinds
    of rows.

    Args:
        mentions: (m, dimensions), rows of length 1.
        queries: (t, dimensions), rows of length 1.
        positive: (m, t) bool; a row or column without any is a negative to the others alone.
        temperature: scalar by which cosines are divided.
        spared: (m, t) bool, pairs that are neither positive nor negative.

    Returns:
        A scalar.
    """
    logits = mentions @ queries.T / temperature
    if spared is not None:
        logits = logits.masked_fill(spared, -torch.inf)
    return (_direction(logits, positive) + _direction(logits.T, positive.T)) / 2


def triplet_loss(
    anchors: Tensor, positives: Tensor, negatives: Tensor, wrong: Tensor, *, margin: float
) -> Tensor:
    """Ask that a positive be nearer than two negatives, by a margin (paper, section 3.3).

    The distance is 1 − cosine. The two are the anchor's own negative and the hardest of the batch,
    the nearest one that is wrong for it; the loss is the sum of max(0, d(anchor, positive) −
    d(anchor, negative) + margin) over both, in the mean over the anchors.

    Args:
        anchors, positives, negatives: (n, dimensions), rows of length 1; row i is a triplet.
        wrong: (n, n) bool, whether ``negatives[j]`` is wrong for ``anchors[i]``; true for i = j.

    Returns:
        A scalar.
    """
    to_positive = (anchors * positives).sum(dim=1)
    to_negatives = anchors @ negatives.T
    hardest = to_negatives.masked_fill(~wrong, -torch.inf).amax(dim=1)
    own = to_negatives.diagonal()
    return torch.mean(
        functional.relu(own - to_positive + margin)
        + functional.relu(hardest - to_positive + margin)
    )


def _direction(logits: Tensor, positive: Tensor) -> Tensor:
    chosen = functional.log_softmax(logits, dim=1).masked_fill(~positive, 0.0).sum(dim=1)
    counts = positive.sum(dim=1)
    return -torch.mean((chosen / counts.clamp(min=1))[counts > 0])
