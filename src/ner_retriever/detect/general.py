"""Nouns that name a kind of thing and no thing: "museum", "disease".

Read by the same path, the noun "museum" lies next to the query "museum" and would come before every
museum that has a name. The list holds the type names of the training data with twelve mentions or
more (scripts/general_nouns.py).
"""

from functools import cache
from pathlib import Path


def is_general_noun(phrase: str) -> bool:
    """Return whether a lower-case phrase is such a noun, singular or plural."""
    nouns = _general_nouns()
    return any(singular in nouns for singular in _singulars(phrase))


def _singulars(phrase: str) -> list[str]:
    candidates = [phrase]
    for plural, singular in (("ies", "y"), ("es", ""), ("s", "")):
        if phrase.endswith(plural):
            candidates.append(phrase.removesuffix(plural) + singular)
    return candidates


@cache
def _general_nouns() -> frozenset[str]:
    file = Path(__file__).parent / "general_nouns.txt"
    return frozenset(file.read_text(encoding="utf-8").splitlines())
