"""Parsers of rich documents, such as PDF and mail, which run in a process of their own.

What a file holds is for others to say: it may be broken, huge or made to harm. So the process that
asks hands a worker the file's bytes and gets plain texts back; a worker that crashes, hangs or
wants too much memory is replaced, at the cost of one file.
"""
