"""``python -m ner_retriever``: the command line."""

from ner_retriever.cli import main

main()
