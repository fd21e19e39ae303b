r"""A text that a regular expression matches: what the common pieces of `pattern` in JSON Schemas need.

Literals, classes, `\d \w \s .`, groups, alternatives and repetition are understood; what is made of anything else
simply does not validate, and is dropped by the caller.
"""

from __future__ import annotations

import random
import re
import string

_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits, "s": " "}
_COUNT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_MORE = 3


def matching(pattern: str, rng: random.Random) -> str:
    """Draw a text for a pattern; a text that does not match where the pattern is not understood."""
    try:
        return _Reader(pattern, rng).alternatives()
    except (IndexError, ValueError):
        return ""


class _Reader:
    def __init__(self, pattern: str, rng: random.Random) -> None:
        self.pattern, self.rng, self.at = pattern, rng, 0

    def alternatives(self) -> str:
        branches = [self._sequence()]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._sequence())
        return self.rng.choice(branches)

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _sequence(self) -> str:
        out = ""
        while self._peek() not in ("", "|", ")"):
            start = self.at
            piece = self._piece()
            end = self.at
            for extra in range(self._times() - 1):
                after = self.at
                self.at = start
                out += self._piece() if extra >= 0 else ""
                self.at = after
            out += piece if self._last_times else ""
            self.at = max(self.at, end)
        return out

    def _times(self) -> int:
        found = _COUNT.match(self.pattern, self.at)
        low, high = 1, 1
        if found:
            self.at = found.end()
            low = int(found[1])
            high = int(found[3]) if found[3] else low + _MORE if found[2] else low
        elif self._peek() in ("?", "*", "+"):
            low, high = {"?": (0, 1), "*": (0, _MORE), "+": (1, _MORE)}[self._peek()]
            self.at += 1
        if self._peek() == "?":
            self.at += 1
        self._last_times = self.rng.randint(low, min(high, low + _MORE))
        return self._last_times

    def _piece(self) -> str:
        sign = self.pattern[self.at]
        self.at += 1
        if sign == "(":
            if self.pattern.startswith("?:", self.at):
                self.at += 2
            inner = self.alternatives()
            self.at += 1
            return inner
        if sign == "[":
            return self.rng.choice(self._members())
        if sign == "\\":
            escaped = self.pattern[self.at]
            self.at += 1
            return self.rng.choice(_CLASSES[escaped]) if escaped in _CLASSES else "" if escaped in "bBAZ" else escaped
        if sign == ".":
            return self.rng.choice(string.ascii_lowercase)
        return "" if sign in "^$" else sign

    def _members(self) -> str:
        end = self.at
        while self.pattern[end] != "]" or end == self.at:
            end += 2 if self.pattern[end] == "\\" else 1
        body, self.at = self.pattern[self.at : end], end + 1
        negated = body.startswith("^")
        members = set()
        tokens = re.findall(r"\\.|.", body[1:] if negated else body)
        i = 0
        while i < len(tokens):
            token = tokens[i]
            if len(token) == 2:
                members |= set(_CLASSES.get(token[1], token[1]))
            elif i + 2 < len(tokens) and tokens[i + 1] == "-":
                members |= {chr(code) for code in range(ord(token), ord(tokens[i + 2]) + 1)}
                i += 2
            else:
                members.add(token)
            i += 1
        usual = string.ascii_letters + string.digits
        chosen = set(usual) - members if negated else members
        return "".join(sorted(chosen))
