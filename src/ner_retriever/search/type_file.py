"""Files of types: a type a line, or a query with examples and conditions as a JSON object."""

import json
from pathlib import Path

from ner_retriever.errors import ConfigError, InputError, QueryError
from ner_retriever.search.query import Query

_MOST_BYTES = 4 << 20
_MOST_TYPES = 5000


def read_type_file(file: Path) -> list[Query]:
    """Read a file of types, in their order; a type that stands there twice is asked once.

    A line is a type in free text, or a JSON object with the keys of a
    :class:`~ner_retriever.search.query.Query`: ``{"describe": "court", "near": ["judge"]}``. Empty
    lines and those that begin with ``#`` are passed over.

    Raises:
        InputError: the file cannot be read, is too large, or holds no type.
        QueryError: a line is no query; the message names it.
    """
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise InputError(f"{file}: a file of types has at most {_MOST_BYTES >> 20} MiB")
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8: {error.reason}; save it as UTF-8") from error
    queries = [
        _query(line.strip(), f"{file}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    unique = list({str(query): query for query in queries}.values())
    if not unique:
        raise InputError(f"{file} holds no type; write one a line")
    if len(unique) > _MOST_TYPES:
        raise InputError(f"{file} holds {len(unique):,} types; ask for at most {_MOST_TYPES:,}")
    return unique


def _query(line: str, where: str) -> Query:
    if not line.startswith("{"):
        return Query(describe=line)
    try:
        return Query.from_record(json.loads(line))
    except (ValueError, RecursionError, ConfigError, QueryError) as error:
        raise QueryError(f"{where}: not a query as a JSON object: {error}") from error
