"""Texts with marks for values, and nouns in the plural."""

from __future__ import annotations

import re

_MARK = re.compile("[\ue000-\uf8ff]")


def put_in_place(text: str, mark: str, form: str, **marks: str) -> str:
    """The text with several marks where one stood, each in quotes where that one was."""
    if f'"{mark}"' in text:
        quoted = {name: _MARK.sub(r'"\g<0>"', m) if _MARK.search(m) else f'"{m}"' for name, m in marks.items()}
        return text.replace(f'"{mark}"', form.format(**quoted))
    return text.replace(mark, form.format(**marks))


def plural(name: str) -> str:
    """`city` → `cities`."""
    if re.search(r"(?<!s)s$", name) and not name.endswith(("us", "is")):
        return name
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"
