"""Kinds of files: one module each, which turns a file into documents."""
