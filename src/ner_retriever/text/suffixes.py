"""How files' names end: which kind they are of, and how they are compressed."""

from ner_retriever.text.formats.registry import SUFFIXES

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")


def suffixes_of(name: str) -> tuple[str, str]:
    """Return how a file's name ends: its kind, and its compression, each in lower case or empty."""
    stem, last = _split(name)
    if last in COMPRESSIONS:
        return _split(stem)[1], last
    return last, ""


def known_suffixes() -> str:
    """Say which kinds of files can be read."""
    return f"{', '.join(SUFFIXES)}, each also with {', '.join(COMPRESSIONS)}"


def _split(name: str) -> tuple[str, str]:
    """Split a name as paths do: a dot at its beginning or its end begins no suffix."""
    last = name.rpartition("/")[2]
    stem, dot, suffix = last.rpartition(".")
    return (stem, f".{suffix}".lower()) if stem and dot and suffix else (last, "")
