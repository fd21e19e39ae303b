"""Saved tool vectors reach the router of a ChatTRM: nothing is encoded again, and a wrong file is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from langchain_trm import ChatTRM
from tests.trm_agent.model_doubles import TOOLS
from trm_agent.errors import EncoderError
from trm_agent.features.tool_vectors import ToolVectors
from trm_agent.testing import HashingEncoder, tiny_router


def test_a_model_with_saved_vectors_encodes_no_tool_and_answers_the_same(tmp_path: Path) -> None:
    first = ChatTRM(router=tiny_router(), tools=TOOLS)
    first.save_tool_vectors(tmp_path / "tools.safetensors")
    router = tiny_router()
    second = ChatTRM(router=router, tools=TOOLS, tool_vectors=tmp_path / "tools.safetensors")
    expected, found = (model.invoke("a bus to Fresno") for model in (first, second))
    assert router.tool_vectors.misses == 0
    assert found.tool_calls == expected.tool_calls
    assert found.content == expected.content


def test_the_file_is_read_once_and_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tools.safetensors"
    ChatTRM(router=tiny_router(), tools=TOOLS[:1]).save_tool_vectors(path)
    loads: list[Path] = []
    load = ToolVectors.load

    def counted(self: ToolVectors, file: Path) -> int:
        loads.append(file)
        return load(self, file)

    monkeypatch.setattr(ToolVectors, "load", counted)
    model = ChatTRM(router=tiny_router(), tools=TOOLS, tool_vectors=path)
    model.loaded()
    model.loaded()
    assert len(loads) == 1
    ChatTRM(router=tiny_router(), tools=TOOLS).save_tool_vectors(path)
    model.loaded()
    assert len(loads) == 2


def test_a_missing_file_and_another_encoders_are_refused(tmp_path: Path) -> None:
    missing = ChatTRM(router=tiny_router(), tools=TOOLS, tool_vectors=tmp_path / "none.safetensors")
    with pytest.raises(EncoderError, match="tool vectors cannot be read"):
        missing.invoke("a bus to Fresno")
    ToolVectors(HashingEncoder(16)).save(tmp_path / "other.safetensors")
    other = ChatTRM(router=tiny_router(), tools=TOOLS, tool_vectors=tmp_path / "other.safetensors")
    with pytest.raises(EncoderError, match="holds vectors of encoder 'hashing-16'"):
        other.invoke("a bus to Fresno")
