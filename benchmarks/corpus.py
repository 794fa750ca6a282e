"""Texts to index: a file that is given, or the example corpus as often as is needed."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import count, islice, pairwise
from pathlib import Path

from ner_retriever.documents import Document
from ner_retriever.text.readers import read_documents
from ner_retriever.text.windows import sentence_starts

EXAMPLE = Path(__file__).parent.parent / "examples" / "corpus.jsonl"
_NUMBER = re.compile(r"\d+")


def documents(number: int, data: Path | None = None) -> list[Document]:
    """Return so many documents, with distinct ids and texts.

    Args:
        data: a file that text.readers reads; fewer documents come back where it has no more. By
            default the example corpus, each time with other numbers.
    """
    if data is not None:
        return list(islice(read_documents([data]), number))
    return list(islice(_repeated(list(read_documents([EXAMPLE]))), number))


def sentences(given: Sequence[Document]) -> list[Document]:
    """Return the sentences of documents, each a document: what the paper's benchmarks index."""
    found = []
    for document in given:
        starts = sentence_starts(document.text)
        for start, end in pairwise([*starts, len(document.text)]):
            found.append(Document(f"{document.id}:{start}", document.text[start:end].strip()))
    return found


def _repeated(originals: Sequence[Document]) -> Iterator[Document]:
    for round_ in count():
        for document in originals:
            text = document.text
            if round_:
                text = _NUMBER.sub(lambda match, add=round_: str(int(match[0]) + add), text)
                text = f"{text} So it is told in part {round_}."
            yield Document(f"{document.id}-{round_}", text)


def write_documents(given: Sequence[Document], file: Path) -> None:
    """Write documents as JSON lines, with their spans where they have any."""
    with file.open("w", encoding="utf-8") as stream:
        for document in given:
            spans = document.spans
            record = {"id": document.id, "text": document.text}
            if spans is not None:
                record |= {"spans": [[span.start, span.end] for span in spans]}
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
