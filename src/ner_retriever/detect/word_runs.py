"""Runs of tagged words that may be entities: names and noun phrases.

Works on Penn Treebank tags alone. On CrossNER, WNUT 2017 and Wikigold that finds more of the
annotated entities than the noun chunks of a dependency parse, and spares the parse.

A range is a pair of word positions, end exclusive. Ranges of more than 20 words are left out:
they are lists or headlines.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

Range = tuple[int, int]

_PROPER_NOUNS = {"NNP", "NNPS"}
_NOUNS = _PROPER_NOUNS | {"NN", "NNS"}
_MODIFIERS = {"JJ", "CD", "HYPH", "FW", "AFX"}
_DETERMINERS = {"DT", "PDT", "WDT", "PRP$", "WP$"}
_PRONOUNS_AND_ADVERBS = {"EX", "PRP", "RB", "UH", "WP", "WRB"}
_FUNCTION_WORDS = _DETERMINERS | _PRONOUNS_AND_ADVERBS | {"CC", "IN", "MD", "RP", "TO"}
_GLUE = {"-", "–", "&", "/"}
_CONNECTORS = {("of",), ("of", "the"), ("for",), ("for", "the"), ("de",), ("'s",), ("’s",)}
_LONGEST = 20


def names(words: Sequence[str], tags: Sequence[str], *, cased: bool) -> list[Range]:
    """Find runs of proper nouns, and such runs joined by "of", "for", "de" or "'s".

    Args:
        words: the words of a text.
        tags: one a word.
        cased: whether a capital letter also makes a word proper. A function word with a capital
            ("The") may then be part of a name but not all of it.
    """
    proper = [
        tag in _PROPER_NOUNS or (cased and any(map(str.isupper, word)))
        for word, tag in zip(words, tags, strict=True)
    ]
    joint = [here or word in _GLUE for here, word in zip(proper, words, strict=True)]
    runs = [_trimmed(run, first=proper, last=proper) for run in _runs(joint)]
    runs = [
        (start, end)
        for start, end in runs
        if start < end and not (end - start == 1 and tags[start] in _FUNCTION_WORDS)
    ]
    return _short(runs + _joined(runs, words))


def noun_phrases(tags: Sequence[str]) -> list[Range]:
    """Find nouns with the adjectives, numbers and nouns before them, without determiners."""
    first = [tag != "HYPH" for tag in tags]
    last = [tag in _NOUNS for tag in tags]
    runs = _runs([tag in _NOUNS or tag in _MODIFIERS for tag in tags])
    return _short([_trimmed(run, first=first, last=last) for run in runs])


def without_edges(entity: Range, words: Sequence[str], tags: Sequence[str]) -> Range:
    """Strip determiners and punctuation before an entity, "'s" and punctuation behind it.

    Returns:
        What is left, perhaps an empty range.
    """
    start, end = entity
    while start < end and (tags[start] in _DETERMINERS or not _is_word(words[start])):
        start += 1
    while start < end and (tags[end - 1] == "POS" or not _is_word(words[end - 1])):
        end -= 1
    return start, end


def _runs(members: Sequence[bool]) -> Iterator[Range]:
    for member, positions in groupby(range(len(members)), key=members.__getitem__):
        if member:
            run = list(positions)
            yield run[0], run[-1] + 1


def _trimmed(run: Range, *, first: Sequence[bool], last: Sequence[bool]) -> Range:
    start, end = run
    while start < end and not first[start]:
        start += 1
    while start < end and not last[end - 1]:
        end -= 1
    return start, end


def _joined(runs: Sequence[Range], words: Sequence[str]) -> list[Range]:
    # From the right, so that a chain's end is known at each of its runs.
    joined = []
    end: int | None = None
    for run, following in reversed(list(pairwise(runs))):
        between = tuple(word.lower() for word in words[run[1] : following[0]])
        if between in _CONNECTORS:
            end = end or following[1]
            joined.append((run[0], end))
        else:
            end = None
    return joined


def _short(ranges: Sequence[Range]) -> list[Range]:
    return [(start, end) for start, end in ranges if 0 < end - start <= _LONGEST]


def _is_word(word: str) -> bool:
    return any(map(str.isalnum, word))
