"""Whether a sentence speaks of what has been: "how was the weather on Tuesday"."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from trm_agent.text.language import knowledge


@lru_cache(maxsize=4096)
def tense(sentence: str) -> Literal["past", "future"] | None:
    """The tense of a sentence in English; what is asked for in it ("I wanted to book") is to come."""
    past, future = (_pattern(name).search(sentence.lower().replace("’", "'")) for name in ("past", "future"))
    return "future" if future else "past" if past else None


@lru_cache(maxsize=2)
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(knowledge("en")["tense"][name])
