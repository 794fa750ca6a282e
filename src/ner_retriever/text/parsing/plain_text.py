"""Texts that are read as they are: Markdown, and attachments of plain text."""

from typing import Any

from ner_retriever.text.parsing.decoding import decode_text
from ner_retriever.text.parsing.outcome import Job, Parsed, Text, Unparsable, without_text

_FENCE = "---"
_FENCES_AT_END = ("---", "...")
_LONGEST_FRONT_MATTER = 1 << 16


def parse_markdown(content: bytes, _: Job) -> Parsed:
    """Yield the text without its front matter, which becomes the fields.

    Raises:
        Unparsable: it is not UTF-8, or holds no text.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unparsable(
            f"is not UTF-8 (byte {error.object[error.start]:#04x} at offset {error.start}); "
            "name its encoding with --encoding",
            "not UTF-8",
        ) from error
    front, rest = _parted(text)
    fields = _front_matter(front) if front.strip() else {}
    if fields is None:
        # A line of dashes that is part of the text.
        fields, rest = {}, text
    if not rest.strip():
        raise without_text()
    yield Text(text=rest, fields=fields)


def parse_plain(content: bytes, _: Job) -> Parsed:
    """Yield a text whose encoding nobody has told.

    Raises:
        Unparsable: it holds no text.
    """
    text = decode_text(content)
    if not text.strip():
        raise without_text()
    yield Text(text=text)


def _parted(text: str) -> tuple[str, str]:
    """Part front matter from a text; the first is empty where there is none."""
    first, _, rest = text.partition("\n")
    if first.rstrip() != _FENCE:
        return "", text
    size = 0
    for line in rest[:_LONGEST_FRONT_MATTER].splitlines(keepends=True):
        if line.rstrip() in _FENCES_AT_END:
            return rest[:size], rest[size + len(line) :].lstrip("\r\n")
        size += len(line)
    return "", text


def _front_matter(text: str) -> dict[str, Any] | None:
    """Return what YAML says by names; ``None`` where it is no such thing."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Without aliases, of which a few lines can make gigabytes."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases are not read")
            return super().compose_node(parent, index)

    try:
        found = yaml.load(text, Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {str(name): _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    """Return what JSON can write; dates as ISO 8601 has them."""
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    written = getattr(value, "isoformat", None)
    return written() if written else str(value)
