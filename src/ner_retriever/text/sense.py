"""Whether a run of characters can be a mention at all, whatever a detector says.

Base64, hashes, DNA and other data stand in documents too. Nothing in them names anything, and a
mention of 40,000 characters is of no use to anybody.
"""

import re

LONGEST_MENTION = 200
# The longest words of natural languages that a text may name something by are shorter.
_LONGEST_WORD = 80
_WORD = re.compile(r"[^\W_]+")
# Where letters and digits alternate so often within a word, it is a key or a hash.
_MOST_CHANGES = 4
_CHANGE = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|(?<=[a-z])(?=[A-Z])")
_SHORTEST_KEY = 16
_SEQUENCE = re.compile(r"[ACGTUN]{12,}|[acgtun]{12,}")


def makes_sense(surface: str) -> bool:
    """Return whether a surface form is short enough for a mention, and none of its words is data.

    Args:
        surface: the mention as it stands in the text.
    """
    if len(surface) > LONGEST_MENTION:
        return False
    return not any(_is_data(word) for word in _WORD.findall(surface))


def _is_data(word: str) -> bool:
    if len(word) > _LONGEST_WORD or _SEQUENCE.fullmatch(word):
        return True
    return len(word) >= _SHORTEST_KEY and len(_CHANGE.findall(word)) > _MOST_CHANGES
