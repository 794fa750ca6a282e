"""What training a mention head leaves behind: the mention head, its log, its model card."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ner_retriever import environment
from ner_retriever.config import Preset
from ner_retriever.errors import ModelError
from ner_retriever.heads.mention.files import save_mention_head
from ner_retriever.heads.mention.record import MentionHeadRecord
from ner_retriever.markdown import table
from ner_retriever.training.detection.config import DetectionConfig
from ner_retriever.training.detection.loop import TrainedDetector
from ner_retriever.training.detection.measure import BUDGETS
from ner_retriever.training.sources import NOT_STATED, SOURCES, count_sources
from ner_retriever.training.typed_mentions import TypedText

CARD_NAME = "README.md"

_USE = """\
## Intended use

Finding the mentions of entities in English texts, whatever their type, in the pass that embeds
them. Each mention has a score, stored with it, so that a search can ask for surer ones.

## Limits

- The data are English. In other languages it finds names by their case and place, and misses many.
- A score is how likely such a run of words was annotated in texts like those of the data, which
  annotate names and some ordinary nouns. It is no probability for a text of another kind.
- It reads with the backbone and adapter that it was trained on and is refused for any other.
"""


def write_mention_head(
    folder: Path,
    trained: TrainedDetector,
    config: DetectionConfig,
    *,
    texts: Sequence[TypedText],
    fingerprints: Mapping[str, str],
    preset: Preset,
    files: Sequence[str],
    seconds: float,
) -> None:
    """Write a trained mention head and what tells of its making.

    Args:
        texts: what it was trained on.
        fingerprints: of ``backbone``, ``site`` and ``adapter``.
        files: names of the files that the texts come from.
        seconds: that training took.

    Raises:
        ModelError: the folder cannot be written.
    """
    notes = {
        "data": list(files),
        "sources": count_sources(texts),
        "config": config.to_record(),
        "seconds": round(seconds),
        "commit": environment.commit(),
        "versions": environment.versions(),
        "recall": {key: trained.log[-1][key] for key in trained.log[-1] if key not in _OF_A_STEP},
    }
    record = MentionHeadRecord(
        backbone=fingerprints["backbone"],
        site=fingerprints["site"],
        adapter=fingerprints["adapter"],
        width=trained.head.width,
        hidden=trained.head.hidden,
        longest=trained.head.longest,
        threshold=trained.threshold,
        nested=config.nested,
        kinds=trained.head.kind is not None,
        borders=trained.head.border is not None,
        notes=notes,
    )
    save_mention_head(folder, trained.head, record)
    lines = [json.dumps(line) + "\n" for line in trained.log]
    try:
        (folder / "log.jsonl").write_text("".join(lines), encoding="utf-8")
        card = mention_card(record, preset)
        (folder / CARD_NAME).write_text(card, encoding="utf-8")
    except OSError as error:
        raise ModelError(
            f"cannot write into {folder} ({error}); choose a folder that can be written"
        ) from error


_OF_A_STEP = {"epoch", "loss"}


def mention_card(record: MentionHeadRecord, preset: Preset) -> str:
    """Describe a mention head in Markdown.

    Args:
        record: with the notes that :func:`write_mention_head` makes.
        preset: what it was trained for.
    """
    notes = record.notes
    config = DetectionConfig.from_record(notes["config"])
    adapter = f"with the adapter `{record.adapter[:16]}`" if record.adapter else "as published"
    parts = [
        f"# Mention head for {preset.name}",
        "",
        "A mention head for ner-retriever: it finds mentions of entities by the states that a",
        "backbone has of a text's words.",
        "",
        f"- **Backbone:** `{preset.backbone}`, fingerprint `{record.backbone}`, {adapter}",
        f"- **States:** what the {preset.site.component} site of block {preset.site.block} is taken"
        f" from; fingerprint `{record.site}`",
        f"- **Network:** {record.width} numbers a word to {record.hidden}, two convolutions over "
        f"five words, a bilinear form of the first and last of at most {record.longest} words",
        f"- **Threshold:** {record.threshold}, at which held-out texts have one mention in "
        f"{config.words_a_mention} words",
        "",
        "## Data",
        "",
        table(
            ["source", "texts", "mentions", "annotates", "licence"],
            [_source(source, counts, config) for source, counts in notes["sources"].items()],
        ),
        "",
        f"What nobody annotated but `{config.teacher}` found counts {config.floor} where "
        f"everything is annotated; elsewhere {config.agreed} if it is a name of {config.lexicon}, "
        "and neither for nor against if it isn't."
        if config.teacher
        else "What nobody annotated counts as no mention.",
        "",
        "## Measured",
        "",
        "On held-out texts, recall of annotated mentions (both borders / any overlap) when so many "
        "mentions are found for each annotated one:",
        "",
        table(
            ["source", *(f"{budget} found" for budget in BUDGETS)],
            [
                [source, *(_pair(values[str(budget)]) for budget in BUDGETS)]
                for source, values in notes["recall"].items()
            ],
        ),
        "",
        _USE,
    ]
    return "\n".join(parts)


def _source(source: str, counts: Mapping[str, Any], config: DetectionConfig) -> list[str]:
    known = SOURCES.get(source)
    return [
        source,
        f"{counts['texts']:,}",
        f"{counts['mentions']:,}",
        "everything" if source in config.complete else "some",
        known.licence if known else NOT_STATED,
    ]


def _pair(values: Sequence[float]) -> str:
    exact, overlap = values
    return f"{exact:.3f} / {overlap:.3f}"
