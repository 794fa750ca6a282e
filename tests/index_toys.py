"""Documents for tests of the index."""

from typing import Any

import numpy as np


def in_one_sentence(mentions: int) -> dict[str, Any]:
    """The arguments of a record whose mentions stand in one sentence, which has no vector."""
    return {
        "sentences": np.zeros(mentions, np.int32),
        "contexts": np.empty((1, 0), np.float16),
    }
