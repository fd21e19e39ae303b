"""The page stands alone, shows the failing conversations first, and never trusts the data it shows."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.trm_agent.evaluation_doubles import decision, sample
from trm_agent.evaluation.metrics import judge
from trm_agent.evaluation.page import render_page
from trm_agent.evaluation.report import Case, Report, show
from trm_agent.types import Accept, Decision, Message, Sample, parse_tools

GOLD = ("book_table", {"city": "Rome", "guests": 2})
EVIL = "<script>alert('x')</script>\" onload=\"y"


def case(of: Sample, made: Decision, latency: float | None = None) -> Case:
    verdict = replace(judge(of, made), latency_ms=latency)
    return Case(of, made, verdict, turn=sum(m.role == "user" for m in of.history))


def report(*cases: Case, **more: Any) -> Report:
    return Report("runs/x", "f00", "scripted", cases, data=["dev.jsonl"], **more)


RIGHT = case(sample(id="fine", seen=True, source="own", subset="hi"), decision(confidence=0.97), latency=12.0)
SLOT = case(
    sample(id="slot", slots={"city": "Rome"}, accept=Accept(slots={"city": ["Roma"]}), seen=False),
    decision(slots={"city": "Oslo"}, confidence=0.99),
)
UNSURE = case(sample(GOLD, id="unsure", history=["a table in Rome"]), decision(intended="book_table", confidence=0.3))
SURE = case(sample(GOLD, id="sure"), decision(("get_weather", {"place": "Rome"}), confidence=0.8))


class Page(HTMLParser):
    """What a browser would see: tags, their attributes, and the text outside style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def test_the_page_is_well_formed_and_needs_nothing_beside_itself() -> None:
    page = Page(render_page(report(RIGHT, SLOT, UNSURE, SURE)))
    assert page.open == []
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    sources = [attributes["src"] or "" for tag, attributes in page.tags if tag == "img"]
    assert len(sources) == 5
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)


def test_the_plots_are_drawings_with_readable_text() -> None:
    page = Page(render_page(report(RIGHT, SLOT, UNSURE, SURE)))
    drawings = [
        ElementTree.fromstring(base64.b64decode((attributes["src"] or "").partition(",")[2]))
        for tag, attributes in page.tags
        if tag == "img"
    ]
    words = [" ".join(drawing.itertext()) for drawing in drawings]
    assert "share that is right" in words[0]
    assert "most confident first" in words[1]
    assert "user messages so far" in words[2]
    assert "direct_answer" in words[3]
    assert "book_table" in words[4]


def test_failing_cases_come_first_the_surest_wrong_decision_on_top() -> None:
    html = render_page(report(RIGHT, SLOT, UNSURE, SURE))
    titles = re.findall(r"</span>(fine|slot|unsure|sure) ·", html)
    assert titles == ["sure", "unsure", "slot", "fine"]
    assert "3 of 4 samples have something wrong" in html


def test_a_case_shows_the_conversation_and_gold_beside_prediction() -> None:
    page = Page(render_page(report(UNSURE, SLOT)))
    text = re.sub(r"\s+", " ", page.text)
    assert "a table in Rome" in text
    assert "decisiontool_calldirect_answer (call 0.50)wrong0.30" in text
    assert "toolbook_tablebook_table (not called)right" in text
    assert "slot cityRome | RomaOslowrong0.70" in text
    assert "on offer: book_table, get_weather" in text


def test_calls_and_results_are_readable() -> None:
    history = (
        Message("user", "weather in Rome"),
        Message("tool_call", {"name": "get_weather", "arguments": {"place": "Rome"}}),
        Message("tool_response", {"sky": "clear"}),
    )
    page = Page(render_page(report(case(replace(sample(), history=history), decision(GOLD)))))
    assert "get_weather(place=Rome)" in page.text
    assert '{"sky": "clear"}' in page.text


def test_data_is_escaped_wherever_it_stands() -> None:
    tools = parse_tools(
        [{"name": EVIL, "description": EVIL, "parameters": {"type": "object", "properties": {EVIL: {}}}}]
    )
    evil = sample(
        (EVIL, {EVIL: EVIL}),
        tools=tools,
        history=[EVIL],
        slots={EVIL: EVIL},
        id=EVIL,
        source=EVIL,
        subset=EVIL,
        seen=False,
    )
    html = render_page(
        replace(report(case(evil, decision((EVIL, {EVIL: "x"}), slots={EVIL: "y"}))), checkpoint=EVIL, data=[EVIL])
    )
    page = Page(html)
    assert "<script" not in html
    assert not any("onload" in attributes for _, attributes in page.tags)
    assert page.text.count("<script>alert('x')</script>") > 8


def test_text_in_any_script_can_be_drawn() -> None:
    tools = parse_tools([{"name": "予約する", "parameters": {"type": "object", "properties": {}}}])
    page = Page(render_page(report(case(sample(("予約する", {}), tools=tools), decision(("予約する", {}))))))
    assert "予約する" in page.text


def test_what_is_not_shown_is_counted() -> None:
    html = render_page(
        report(*[replace(SURE, sample=sample(GOLD, id=f"n{i}")) for i in range(20)]), failing=15, right=0
    )
    assert "3 more (and 5 that are not shown here)" in html


def test_figures_baselines_and_comparisons_have_their_tables() -> None:
    other = report(UNSURE)
    groups = {"groups": report(RIGHT).groups, "after_user": report(RIGHT).after_user}
    page = Page(render_page(report(RIGHT, SLOT, compare={"runs/plain": other}, baselines={"majority": groups})))
    headings = re.findall(
        r"All samples|Only where the user spoke last|compared with runs/plain|baseline majority", page.text
    )
    assert headings == [
        "All samples",
        "Only where the user spoke last",
        "compared with runs/plain",
        "baseline majority",
    ]
    assert "unseen tools" in page.text
    assert "12.0" in page.text


def test_a_report_of_right_answers_only_says_so() -> None:
    text = re.sub(r"\s+", " ", Page(render_page(report(RIGHT))).text)
    assert "0 of 1 samples have something wrong." in text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.0, "0.000"), (0.98765, "0.988")])
def test_null_is_a_dash_and_zero_a_figure(value: float | None, text: str) -> None:
    assert show(value) == text


def test_the_joint_goal_by_frame_and_slot_errors_have_tables() -> None:
    frame = {"service": "Tables_1", "seen": True, "tools": ["book_table"], "state": {"city": ["Rome"]}}
    of = sample(slots={"city": "Rome"}, frames=[frame])
    whole = report(case(of, decision(slots={"city": "Rom"})))
    assert whole.to_json()["goal_by_frame"]["all"]["joint_goal_accuracy"] == 0.86
    assert whole.to_json()["slot_errors"]["kinds"] == {"wrong: other": {"count": 1, "began": 1}}
    text = Page(render_page(whole)).text
    for title in ("Joint goal as SGD's publisher scores it", "Slot errors by kind", "Turns by what they ask for"):
        assert title in text
    assert "goal_by_frame" not in report(RIGHT).to_json()
    assert "Joint goal as" not in Page(render_page(report(RIGHT))).text
