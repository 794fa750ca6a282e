"""Reading annotated corpora line by line, plain or compressed, and where tokens stand."""

import bz2
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from ner_retriever.documents import Span
from ner_retriever.errors import DocumentError, InputError
from ner_retriever.text.lines import READ_ERRORS


def find_file(path: Path, patterns: Sequence[str], *, what: str) -> Path:
    """The file meant by a path: itself, or the one in a folder that fits.

    Args:
        path: a file, or a folder that is searched with all that lies below it.
        patterns: file name patterns, the preferred one first.
        what: the file in words, for the message.

    Raises:
        InputError: nothing is there, nothing fits, or several files fit equally well.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder; name {what} or the folder it is in")
    for pattern in patterns:
        found = sorted(path.rglob(pattern))
        if len(found) > 1:
            names = ", ".join(str(file.relative_to(path)) for file in found)
            raise InputError(f"{path}: several files fit ({names}); name the one that is meant")
        if found:
            return found[0]
    raise InputError(f"{path}: no file {' or '.join(patterns)} in this folder; name {what}")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file (plain, .gz, .bz2) with their numbers from 1, without line ends.

    Only a line feed ends a line, with or without a carriage return before it: tokens may hold
    other characters that Unicode counts as line ends.

    Raises:
        DocumentError: the file cannot be read, is not UTF-8 or holds no line.
    """
    number = 0
    try:
        with _open(path) as file:
            for number, line in enumerate(file, start=1):
                yield number, line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{path}:{number}: not UTF-8 at byte {error.start} of the line; convert the file"
        ) from error
    except READ_ERRORS as error:
        raise DocumentError(
            f"{path}: cannot be read after line {number} ({error}); check the path and whether "
            "the download is complete"
        ) from error
    if number == 0:
        raise DocumentError(f"{path}: the file is empty; at least one text is expected")


def read_json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON lines file, each with the place it stands at (``file:line``).

    Raises:
        DocumentError: as for `read_lines`, or a line is not a JSON object.
    """
    for number, line in read_lines(path):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DocumentError(f"{where}: not a JSON object ({error}); mend the line") from error
        if not isinstance(record, dict):
            raise DocumentError(
                f"{where}: expected a JSON object, not {type(record).__name__}; mend the line"
            )
        yield where, record


def token_offsets(tokens: Sequence[str]) -> list[Span]:
    """Where each token stands in the text that joins them with single spaces."""
    spans = []
    start = 0
    for token in tokens:
        spans.append(Span(start, start + len(token)))
        start += len(token) + 1
    return spans


def _open(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path))
    if path.suffix == ".bz2":
        return cast(BinaryIO, bz2.open(path))
    return path.open("rb")
