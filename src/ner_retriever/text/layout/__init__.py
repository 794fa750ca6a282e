"""The layout of a text: what is read of it, and the borders that no mention crosses.

People bring articles with headings, lists, tables and lines broken to fit a page. A backbone reads
best what a person would read aloud, and a name never runs from one table cell into the next. So a
text is brought into a form to be read, in which

- markup is taken off: character references, tags, wiki and LaTeX commands, invisible signs;
- lines broken to fit a page are joined, words hyphenated at a line's end too;
- paragraphs, headings, list items, table rows and cells each stand on a line of their own;

and every character of it knows where it stands in the text as given.
"""

from ner_retriever.text.layout.layout import BORDER, Layout, lay_out

__all__ = ["BORDER", "Layout", "lay_out"]
