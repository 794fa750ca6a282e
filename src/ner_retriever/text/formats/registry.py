"""Which kinds of files there are, by the ends of their names, and what reads each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of file.

    Attributes:
        suffixes: how its files' names end, without what a compression adds.
        reader: the module of this package and its function that reads one, ``module:function``,
            imported when the first such file comes. It takes a ``Source`` and ``ReadOptions`` and
            yields documents, and errors in the place of those that cannot be used.
        in_bytes: whether standard input and parts of other files can be of this kind.
    """

    suffixes: tuple[str, ...]
    reader: str
    in_bytes: bool = True


FORMATS = (
    Format(suffixes=(".txt",), reader="plain:read_plain"),
    Format(suffixes=(".json",), reader="json_values:read_json"),
    Format(suffixes=(".jsonl", ".ndjson"), reader="json_lines:read_json_lines"),
    Format(suffixes=(".csv", ".tsv"), reader="tables:read_table"),
    Format(suffixes=(".parquet",), reader="parquet:read_parquet"),
    Format(
        suffixes=(".pdf", ".docx", ".odt", ".rtf", ".pptx", ".epub", ".eml", ".xlsx"),
        reader="parsed:read_parsed",
    ),
    Format(suffixes=(".html", ".htm", ".xhtml", ".md", ".markdown"), reader="parsed:read_parsed"),
    Format(suffixes=(".mbox",), reader="mbox:read_mbox"),
    Format(suffixes=(".arrow", ".feather"), reader="arrow:read_arrow"),
    Format(suffixes=(".conll", ".iob2", ".bio"), reader="conll:read_conll"),
    Format(suffixes=(".conllu",), reader="conllu:read_conllu"),
    Format(suffixes=(".ann",), reader="brat:read_brat", in_bytes=False),
    Format(suffixes=(".xml",), reader="xml_files:read_xml"),
    Format(suffixes=(".warc",), reader="warc:read_warc"),
    Format(suffixes=(".zip",), reader="archive:read_zip"),
)
BY_SUFFIX = {suffix: format for format in FORMATS for suffix in format.suffixes}
SUFFIXES = tuple(BY_SUFFIX)

# What is no single file is named so in the place of a suffix, as no file's name can end.
SAVED_DATASET, HUB_DATASET = "saved dataset", "dataset of a hub"
READERS = {
    **{suffix: format.reader for suffix, format in BY_SUFFIX.items()},
    SAVED_DATASET: "saved_dataset:read_saved_dataset",
    HUB_DATASET: "hub_dataset:read_hub_dataset",
}
