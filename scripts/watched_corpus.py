"""A corpus with types by document as typed mentions, to be watched while a head is trained.

    python scripts/watched_corpus.py corpus.jsonl types.jsonl --out watched.jsonl.gz

Each detected mention of a document is given all types of the document: as a text's score is its
best mention's, R-Precision by text is what it is in search. Give the file to
``ner-retriever train``, and name its source, the corpus's folder, in ``held_out_sources``: it is
not trained on.
"""

import argparse
import gzip
import json
from pathlib import Path

from ner_retriever.config import load_preset
from ner_retriever.documents import Document
from ner_retriever.reading.encoder import load_encoder
from ner_retriever.reading.readers import load_reader
from ner_retriever.text.layout import lay_out


def main() -> None:
    """Detect the mentions of a corpus and write them with their documents' types."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("types", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="minilm")
    parser.add_argument("--detector", default="mention-head")
    given = parser.parse_args()
    preset = load_preset(given.preset)
    reader = load_reader(given.detector, preset, lambda: load_encoder(preset))
    lines = [json.loads(line) for line in given.corpus.read_text(encoding="utf-8").splitlines()]
    documents = [Document(line["id"], lay_out(line["text"]).text) for line in lines]
    types: dict[str, list[str]] = {document.id: [] for document in documents}
    for line in given.types.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for identifier in record["ids"]:
            types[identifier].append(record["type"])
    with gzip.open(given.out, "wt", encoding="utf-8") as stream:
        for document, spans in zip(documents, reader.detect(documents), strict=True):
            mentions = [
                {"start": span.start, "end": span.end, "types": types[document.id]}
                for span in spans
            ]
            record = {
                "id": document.id,
                "source": given.corpus.parent.name,
                "text": document.text,
                "mentions": mentions,
            }
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
