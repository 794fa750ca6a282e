"""From training texts to what a mention head is trained on."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ner_retriever.errors import InputError
from ner_retriever.reading.extractor import Extractor
from ner_retriever.training.detection.augmentation import augmented
from ner_retriever.training.detection.config import DetectionConfig
from ner_retriever.training.detection.documents import make_documents
from ner_retriever.training.detection.examples import held_out, make_examples
from ner_retriever.training.detection.loop import Material
from ner_retriever.training.detection.states import read_states
from ner_retriever.training.detection.teacher import teacher_finds
from ner_retriever.training.typed_mentions import TypedText


def gather(
    texts: Sequence[TypedText],
    lexicon: Collection[str],
    extractor: Extractor,
    config: DetectionConfig,
    cache: Path,
    *,
    adapter: str,
    progress: Callable[[str, int, int], None],
) -> Material:
    """Have a teacher and the backbone read texts, and part them.

    Nothing that is read depends on the fold, so that one reading serves all folds.

    Args:
        lexicon: names of things, lower-case.
        cache: a folder for what was read.
        adapter: names the low-rank updates that the backbone has.
        progress: called with (what is done, how much is done, how much there is).

    Raises:
        InputError: there is nothing to train on, or nothing complete to measure on.
    """
    finds = teacher_finds(texts, config.teacher, cache, progress=partial(progress, "teacher"))
    examples = make_examples(texts, finds, lexicon, config)
    out = held_out(examples, config)
    complete = [example.source in config.complete for example in examples]
    if out.all() or not (out & complete).any():
        raise InputError(
            f"of {len(texts):,} texts, one of {config.folds} folds holds none of a complete source "
            f"({', '.join(config.complete)}); give more texts, fewer folds, or name the source of "
            "texts whose every mention is annotated in the configuration, complete"
        )
    others, originals = augmented(examples, config.varied, config.seed)
    usable = [example for example, is_out in zip(examples, out, strict=True) if not is_out]
    documents = make_documents(
        usable,
        paragraphs=round(config.paragraphs * len(usable) / 100),
        lists=round(config.lists * len(usable) / 100),
        seed=config.seed,
    )
    examples += others + documents
    states = read_states(
        extractor,
        [example.text for example in examples],
        cache,
        adapter=adapter,
        progress=partial(progress, "reading"),
    )
    return Material(
        examples=examples,
        states=states,
        held_out=np.concatenate([out, np.zeros(len(others) + len(documents), bool)]),
        training=~np.concatenate([out, out[originals], np.zeros(len(documents), bool)]),
    )
