"""All training texts in one file of typed mentions, without a sentence of any benchmark.

    python scripts/training_data.py --typed typed-mentions.jsonl.gz --written data/written \\
        --lists name-lists.jsonl.gz --exclude few-nerd.jsonl --out training.jsonl.gz

Names that stand in the example corpus are held out of the lists.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path

from ner_retriever.text.gold.inline import read_marked
from ner_retriever.text.readers import read_documents
from ner_retriever.training.lists import read_name_lists
from ner_retriever.training.sources import count_sources
from ner_retriever.training.typed_mentions import TypedText, read_typed_mentions, without


def say(line: str) -> None:
    """Report on standard error."""
    sys.stderr.write(f"{line}\n")


def main() -> None:
    """Read, exclude, write, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("typed", "written", "lists", "exclude"):
        parser.add_argument(f"--{name}", type=Path, action="append", default=[])
    parser.add_argument("--examples", type=Path, default=Path("examples/corpus.jsonl"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    examples = [document.text for document in read_documents([given.examples])]
    texts = read_typed_mentions(given.typed)
    for folder in given.written:
        texts += [
            TypedText(name, "written", marked.text, marked.spans, marked.types)
            for name, marked in read_marked(folder)
        ]
    for file in given.lists:
        made, held_out = read_name_lists(file, held_out=examples, seed=given.seed)
        say(f"{file.name}: {held_out:,} names stand in the example corpus and are held out")
        texts += made
    excluded = (document.text for document in read_documents(given.exclude))
    kept = without(texts, [*excluded, *examples])
    say(f"{len(texts) - len(kept):,} texts hold a sentence of a benchmark and are left out")
    with gzip.open(given.out, "wt", encoding="utf-8") as stream:
        for text in kept:
            mentions = [
                {"start": span.start, "end": span.end, "types": list(types)}
                for span, types in zip(text.spans, text.types, strict=True)
            ]
            record = {"id": text.id, "source": text.source, "text": text.text, "mentions": mentions}
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    for source, counts in count_sources(kept).items():
        say(f"{source}: {counts['texts']:,} texts, {counts['mentions']:,} mentions")


if __name__ == "__main__":
    main()
