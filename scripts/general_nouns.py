"""Write the list of nouns that name a kind of thing, from typed mentions.

    python scripts/general_nouns.py typed-mentions.jsonl.gz > general_nouns.txt

What the list is for: ner_retriever.detect.general.
"""

import sys
from collections import Counter
from pathlib import Path

from ner_retriever.training.typed_mentions import read_typed_mentions

# Of 2, 5, 8, 12, 20, 30 and 100 the best on CrossNER's texts and on the example corpus.
FEWEST_MENTIONS = 12


def main() -> None:
    texts = read_typed_mentions([Path(name) for name in sys.argv[1:]])
    counts = Counter(name.strip() for text in texts for types in text.types for name in types)
    names = sorted(name for name, count in counts.items() if count >= FEWEST_MENTIONS)
    sys.stdout.write("".join(f"{name}\n" for name in names))


if __name__ == "__main__":
    main()
