"""langchain-core alone is enough; what needs more says so by name, and nothing heavy is imported early."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BLOCK = """
import sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        hidden = name.split(".")[0] in {"langchain", "langgraph"}
        return None if hidden else self.finder.find_spec(name, path, target)
sys.meta_path[:] = map(Without, sys.meta_path)
"""

FAKE_DECISIONS = """
import sys, types
from abc import ABC
from typing import Any
from pydantic import BaseModel
from langchain_core.runnables import RunnableSerializable

class ClassifierResponse(BaseModel):
    model: str
    answers: dict[str, Any]
    usage: Any = None

class BaseDecisionModel(RunnableSerializable, ABC):
    model: str
    def invoke(self, input, config=None, **_):
        return self._classify(input["state"], dict(input["questions"]))

module = types.ModuleType("langchain_core.decisions")
module.BaseDecisionModel, module.ClassifierResponse = BaseDecisionModel, ClassifierResponse
sys.modules["langchain_core.decisions"] = module
"""


def run(code: str) -> str:
    """Run code in a fresh interpreter that sees the packages and the test doubles."""
    paths = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]\n"
    done = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_langchain_core_alone_is_enough_and_what_needs_more_says_so() -> None:
    out = run(
        BLOCK + "sys.modules['langchain_core.decisions'] = None\n"
        "import langchain_trm\n"
        "langchain_trm.__all__.remove('TRMDecisionModel')\n"
        "from langchain_trm import *\n"
        "assert ChatTRM is langchain_trm.ChatTRM and 'TRMMiddleware' not in globals()\n"
        "print('torch' in sys.modules, 'langchain' in sys.modules)\n"
        "for name in ('TRMMiddleware', 'TRMToolSelector', 'TRMDecisionModel'):\n"
        "    try:\n        getattr(langchain_trm, name)\n"
        "    except ImportError as error:\n        print(error)\n"
        "from scripted_router import rule_router\n"
        "model = langchain_trm.ChatTRM(router=rule_router())\n"
        "def weather(city: str) -> str:\n    'Look up the weather.'\n"
        "print(model.bind_tools([weather]).invoke('the weather in Rome').tool_calls[0]['args'])\n"
    ).splitlines()
    assert out[0] == "False False"
    for line, name in zip(out[1:3], ("TRMMiddleware", "TRMToolSelector"), strict=True):
        assert line.startswith(f"langchain_trm.{name} needs langchain 1.5 or newer (No module named 'langchain")
        assert line.endswith("run `uv add 'trm-agent[agents]'`")
    assert "langchain_trm.TRMDecisionModel needs langchain-core 1.8 or newer" in out[3]
    assert out[4:] == ["{'city': 'Rome'}"]


def test_every_public_name_exists_and_others_do_not() -> None:
    import langchain_trm

    for name in langchain_trm.__all__:
        if name != "TRMDecisionModel":
            assert getattr(langchain_trm, name)
    with pytest.raises(AttributeError, match="module 'langchain_trm' has no attribute 'Nope'"):
        _ = langchain_trm.Nope


def test_a_decision_model_answers_choices_scores_and_yes_or_no() -> None:
    out = run(
        FAKE_DECISIONS + "from types import SimpleNamespace as Q\n"
        "from scripted_router import Plan, ScriptedRouter\n"
        "from langchain_trm import ChatTRM, TRMDecisionModel\n"
        "scores = {'billing': .6, 'technical': .2, 'level_0': .1, 'level_1': .1, 'level_2': .6, 'yes': .8, 'no': .2}\n"
        "def script(messages, tools, choice):\n"
        "    return Plan(confidence=0, scores={t.name: scores[t.name] for t in tools})\n"
        "model = TRMDecisionModel(chat_model=ChatTRM(router=ScriptedRouter(script)))\n"
        "answers = model.invoke({'state': 'charged twice', 'questions': {\n"
        "  'team': Q(type='choice', criteria={'billing': 'Invoices.', 'technical': None}, instructions='Who?'),\n"
        "  'anger': Q(type='score', criteria=['calm', 'cross', 'furious'], instructions='How cross?'),\n"
        "  'urgent': Q(type='noul', instructions='Is it urgent?', criteria=None),\n"
        "  'refund': Q(type='noul', instructions='Refund?', criteria=Q(true='wants money', false='does not')),\n"
        "}}).answers\n"
        "print(answers['team']['choice'], round(answers['team']['probabilities']['billing'], 3))\n"
        "print(round(answers['anger']['score'], 3), answers['anger']['legend'][2])\n"
        "print(round(answers['urgent']['noul'], 3), round(answers['refund']['noul'], 3))\n"
        "try:\n    model.invoke({'state': 'x', 'questions': {'q': Q(type='box', instructions='cat')}})\n"
        "except ValueError as error:\n    print(error)\n"
        "from langchain_core.messages import AIMessage, HumanMessage\n"
        "from langchain_trm.decision_models import state_messages\n"
        "print([m.content for m in state_messages('hi')])\n"
        "print([m.type for m in state_messages([HumanMessage('a'), AIMessage('b')])])\n"
        "print([m.content for m in state_messages({'order': 3, 'last': HumanMessage('late')})])\n"
    )
    assert out.splitlines() == [
        "billing 0.6",
        "1.625 furious",
        "0.8 0.8",
        "question type 'box' needs an image; TRM answers noul, choice and score questions",
        "['hi']",
        "['human', 'ai']",
        '[\'{"order": 3, "last": "late"}\']',
    ]
