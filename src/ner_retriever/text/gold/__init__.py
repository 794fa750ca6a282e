"""Annotated corpora: texts with the mentions that annotators marked, in the field's formats.

Training learns from such files, evaluation measures on others; both read them here.
"""

from ner_retriever.text.gold.records import GoldMention, GoldText

__all__ = ["GoldMention", "GoldText"]
