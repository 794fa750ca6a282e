"""When two texts count as the same."""


def letters(text: str) -> str:
    """Return letters and digits alone, in lower case: spacing and punctuation hide no copy."""
    return "".join(character for character in text.casefold() if character.isalnum())


def singular(name: str) -> str:
    """The singular of a regular English plural; anything else as it is."""
    if len(name) > 4 and name.endswith("ies"):
        return f"{name[:-3]}y"
    if name.endswith(("ches", "shes", "sses", "xes")):
        return name[:-2]
    if len(name) > 3 and name.endswith("s") and not name.endswith(("ss", "us", "is")):
        return name[:-1]
    return name
