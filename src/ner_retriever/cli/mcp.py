"""``ner-retriever mcp``: an index for assistants, by the Model Context Protocol."""

from pathlib import Path
from typing import Annotated

import typer

from ner_retriever.extras import needs


def mcp(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")],
) -> None:
    """Offer an index to an assistant over standard input and output: search, open, roll up.

    Give the assistant this command as an MCP server. It can read the index, and change nothing.

    Example: ner-retriever mcp articles.index
    """
    with needs("web", "the MCP server"):
        from ner_retriever.web.assistant import create_server
    create_server(index).run("stdio")
