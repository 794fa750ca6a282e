"""When two texts count as the same."""


def letters(text: str) -> str:
    """Return letters and digits alone, in lower case: spacing and punctuation hide no copy."""
    return "".join(character for character in text.casefold() if character.isalnum())
