"""Filters: what must hold of a document's fields for it to be searched."""
