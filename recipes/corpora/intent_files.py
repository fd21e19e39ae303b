"""What the readers of intent files share: names into words, talk told from requests, themes, lines without doubles.

Publishers name their intents alike: `greet`, `Default Fallback Intent` and `AMAZON.StopIntent` are talk that no tool
serves, and what they are called says which speech act their lines are.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from simplemma import is_known

from recipes.corpora.skills import Line, Skill, Wanted, masked
from trm_agent.types import SpeechAct, ToolSchema, identifier_words

MOST_LINES = 240
"""Lines that are drawn of one skill, so that none outweighs the others."""

MOST_TALK = 60
"""Talk that is kept of one skill."""

MOST_CHOICES = 20
"""A list of so many values is closed; a longer one only gives examples."""

THEME_SHARE = 0.08
"""A skill is about what so large a share of its lines speaks of."""

LABELS: tuple[tuple[str, SpeechAct | None], ...] = (
    (r"(out of scope|oos|(nlu )?fallback|default fallback.*|unknown|none|default)", None),
    (r"(affirm.*|yes|accept|confirm|confirmation yes|acknowledge|agree)", "confirm"),
    (r"(deny.*|no|refuse|reject.*|confirmation no|disagree|decline)", "refuse"),
    (r"(stop|cancel|.*generic cancel|abort|quit|exit|never ?mind|overall cancel command|form exit loop)", "give_up"),
    (r"(help|full help|bot functions|functionalities|what services|ask possibilities|capabilities)", "question"),
    (r"can you help", "question"),
    (r"(faq|faqs?[ _-].*|faq.+)", "question"),
    (r"(greet.*|hello|hi|hey|good ?bye|bye|farewell|thank.*|say thanks|welcome.*|default welcome.*)", "small_talk"),
    (r"(mood .*|chit ?chat.*|small ?talk.*|bot .*|agent .*|how (are )?you.*|nice to meet you|insults?)", "small_talk"),
    (r"(annoying|beautiful|crazy|love|marry|smart|interview .*|unhelpful|express .*|appraisal.*)", "small_talk"),
    (r"(compliment.*|user .*|emotions? .*|about you|check human|threaten|casual)", "small_talk"),
    (r"(what s your (name|favorite color)|where did you grow up|random existential)", "small_talk"),
    (r"what color are you", "small_talk"),
)
"""Words of an intent's name → the speech act of its lines; None where they are of several."""

FILLS = re.compile(
    r"(inform|inform .*|give .*|get (name|age|gender|choice|symptom|qty)|provide .*|enter .*|input .*|my .* is"
    r"|information .*|name|number|tell name|user|info .*|query (date|time|weekday)|select)"
)
"""Names of intents whose lines answer a question."""

_QUESTION = re.compile(
    r"(?i)(what|who|whom|whose|where|when|why|how|which|is|are|am|was|were|do|does|did|can|could|will|would|should|has|have|may)"
    r"\b|.*\?\s*$"
)
_MARKS = re.compile(r"[\[\]{}<>|]")
_HANDOFF = re.compile(
    r"(?i)\b(talk|speak|chat|transfer|connect)\b.*\b(human|person|someone|agent|representative)\b|\bwhat time is it\b"
)
_THEMES: Mapping[str, Sequence[str]] = json.loads(Path(__file__).with_name("skill_themes.json").read_text("utf-8"))
_WORD = re.compile(r"[^\W\d_]+")
_SPACES = re.compile(r"\s+")


def name_words(name: str) -> str:
    """The words of an intent's name in lower case, without the word "intent" and the publisher's prefix."""
    words = re.sub(r"[^\w]+|_", " ", identifier_words(re.sub(r"^AMAZON\.", "", name)))
    return _SPACES.sub(" ", re.sub(r"(?i)\bintent\b", " ", words)).strip().lower()


def talk(name: str) -> tuple[bool, SpeechAct | None]:
    """Whether an intent of that name is talk that no tool serves, and which speech act its lines are."""
    words = name_words(name)
    for pattern, act in LABELS:
        if re.fullmatch(pattern, words):
            return True, act
    return False, None


def is_question(text: str) -> bool:
    """Whether the text begins or ends as an English question does."""
    return _QUESTION.match(text) is not None


def tidy(text: str) -> str:
    """The text with single blanks, and none at its ends or before a mark."""
    return re.sub(r" ([,.;:!?])(?=\s|$)", r"\1", _SPACES.sub(" ", text)).strip()


def is_english(text: str) -> bool:
    """Whether half of the words are English; names of up to three words count as such."""
    words = _WORD.findall(text)
    if not text.isascii() and sum(not letter.isascii() and letter.isalpha() for letter in text) > len(text) // 3:
        return False
    return len(words) < 4 or 2 * sum(_known(word.lower()) for word in words) >= len(words)


@lru_cache(maxsize=65536)
def _known(word: str) -> bool:
    return is_known(word, lang="en")


def themes_in(text: str) -> frozenset[str]:
    """What a text speaks of, by the words of `skill_themes.json`."""
    words = {word.lower() for word in _WORD.findall(text)}
    words |= {word[:-1] for word in words if word.endswith("s")}
    return frozenset(theme for theme, known in _THEMES.items() if not words.isdisjoint(known))


def filled(template: str, values: Mapping[str, str]) -> tuple[str, dict[str, str]] | None:
    """A sample with `{slot}` filled: the text and the values in it; None where a slot stands twice or has no value."""
    names = re.findall(r"{\s*([\w.-]+)\s*}", template)
    if len(names) != len(set(names)) or any(name not in values for name in names):
        return None
    text = re.sub(r"{\s*([\w.-]+)\s*}", lambda match: values[match[1]], template)
    return tidy(text), {name: values[name] for name in names}


def make_skill(
    name: str,
    tools: Iterable[ToolSchema],
    lines: Iterable[Line],
    *,
    about: str = "",
    alike: Iterable[frozenset[str]] = (),
    language: str = "en",
) -> Skill | None:
    """A skill without what would teach a mistake.

    Left out: lines that are said twice or ask for two things in the same words, those with marks that were not read,
    tools that no line asks for, lines in another language, addresses and numbers of people, and talk about what the
    skill is not about or that wants a person, for a tool of another skill might serve it.

    Args:
        name: Of the skill.
        tools: All that its files declare.
        lines: All that its files say.
        about: Further words that tell its themes.
        alike: As in `Skill`.
        language: Of the lines.

    Returns:
        None if nothing is left.
    """
    readable = [line for line in map(_masked, lines) if line is not None and not _MARKS.search(line.text)]
    kept = _agreed([line for line in readable if language != "en" or is_english(line.text)])
    asked_for = {want.tool for line in kept for want in line.wanted}
    offered = tuple(tool for tool in tools if tool.name in asked_for)
    themes = _themes(kept, offered, about)
    requests = [line for line in kept if line.wanted]
    chat = [line for line in kept if not line.wanted and _is_safe(line.text, themes)]
    chat = random.Random(name).sample(chat, min(len(chat), MOST_TALK))
    if not requests and not chat:
        return None
    order = {id(line): number for number, line in enumerate(kept)}
    both = sorted([*requests, *chat], key=lambda line: order[id(line)])
    groups = tuple(group for group in alike if len(group) > 1)
    return Skill(name, themes, offered, tuple(both), language, min(1.0, MOST_LINES / len(both)), groups)


def without_repeated_talk(skills: Iterable[Skill | None]) -> list[Skill]:
    """The skills that there are, each name and each line of talk only where it is met first."""
    said: set[str] = set()
    named: set[str] = set()
    out = []
    for skill in skills:
        if skill is None or skill.name in named:
            continue
        named.add(skill.name)
        lines = []
        for line in skill.lines:
            key = normal(line.text)
            if line.wanted or key not in said:
                lines.append(line)
            if not line.wanted:
                said.add(key)
        if lines:
            weight = min(1.0, MOST_LINES / len(lines))
            out.append(Skill(skill.name, skill.themes, skill.tools, tuple(lines), skill.language, weight, skill.alike))
    return out


def normal(text: str) -> str:
    """What two lines must share to count as the same: letters and digits, in lower case."""
    return " ".join(re.findall(r"\w+", text.lower()))


def wants(tool: str, said: Mapping[str, str], inferred: Mapping[str, Any] | None = None) -> tuple[Wanted, ...]:
    """One call."""
    return (Wanted(tool, dict(said), dict(inferred or {})),)


def alike_by_frames(frames: Iterable[tuple[str, str]]) -> list[frozenset[str]]:
    """Tools that are asked for in the same words but for the values, and so might serve one another's lines.

    Args:
        frames: (tool, a line of it with "{}" for each value).
    """
    sharing: dict[str, set[str]] = {}
    for tool, frame in frames:
        sharing.setdefault(normal(frame.replace("{}", " slot ")), set()).add(tool)
    return sorted({frozenset(tools) for tools in sharing.values() if len(tools) > 1}, key=sorted)


def is_words(value: str) -> bool:
    """Whether a person might say an entry of a list: no number, no identifier."""
    return "_" not in value and not value.strip().isdigit()


def choices_schema(values: Sequence[str]) -> dict[str, Any]:
    """The schema of a parameter with a published list: closed if the list is short and made of words."""
    distinct = list(dict.fromkeys(value for value in values if value.strip()))
    closed = 2 <= len(distinct) <= MOST_CHOICES and all(len(value) <= 40 and is_words(value) for value in distinct)
    return {"type": "string", "enum": distinct} if closed else {"type": "string"}


def _is_safe(text: str, themes: frozenset[str]) -> bool:
    """Whether no tool of a skill with other themes would serve a line of talk."""
    return themes_in(text) <= themes and not _HANDOFF.search(text)


def _masked(line: Line) -> Line | None:
    """The line without addresses and numbers of people; None if it is empty, or if that takes a value apart."""
    text = masked(line.text)
    wanted = []
    for want in line.wanted:
        said = {name: masked(value) for name, value in want.said.items() if isinstance(value, str)}
        if any(value not in text for value in said.values()):
            return None
        wanted.append(replace(want, said=said))
    return replace(line, text=text, wanted=tuple(wanted)) if text else None


def _agreed(lines: Sequence[Line]) -> list[Line]:
    """Each text once, and none that asks for different things."""
    meant: dict[tuple[str, str | None], set[str]] = {}
    for line in lines:
        meant.setdefault((normal(line.text), line.asked), set()).add(repr([want.tool for want in line.wanted]))
    seen: set[tuple[str, str | None]] = set()
    out = []
    for line in lines:
        key = (normal(line.text), line.asked)
        if key[0] and key not in seen and len(meant[key]) == 1:
            seen.add(key)
            out.append(line)
    return out


def _themes(lines: Sequence[Line], tools: Sequence[ToolSchema], about: str) -> frozenset[str]:
    counts: Counter[str] = Counter()
    subject = [line for line in lines if line.wanted or line.act == "question"]
    for line in subject:
        counts.update(themes_in(line.text))
    often = {theme for theme, count in counts.items() if count >= THEME_SHARE * len(subject)}
    named = themes_in(" ".join([about, *(name_words(tool.name) for tool in tools)]))
    return frozenset(often | named)
