"""CoNLL's columns: a token first on its line and its tag last."""

from collections.abc import Iterator

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.conll_blocks import Block, Sentence, read_sentences
from ner_retriever.text.formats.conllu import is_conllu, parse_conllu
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.formats.tags import is_tag, tagged_spans
from ner_retriever.text.gold.files import token_offsets
from ner_retriever.text.sources import Source


def read_conll(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the documents of a file with their mentions; tokens are joined by spaces.

    A line that is no token with its tag is an error of its sentence.
    """
    return read_sentences(source, options, _parse)


def _parse(block: Block) -> Sentence:
    if is_conllu(block):
        return parse_conllu(block)
    rows = [line.split("\t") if "\t" in line else line.split() for _, line in block.rows]
    for (number, line), row in zip(block.rows, rows, strict=True):
        if len(row) < 2 or not row[0].strip() or not is_tag(row[-1].strip()):
            raise DocumentError(
                f"{block.label}:{number}: {line[:80]!r} is no token with its tag; expected columns "
                "of which the first is the token and the last is O, or a type behind B- or I-"
            )
    tokens = [row[0].strip() for row in rows]
    tags = [row[-1].strip() for row in rows]
    return Sentence(" ".join(tokens), tagged_spans(tags, token_offsets(tokens)))
