"""From a type in free text to its vector, with as little as that needs."""
