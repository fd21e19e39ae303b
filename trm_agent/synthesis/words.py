"""Word lists of the synthesiser: values people say, by kind, and words that tell kinds and verbs apart (words.json)."""

from __future__ import annotations

import json
from importlib.resources import files

_LISTS = json.loads((files("trm_agent.synthesis") / "words.json").read_text(encoding="utf-8"))

WORDS: dict[str, tuple[str, ...]] = {kind: tuple(values) for kind, values in _LISTS["words"].items()}
"""Kind of value → values as people type them."""
SPELLED: dict[str, str] = _LISTS["spelled"]
"""An entry of a closed list, in lower case → how people say it."""
VERBS: frozenset[str] = frozenset(_LISTS["verbs"])
"""Words that a tool's name or description may begin with, in their base form."""
INFO_VERBS: frozenset[str] = frozenset(_LISTS["info_verbs"])
"""Verbs of tools that tell something: their object alone makes a request."""
MASS_NOUNS: frozenset[str] = frozenset(_LISTS["mass_nouns"])
STOP_WORDS: frozenset[str] = frozenset(_LISTS["stop_words"])
"""Words that do not tell two tools apart."""
