"""Every Python block of the guides runs, in order, offline, whatever the model decides."""

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

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "langchain.md"
GUIDES = ("langchain", "quickstart", "before_your_model", "confirm", "calibrate", "many_tools")


def blocks_of(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("router", [rule_router, tiny_router], ids=["rules", "untrained"])
@pytest.mark.parametrize("guide", GUIDES)
def test_the_blocks_of_a_guide_run_in_order(
    guide: str, router: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one = router()
    monkeypatch.setattr("langchain_trm.settings.load_router", lambda path, *_: one)
    monkeypatch.setattr("trm_agent.router.Router.from_pretrained", lambda *_, **__: tiny_router())
    write_samples(
        tmp_path / "held_out.jsonl", [Sample((), (Message("user", "hi"),), "direct_answer", {}, None, "Hello!")] * 3
    )
    names: dict[str, Any] = {"__name__": "page"}
    for number, block in enumerate(blocks_of(DOCS / f"{guide}.md")):
        exec(compile(block, f"{guide}.md, block {number}", "exec"), names)
    assert (guide == "calibrate") == (tmp_path / "my_model" / "langchain.json").is_file()


def test_there_are_blocks_and_every_field_is_described() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(blocks_of(PAGE)) >= 8
    own = set(TRMSettings.model_fields) - set(ChatTRM.__mro__[2].model_fields)  # type: ignore[attr-defined]
    undocumented = {"router", "stop", "streaming", "earlier", "snapshot"}
    for field in own - undocumented:
        assert f"`{field}`" in text, field


def test_the_page_names_what_exists() -> None:
    import langchain_trm

    text = "".join((DOCS / f"{guide}.md").read_text(encoding="utf-8") for guide in GUIDES)
    for name in langchain_trm.__all__:
        if name not in ("Explanation", "Thresholds"):
            assert name in text
