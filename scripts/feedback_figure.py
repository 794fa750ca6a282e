"""Draw docs/figures/feedback.png from what `ner-retriever simulate` measured, a panel a benchmark.

python scripts/feedback_figure.py few-nerd-use.json multiconer2-use.json
"""

import json
import sys
from pathlib import Path

from ner_retriever.evaluation.use import plot_feedback

TARGET = Path(__file__).parent.parent / "docs" / "figures" / "feedback.png"


def main() -> None:
    plot_feedback([json.loads(Path(name).read_bytes()) for name in sys.argv[1:]], TARGET)


if __name__ == "__main__":
    main()
