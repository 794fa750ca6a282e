"""The commands serve and mcp refuse what they cannot serve, on one line."""

import sys
from pathlib import Path
from unittest import mock

import pytest

from cli_helpers import error
from web_helpers import make_index


def test_there_must_be_an_index(tmp_path: Path) -> None:
    assert "no index at" in error("serve", tmp_path / "nowhere")
    assert "no index at" in error("mcp", tmp_path / "nowhere")


def test_another_host_takes_a_token(
    tmp_path: Path, toy_preset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make_index(tmp_path, toy_preset)
    assert "takes a token" in error("serve", index, "--host", "0.0.0.0")  # noqa: S104
    monkeypatch.setenv("NER_RETRIEVER_TOKEN", "short")
    assert "16 or more" in error("serve", index)


@pytest.mark.parametrize(("command", "module"), [("serve", "uvicorn"), ("mcp", "mcp")])
def test_a_missing_extra_names_the_command_that_installs_it(command: str, module: str) -> None:
    loaded = [name for name in sys.modules if name.startswith(("ner_retriever.web", f"{module}."))]
    hidden = dict.fromkeys([module, *loaded])
    for name in loaded:
        if name.startswith("ner_retriever.web"):
            hidden.pop(name)
    with mock.patch.dict(sys.modules, hidden):
        for name in loaded:
            if name.startswith("ner_retriever.web"):
                del sys.modules[name]
        assert "pip install 'ner-retriever[web]'" in error(command, "index")
