"""Training of mention heads: which runs of words are worth naming, whatever their type."""
