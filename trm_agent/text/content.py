"""Free texts within a message: what it says to note ("remind me to call mum"), or all of it, as an answer."""

from __future__ import annotations

import re
from functools import lru_cache

from trm_agent.text.clock import clock_ranges, clocks
from trm_agent.text.days import day_phrases
from trm_agent.text.language import knowledge
from trm_agent.text.nouns import singular
from trm_agent.text.sentences import sentences
from trm_agent.text.units import quantities

_END = re.compile(
    r"[.;!?](?:\s|$)|\n|,? (?:and )?(?:then|also)\b"
    r"|,? and (?=(?:book|set|turn|switch|send|call me|remind)\b)|, (?:please|thanks)\b|\s+please\b"
)
_TRAILING = re.compile(r"[\s,]+(?:at|on|in|by|for|from|the|this|every|around|before|after|until)?\s*$")
_YES_OR_NO = re.compile(r"^(?:shall|should|do|does|did|is|are|was|were|will|would|can|could|may|have|has|ready)\b")


def is_free_text(words: str) -> bool:
    """Whether a parameter, its name in words and its description after a colon, takes whatever is said."""
    name, _, description = words.partition(":")
    said = set(map(str.lower, re.findall(r"[^\W\d_]+", name)))
    head = set(re.findall(r"[^\W\d_]+", description)[:3])
    return bool((said | (head if len(said) < 2 else set())) & _free())


def is_answer(text: str, question: str, words: str) -> bool:
    """Whether a whole message answers a question for a free text.

    Args:
        text: Of the user's message.
        question: What the assistant said before.
        words: The parameter's name in words, and its description after a colon.
    """
    if not question or not is_free_text(words) or len(text.split()) < 3:
        return False
    asked = [sentence for sentence in sentences(question.lower().strip()) if "?" in sentence]
    if not asked or _YES_OR_NO.match(asked[-1]) or re.match(knowledge("en")["no_answer"], text.lower().strip()):
        return False
    own = {singular(word) for word in re.findall(r"[^\W\d_]+", words.lower()) if len(word) > 3}
    own |= _free()
    return bool(own & {singular(word) for word in re.findall(r"[^\W\d_]+", asked[-1])}) or "why" in asked[-1]


def content_at(text: str, place: tuple[int, int], words: str) -> tuple[int, int] | None:
    """What a message says to note or to tell, if a span lies in it: from the words that lead to it to its end.

    It ends where the sentence does, or a day or a time is named behind the span.
    """
    if not is_free_text(words):
        return None
    lower = text.lower().replace("’", "'")
    for lead in _leads():
        for found in lead.finditer(lower):
            start = found.end()
            stop = _END.search(lower, start)
            end = stop.start() if stop else len(text)
            if start > place[0] or place[1] > end:
                continue
            times = [*day_phrases(lower), *((c.start, c.end) for c in clocks(lower))]
            times += [(r.start, r.end) for r in clock_ranges(lower)] + [(q.start, q.end) for q in quantities(lower)]
            end = min([end, *(a for a, _ in times if a >= place[1])])
            kept = _TRAILING.sub("", text[start:end]) if end < len(text) or stop else text[start:end].rstrip()
            end = max(start + len(kept.rstrip(" .,;!?")), place[1])
            return start, end
    return None


@lru_cache(maxsize=1)
def _free() -> frozenset[str]:
    return frozenset(knowledge("en")["free_text"])


@lru_cache(maxsize=1)
def _leads() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(lead) for lead in knowledge("en")["leads"])
