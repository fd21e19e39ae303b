"""Every Python block of the page runs, in order, offline, whatever the model decides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from langchain_trm import ChatTRM
from langchain_trm.settings import TRMSettings
from tests.langchain_trm.scripted_router import rule_router
from trm_agent.data.jsonl import write_samples
from trm_agent.testing import tiny_router
from trm_agent.types import Message, Sample

PAGE = Path(__file__).parents[2] / "docs" / "langchain.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("router", [rule_router, tiny_router], ids=["rules", "untrained"])
def test_the_blocks_run_in_order(router: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = router()
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: one)
    write_samples(
        tmp_path / "dev.jsonl", [Sample((), (Message("user", "hi"),), "direct_answer", {}, None, "Hello!")] * 3
    )
    names: dict[str, Any] = {"__name__": "page"}
    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"langchain.md, block {number}", "exec"), names)
    assert (tmp_path / "my_model" / "langchain.json").is_file()


def test_there_are_blocks_and_every_field_is_described() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(BLOCKS) >= 15
    own = set(TRMSettings.model_fields) - set(ChatTRM.__mro__[2].model_fields)  # type: ignore[attr-defined]
    undocumented = {"router", "stop", "streaming", "earlier", "snapshot"}
    for field in own - undocumented:
        assert f"`{field}`" in text, field


def test_the_page_names_what_exists() -> None:
    import langchain_trm

    text = PAGE.read_text(encoding="utf-8")
    for name in langchain_trm.__all__:
        if name not in ("Explanation", "Thresholds"):
            assert name in text
