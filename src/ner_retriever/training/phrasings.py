"""The same data put differently: type names in other words, texts without capitals."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ner_retriever.training.typed_mentions import TypedText

DICTIONARY = "wordnet"


def rephrase(texts: Sequence[TypedText], seed: int) -> list[TypedText]:
    """Give mentions their types once more, in one other phrasing each.

    A type's other phrasing is the same for all its mentions: its plural, "kind of …", or, where the
    dictionary among the texts has the name, its gloss, alone or behind the name.

    Args:
        seed: decides which.
    """
    names = sorted({name for text in texts for types in text.types for name in types})
    glosses = _glosses(texts)
    generator = np.random.default_rng(seed)
    other = {name: _another(name, glosses, generator) for name in names}
    return [
        replace(
            text,
            types=tuple(
                (*types, *(other[name] for name in types if other[name] not in types))
                for types in text.types
            ),
        )
        for text in texts
    ]


def lower_case(texts: Sequence[TypedText], share: float, seed: int) -> list[TypedText]:
    """Take the capitals from a random share of texts, whose mentions stay where they are."""
    chosen = np.random.default_rng(seed).random(len(texts)) < share
    return [
        replace(text, text=lowered)
        # A few letters become two when they are lowered, which would move the mentions.
        if lower and len(lowered := text.text.lower()) == len(text.text)
        else text
        for text, lower in zip(texts, chosen, strict=True)
    ]


def _another(name: str, glosses: Mapping[str, str], generator: np.random.Generator) -> str:
    choices = [plural(name), f"kind of {name}"]
    if gloss := glosses.get(name):
        choices += [gloss, f"{name}, {gloss}"]
    return choices[int(generator.integers(len(choices)))]


def plural(name: str) -> str:
    """Return the regular English plural of a name's last word."""
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in set("aeiou"):
        return f"{name[:-1]}ies"
    return f"{name}s"


def _glosses(texts: Sequence[TypedText]) -> dict[str, str]:
    """Return the first gloss of each headword of the dictionary: ``headword, gloss``."""
    glosses: dict[str, str] = {}
    for text in texts:
        if text.source == DICTIONARY and text.spans and text.spans[0].start == 0:
            headword, rest = text.text[: text.spans[0].end], text.text[text.spans[0].end :]
            if rest.startswith(", "):
                glosses.setdefault(headword.lower(), rest.removeprefix(", "))
    return glosses
