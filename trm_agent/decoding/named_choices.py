"""Which entries of a closed list a text names: all that the user names are meant, not just the likeliest."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from trm_agent.decoding.scene import Scene
from trm_agent.text.nouns import singular
from trm_agent.types import Parameter, identifier_words


def named_with(likeliest: Any, parameter: Parameter, scene: Scene) -> list[Any]:
    """Entries of a list's closed list: those of the user's last message, or of the last that names the likeliest."""
    if named := named_choices(parameter, scene.request):
        return named
    said = (message.text for message in scene.history[::-1] if message.role == "user")
    return next((named for text in said if likeliest in (named := named_choices(parameter, text))), [])


def named_choices(parameter: Parameter, said: str) -> list[Any]:
    """The entries of a list's closed list that a text names, in the order in which it does."""
    places = [(place, i) for i, choice in enumerate(parameter.choices) if (place := _mention(str(choice), said)) >= 0]
    return [parameter.choices[i] for _, i in sorted(places)]


def _mention(choice: str, text: str) -> int:
    """Where a text names a choice: by all its words close together, in any order and number; -1 if it does not."""
    if len(choice) <= 2:
        # "pH" is ph, but "us" is not US.
        found = re.finditer(rf"(?<!\w){re.escape(choice)}(?!\w)", text, re.IGNORECASE)
        return next((one.start() for one in found if one[0] == choice or not choice.isupper()), -1)
    words = [singular(word) for word in re.findall(r"\w+", identifier_words(choice))]
    said = _said(text)
    places = {word: [i for i, other in enumerate(said) if other == word] for word in words}
    for i in range(len(said)):
        if said[i] in places and all(any(abs(k - i) <= len(words) for k in where) for where in places.values()):
            return i
    return -1


@lru_cache(maxsize=1024)
def _said(text: str) -> tuple[str, ...]:
    """The words of a text, without their plurals."""
    return tuple(map(singular, re.findall(r"\w+", text)))
