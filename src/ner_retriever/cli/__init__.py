"""The command line: arguments in, tables and lines out, nothing else."""

from ner_retriever.cli.app import main

__all__ = ["main"]
