"""The MCP server, asked by the SDK's own client inside the test's process."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from ner_retriever.web.assistant import create_server
from web_helpers import DOCUMENTS, DOUBTFUL, make_index


@pytest.fixture
def index(tmp_path: Path, toy_preset: Path) -> Path:
    return make_index(tmp_path, toy_preset)


def call(index: Path, tool: str, **arguments: Any) -> Any:
    async def ask() -> Any:
        async with Client(create_server(index)) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(ask())


def test_the_tools_only_read(index: Path) -> None:
    async def ask() -> list[str]:
        async with Client(create_server(index)) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    assert asyncio.run(ask()) == ["search", "open_document", "roll_up"]


def test_search_opens_and_rolls_up(index: Path) -> None:
    found = call(index, "search", type="dinosaur", limit=2).structured_content
    assert len(found["documents"]) == 2
    texts = {document.id: document.text for document in DOCUMENTS}
    for hit in found["documents"]:
        text = texts[hit["id"]]
        assert text[hit["start"] : hit["end"]] == hit["mention"]
        assert hit["mention"] in hit["context"]
    first = found["documents"][0]["id"]
    opened = call(index, "open_document", id=first).structured_content
    assert opened == {"id": first, "text": texts[first]}
    entities = call(index, "roll_up", type="dinosaur").structured_content["result"]
    assert {name for entity in entities for name in entity["documents"]} <= set(texts)


def test_search_leaves_out_what_was_detected_with_doubt(tmp_path: Path, toy_preset: Path) -> None:
    index = make_index(tmp_path, toy_preset, DOUBTFUL)
    found = call(index, "search", type="city", min_detection=0.5).structured_content
    assert [hit["id"] for hit in found["documents"]] == ["b"]


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("search", {"type": "…"}, "holds no word"),
        ("search", {"type": "x", "limit": 0}, "greater than or equal to 1"),
        ("search", {"type": "x", "min_detection": 2}, "less than or equal to 1"),
        ("open_document", {"id": "nowhere"}, "no document 'nowhere'"),
    ],
)
def test_errors_say_what_to_do(index: Path, tool: str, arguments: dict, message: str) -> None:
    answer = call(index, tool, **arguments)
    assert answer.is_error
    assert message in answer.content[0].text
