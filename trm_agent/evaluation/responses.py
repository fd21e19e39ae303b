"""Words for direct answers against the words of the data: likeness, values left out or made up, time.

Judged where the data answers and the router answers too, on the router's own state. Every speaker is judged on the
same samples. A value counts as said in any of its wordings; a stated value needs a source in the conversation, the
slots, the results or the tools' declarations.
"""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trm_agent.encoder.sentence import Encoder
from trm_agent.errors import DataError, requires_extra
from trm_agent.evaluation.metrics import group_names, percentile
from trm_agent.evaluation.run import group_dialogues
from trm_agent.features.tools import TextEncoder
from trm_agent.log import progress as progress_bar
from trm_agent.responses.choosing import Responses
from trm_agent.responses.collecting import Said, said_at
from trm_agent.responses.frames import load_frames
from trm_agent.responses.guard import Evidence, unsupported
from trm_agent.responses.speaking import speak_with_frames
from trm_agent.responses.templates import make_template, placeholders
from trm_agent.router import Router
from trm_agent.types import Decision, Sample

_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Spoken:
    """What a speaker said.

    Attributes:
        text: Its words.
        source: Where they come from, such as `bank` or `rule`.
        refused: Answers that the guard refused before this one.
        milliseconds: Spent on the words alone.
    """

    text: str
    source: str = ""
    refused: int = 0
    milliseconds: float = 0.0


Speaker = Callable[[Sample, Decision], Spoken]


@dataclass(frozen=True)
class Spoke:
    """One sample with the words of every speaker."""

    said: Said
    decision: Decision
    by: Mapping[str, Spoken]

    def to_json(self) -> dict[str, Any]:
        sample, decision = self.said.sample, self.decision
        return {
            "id": sample.id,
            "seen": sample.meta.get("seen"),
            "history": [message.to_json() for message in sample.history[-4:]],
            "intended_tool": decision.intended_tool,
            "missing": list(decision.missing),
            "slots": decision.slots,
            "gold": sample.content,
            "template": self.said.response.text,
            **{name: vars(spoken) for name, spoken in self.by.items()},
        }


def speak(
    router: Router, samples: Iterable[Sample], speakers: Mapping[str, Speaker], *, together: int = 32
) -> list[Spoke]:
    """Let every speaker answer where data and router answer."""
    out: list[Spoke] = []
    dialogues = list(group_dialogues(samples))
    for dialogue in progress_bar(dialogues, "answering", len(dialogues)):
        wanted = [i for i, s in enumerate(dialogue) if s.decision == "direct_answer" and s.content]
        for start in range(0, len(wanted), together):
            chunk = wanted[start : start + together]
            if len({id(dialogue[i].tools) for i in chunk}) > 1:
                decided = [router.bind(dialogue[i].tools).decide(dialogue[i].history) for i in chunk]
            else:
                decided = router.bind(dialogue[chunk[0]].tools).decide_batch([dialogue[i].history for i in chunk])
            for i, decision in zip(chunk, decided, strict=True):
                if decision.decision == "direct_answer":
                    words = {name: _timed(speaker, dialogue[i], decision) for name, speaker in speakers.items()}
                    out.append(Spoke(said_at(dialogue[i], dialogue[i + 1 :]), decision, words))
    if not out:
        raise DataError("there is no sample with words where the router answers too; nothing can be compared")
    return out


def scores(spoken: Sequence[Spoke], ordinary: frozenset[str], language: str = "en") -> dict[str, dict[str, Any]]:
    """Speaker → group → figures (`docs/responses.md` says what each means)."""
    groups: dict[str, list[Spoke]] = defaultdict(list)
    for one in spoken:
        for name in dict.fromkeys(["all", *group_names(one.said.sample)]):
            groups[name].append(one)
    return {
        speaker: {name: _figures(members, speaker, ordinary, language) for name, members in groups.items()}
        for speaker in spoken[0].by
    }


def value_errors(said: Said, text: str, ordinary: frozenset[str], language: str = "en") -> tuple[int, int, list[str]]:
    """Values of the gold answer, how many of them a text leaves out, and what it states without a source."""
    wanted = placeholders(said.response.text)
    wordings = {name: said.wordings[name] for name in wanted}
    told = placeholders(make_template(text, wordings, language=language))
    known = {w: [v.casefold() for v in map(str, values)] for w, values in wordings.items()}
    missing = [n for n in wanted if n not in told and not any(v in text.casefold() for v in known[n])]
    sample = said.sample
    evidence = Evidence.of(sample.history, {**said.facts, "": [declared(sample)]})
    return len(wanted), len(missing), unsupported(text, evidence, ordinary, language)


def declared(sample: Sample) -> str:
    """What the tools on offer say of themselves."""
    return " \n ".join(
        str(part)
        for tool in sample.tools
        for part in (tool.description, *(x for p in tool.parameters for x in (p.description, p.default, *p.choices)))
    )


def own_words(
    responses: Responses | None, sample: Sample, decision: Decision, encoder: TextEncoder | None = None
) -> Spoken | None:
    """The bank's words, else those of the package's frames; None where neither has any.

    Args:
        responses: A checkpoint's; None: it has none.
        sample: What is answered.
        decision: A direct answer.
        encoder: For the frames, to know a greeting; None: greetings are not told from other messages.
    """
    if responses is not None and (chosen := responses.choose(decision, sample.history, sample.tools)) is not None:
        return Spoken(chosen.text, "bank", chosen.refused)
    framed = speak_with_frames(load_frames(), decision, sample.history, sample.tools, encoder=encoder)
    return None if framed is None else Spoken(framed.text, "frames")


def nearest_answers(train: Sequence[Said], encoder: Encoder) -> Speaker:
    """The baseline that says what was said after the most similar user message of the training data, word for word."""
    questions = encoder.encode([_last_user(one.sample) for one in train])
    vectors = np.stack([question.sentence for question in questions])

    def say(sample: Sample, decision: Decision) -> Spoken:
        query = encoder.encode([_last_user(sample)])[0].sentence
        return Spoken(train[int((vectors @ query).argmax())].sample.content or "", "training answer")

    return say


def last_answer(sample: Sample, decision: Decision) -> Spoken:
    """The baseline that says again what was answered last."""
    return Spoken(next((m.text for m in reversed(sample.history) if m.role == "assistant"), ""), "history")


def rouge_l(text: str, gold: str) -> float:
    """F1 of the longest common subsequence of words (Lin 2004)."""
    a, b = (_WORD.findall(part.casefold()) for part in (text, gold))
    row = [0] * (len(b) + 1)
    for word in a:
        before = 0
        for j, other in enumerate(b, 1):
            before, row[j] = row[j], before + 1 if word == other else max(row[j], row[j - 1])
    return 2 * row[-1] / (len(a) + len(b)) if a or b else 1.0


def _figures(spoken: Sequence[Spoke], speaker: str, ordinary: frozenset[str], language: str) -> dict[str, Any]:
    with requires_extra("metrics", "BLEU and chrF"):
        from sacrebleu import corpus_bleu, corpus_chrf
    texts = [one.by[speaker].text for one in spoken]
    gold = [one.said.sample.content or "" for one in spoken]
    errors = [value_errors(one.said, text, ordinary, language) for one, text in zip(spoken, texts, strict=True)]
    values = sum(found for found, _, _ in errors)
    left_out, made_up = sum(missing for _, missing, _ in errors), sum(len(wrong) for _, _, wrong in errors)
    times = [one.by[speaker].milliseconds for one in spoken]
    return {
        "n": len(spoken),
        "bleu": round(corpus_bleu(texts, [gold]).score, 2),
        "chrf": round(corpus_chrf(texts, [gold]).score, 2),
        "rouge_l": sum(map(rouge_l, texts, gold)) / len(texts),
        "slot_error_rate": (left_out + made_up) / values if values else None,
        "values_left_out": left_out / values if values else None,
        "values_without_source": made_up,
        "answers_without_source": sum(bool(wrong) for _, _, wrong in errors) / len(errors),
        "guarded": sum(one.by[speaker].refused > 0 for one in spoken) / len(spoken),
        "sources": dict(Counter(one.by[speaker].source for one in spoken)),
        "latency_ms": {"p50": percentile(times, 50), "p95": percentile(times, 95)},
    }


def _timed(speaker: Speaker, sample: Sample, decision: Decision) -> Spoken:
    started = time.perf_counter()
    spoken = speaker(sample, decision)
    spent = 1000 * (time.perf_counter() - started)
    return Spoken(spoken.text, spoken.source, spoken.refused, spent)


def _last_user(sample: Sample) -> str:
    return next((m.text for m in reversed(sample.history) if m.role == "user"), "")
