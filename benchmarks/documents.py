"""How true the texts of rich documents are to what was put in, and how fast they are read.

    python benchmarks/documents.py --out work/bench/documents.json

Files of each kind are made of the example corpus: headings, paragraphs, lists and tables, written
by other programs than those that read them. *Fidelity* compares all words with those that were put
in, *layout* counts the headings, paragraphs, items and rows that come out by themselves, *pages*
those that begin where they should. What the extra ``documents`` installs is measured too.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from importlib.metadata import PackageNotFoundError, distribution
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

import document_files as made
from corpus import documents as texts_of
from document_files import Block
from documents_page import tables
from measuring import REPEATS, seconds, summary, write_record
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.documents import Document
from ner_retriever.text.readers import read_documents

_FILES = 20
_PAGES_A_FILE = 5
_TEXTS_A_PAGE = 4
# What the extra installs that the package does not need by itself.
_INSTALLED = (
    *("pypdfium2", "lxml", "trafilatura", "lxml_html_clean", "openpyxl", "et_xmlfile"),
    *("courlan", "htmldate", "justext", "dateparser", "babel", "tld", "tzlocal", "pytz"),
)

Pages = Sequence[Sequence[Block]]
Read = Callable[[Path], list[Document]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", type=int, default=_FILES, help="of each kind")
    options = parser.parse_args()
    console = Console(stderr=True)
    with progress_bar(console) as bar, TemporaryDirectory(prefix="ner-retriever-bench-") as name:
        stages = Stages(bar)
        rows = measure(
            Path(name), options.files, read, lambda done, of: stages("measuring", done, of)
        )
    sizes = installed_bytes()
    record = {"files": options.files, "installed": sizes}
    write_record("documents", rows, options.out, **record)
    sys.stdout.write("\n".join(tables({"rows": rows, **record})) + "\n")


def read(file: Path) -> list[Document]:
    """Read a file as the package does."""
    return list(read_documents([file]))


def measure(
    folder: Path, files: int, read: Read, progress: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """Measure each kind of file, one row each."""
    contents = [pages_of(number) for number in range(files)]
    rows = []
    for done, (kind, write) in enumerate(KINDS.items()):
        progress(done, len(KINDS))
        paths = []
        for number, pages in enumerate(contents):
            paths.append(folder / f"{number}.{kind}")
            paths[-1].write_bytes(write(pages))
        found = [read(path)[0] for path in paths]
        times = [
            seconds(lambda files=paths: [read(path) for path in files]) for _ in range(REPEATS)
        ]
        scores = [
            score(document, pages, kind) for document, pages in zip(found, contents, strict=True)
        ]
        size = sum(path.stat().st_size for path in paths)
        rows.append(
            {
                "kind": kind,
                **{name: mean([of[name] for of in scores]) for name in scores[0]},
                "files_a_second": summary(files / took for took in times),
                "characters": sum(len(document.text) for document in found),
                "bytes": size,
            }
        )
    progress(len(KINDS), len(KINDS))
    return rows


def pages_of(number: int) -> Pages:
    """Return a file's content, another one for each number."""
    size = _PAGES_A_FILE * _TEXTS_A_PAGE
    texts = texts_of(size * (number + 1))[size * number :]
    return [
        page_of([document.text for document in page]) for page in in_parts(texts, _TEXTS_A_PAGE)
    ]


def page_of(texts: Sequence[str]) -> list[Block]:
    """Make headings, paragraphs, items and rows of texts."""
    blocks = []
    for text in texts:
        # What PDF's own fonts can write.
        words = " ".join(text.split()).encode("cp1252", "ignore").decode("cp1252").split(" ")
        blocks += [made.heading(" ".join(words[:5])), made.paragraph(" ".join(words))]
        blocks += [made.item(" ".join(part)) for part in in_parts(words[5:26], 7)]
        blocks.append(made.paragraph(" ".join(reversed(words[:20]))))
        blocks += [made.row(*(word[:24] for word in part)) for part in in_parts(words[:9], 3)]
    return blocks


def in_parts(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Cut a sequence into parts of a size, the last one shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def flat(pages: Pages) -> list[Block]:
    return [block for page in pages for block in page]


def slides(pages: Pages) -> list[list[Block]]:
    """A slide has a title, items and one table."""
    return [
        [page[0], *(block for block in page[1:] if block.kind in {"item", "row"})] for page in pages
    ]


KINDS: dict[str, Callable[[Pages], bytes]] = {
    "pdf": lambda pages: made.pdf(pages, width=78),
    "docx": lambda pages: made.docx(flat(pages)),
    "odt": lambda pages: made.odt(flat(pages)),
    "rtf": lambda pages: made.rtf(flat(pages)),
    "pptx": lambda pages: made.pptx(slides(pages)),
    "html": lambda pages: made.html(flat(pages)),
    "epub": made.epub,
    "xlsx": lambda pages: made.xlsx({"S": [b.cells or (b.text,) for b in flat(pages)]}),
    "md": lambda pages: f"---\ntitle: x\n---\n{made.plain(flat(pages))}".encode(),
    "eml": lambda pages: made.mail(made.plain(flat(pages))).as_bytes(),
}


def score(document: Document, pages: Pages, kind: str) -> dict[str, float]:
    """Compare a document with what was put in; 1 is all of it."""
    if kind == "pptx":
        pages = [sorted_slide(slide) for slide in slides(pages)]
    wanted = [made.plain([block]) for block in flat(pages)]
    if kind == "xlsx":
        wanted = [text.removeprefix("- ") for text in wanted]
    words = [word for text in wanted for word in text.split()]
    matched = SequenceMatcher(None, words, document.text.split(), autojunk=False).ratio()
    # A paragraph may be broken into lines, which is undone later on.
    alone = {" ".join(part.split("\n")) for part in document.text.split("\n\n")}
    alone |= set(document.text.split("\n"))
    kept = mean([float(text in alone) for text in wanted])
    scores = {"fidelity": matched, "layout": kept}
    if kind in {"pdf", "pptx"}:
        scores["pages"] = pages_right(document, pages)
    return scores


def sorted_slide(slide: Sequence[Block]) -> list[Block]:
    return [
        slide[0],
        *(b for b in slide if b.kind == "item"),
        *(b for b in slide if b.kind == "row"),
    ]


def pages_right(document: Document, pages: Pages) -> float:
    """Return the share of pages that begin with their first words."""
    if len(document.pages) != len(pages):
        return 0.0
    bounds = pairwise([*document.pages, len(document.text)])
    return mean(
        [
            float(" ".join(document.text[start:end].split()).startswith(page[0].text))
            for (start, end), page in zip(bounds, pages, strict=True)
        ]
    )


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def installed_bytes() -> dict[str, int]:
    """Return what each package of the extra takes on the disk."""
    sizes = {}
    for name in _INSTALLED:
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:
            continue
        paths = [Path(str(file.locate())) for file in files]
        sizes[name] = sum(path.stat().st_size for path in paths if path.is_file())
    return sizes


if __name__ == "__main__":
    main()
