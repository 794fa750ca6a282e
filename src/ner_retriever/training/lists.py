"""Lists of names as texts: what is a kind of what, put in many ways."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ner_retriever.documents import Span
from ner_retriever.text.gold.files import read_lines
from ner_retriever.training.phrasings import plural
from ner_retriever.training.typed_mentions import TypedText

# {x}, {y}, {z}: names of the list; {k}: its kind, {a}: with an article, {ks}: in the plural.
_PATTERNS = (
    "{x}", "{x} is {a}.", "{x}, {a}", "the {k} {x}", "{x} ({k})", "{x} and {y} are {ks}.",
    "{ks} such as {x}, {y} and {z}", "We talked about {x}, {a}, for an hour.", "{x} or {y}?",
    "Have you heard of the {k} {x}?", "Among the {ks} are {x} and {y}.", "{x}: {k}",
    "{x}, {y}, {z}", "My favourite {k} is {x}.", "Photo: {x}.", "{x} - another {k} on our list",
    "a {k} called {x}",
    "It reminded her of {x} more than of {y}.", "{ks}: {x}, {y}, {z}", "{x} is one of many {ks}.",
    "Unlike {x}, {y} is rarely seen here.", "What kind of {k} is {x}?", "{x} was the first.",
    "The report mentions {x} and two other {ks}.", "ISO entry for {x}", "They prefer {x} to {y}.",
    "Not every {k} is like {x}.", "an article on {x}", "{x} vs. {y}", "Notes on {x}, {y} and {z}",
)  # fmt: skip
_MOST_TEXTS = 300


def read_name_lists(
    file: Path, *, held_out: Sequence[str], seed: int
) -> tuple[list[TypedText], int]:
    """Make texts of lists of names.

    Args:
        file: JSON lines of ``{"source", "types", "names"}``.
        held_out: texts; a name that stands in one of them is not used.
        seed: of every draw.

    Returns:
        At most 300 texts a list, and how many names were held out.
    """
    generator = np.random.default_rng(seed)
    known = "".join(f" {word}" for text in held_out for word in _words(text)) + " "
    texts: list[TypedText] = []
    left_out = 0
    for number, line in read_lines(file):
        record = json.loads(line)
        names = [name for name in record["names"] if _is_free(name, known)]
        left_out += len(record["names"]) - len(names)
        if len(names) < 3:
            continue
        types = tuple(record["types"])
        for count in range(min(_MOST_TEXTS, len(names))):
            chosen = generator.choice(len(names), 3, replace=False)
            text = _filled([names[place] for place in chosen], types, generator)
            texts.append(
                TypedText(f"list-{number}-{count}", "name-lists", text[0], text[1], text[2])
            )
    return texts, left_out


def _is_free(name: str, known: str) -> bool:
    words = " ".join(_words(name))
    return bool(words) and f" {words} " not in known


def _words(text: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in text.casefold()).split()


def _filled(
    names: Sequence[str], types: tuple[str, ...], generator: np.random.Generator
) -> tuple[str, tuple[Span, ...], tuple[tuple[str, ...], ...]]:
    kind = types[int(generator.integers(len(types)))]
    article = "an" if kind[:1] in "aeiou" else "a"
    pattern = _PATTERNS[int(generator.integers(len(_PATTERNS)))]
    words = {"{k}": kind, "{a}": f"{article} {kind}", "{ks}": plural(kind)}
    text = ""
    spans: list[Span] = []
    rest = pattern
    while rest:
        if rest[:3] in ("{x}", "{y}", "{z}"):
            name = names["xyz".index(rest[1])]
            spans.append(Span(len(text), len(text) + len(name)))
            text, rest = text + name, rest[3:]
        elif rest.startswith("{"):
            mark = rest[: rest.index("}") + 1]
            text, rest = text + words[mark], rest[len(mark) :]
        else:
            text, rest = text + rest[0], rest[1:]
    if generator.random() < 0.3 and len(text.lower()) == len(text):
        text = text.lower()
    return text, tuple(spans), (types,) * len(spans)
