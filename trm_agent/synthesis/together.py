"""Values that are said together: all the numbers of a request in one breath, both ends of a journey or of a stay."""

from __future__ import annotations

import re
from collections.abc import Sequence

from trm_agent.synthesis.attachments import NATURAL, Attachments, alone, beside_name, one, role_of
from trm_agent.synthesis.cues import kind_of, label
from trm_agent.synthesis.values import Given
from trm_agent.types import Parameter, ToolSchema, identifier_words
from trm_agent.values import validates

_MEASURED: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), forms)
    for pattern, forms in (
        (r"(?:\w+ )?(?:speed|velocity)", ("moving at {v}", "at {v}", "travelling at {v}", "going {v}")),
        (r"mass|weight", ("weighing {v}", "that weighs {v}")),
        (r"height", ("{v} high", "{v} tall", "that is {v} tall")),
        (r"width", ("{v} wide", "that is {v} wide")),
        (r"length", ("{v} long", "that is {v} long")),
        (r"depth", ("{v} deep",)),
        (r"time|duration", ("over {v}", "in {v}", "for {v}", "after {v}")),
        (r"distance", ("over {v}", "across a distance of {v}")),
        (r"temp|temperature", ("at {v}",)),
        (r"years?|term|months?|num years|number of years", ("over {v}", "for {v}")),
    )
)
"""Name of a measure → how it follows what it measures, where its unit is said."""

_LOW = re.compile(r"(?:min|minimum|lower|low|start|from|lowest)(?: (?:bound|limit|value))?\b ?|(?:start|from)$")
_HIGH = re.compile(r"(?:max|maximum|upper|high|end|to|highest)(?: (?:bound|limit|value))?\b ?|(?:end|to)$")
_SIDES = ("length", "width", "height", "depth")


def is_number(parameter: Parameter) -> bool:
    """Whether it is open and holds one number."""
    return parameter.type in ("integer", "number") and not parameter.choices


def is_range(low: Parameter, high: Parameter) -> bool:
    """Whether two numbers are the ends of one range: `min_price` and `max_price`."""
    names = [identifier_words(p.name.split(".")[-1]) for p in (low, high)]
    found = [_LOW.match(names[0]), _HIGH.match(names[1])]
    if not (is_number(low) and is_number(high) and found[0] and found[1]):
        return False
    return names[0][found[0].end() :] == names[1][found[1].end() :]


class Together(Attachments):
    """Draws wordings for values that belong together."""

    def tied(self, tool: ToolSchema, given: Sequence[Given], most: int = 99) -> tuple[list[str], list[Given]]:
        """Values as parts of one sentence: those that belong together first, then single ones.

        Args:
            tool: What they are given for.
            given: The values.
            most: So many single ones at most.

        Returns:
            The parts and the values that are in none.
        """
        rest = list(given)
        parts: list[str] = []
        while (pair := _ends(rest)) and self.chance(0.8):
            parts.append(self._pair(*pair))
            rest = [g for g in rest if g not in pair]
        while (twins := _twins(rest)) and self.chance(0.8):
            parts.append(self._of_one_sort(twins))
            rest = [g for g in rest if g not in twins]
        numbers = [g for g in rest if is_number(g.parameter)]
        if len(numbers) > 1 and self.chance(0.85):
            parts.append(self.numbers(tool, numbers))
            rest = [g for g in rest if g not in numbers]
        inline = [g for g in rest[:most] if not (kind_of(g.parameter) == "message" and len(g.said.text) > 25)]
        parts += [self.attach(g, alone(g, tool)) for g in inline]
        if self.chance(0.3):
            self.rng.shuffle(parts)
        return parts, [g for g in rest if g not in inline]

    def numbers(self, tool: ToolSchema, given: Sequence[Given]) -> str:
        """Several numbers in one breath, each told apart by words of its name or description, in any order."""
        order = list(given)
        bounds = next(((a, b) for a in order for b in order if is_range(a.parameter, b.parameter)), None)
        if bounds and self.chance(0.7):
            rest = [g for g in order if g not in bounds]
            said = self._range(*bounds)
            return f"{said} {self.numbers(tool, rest)}" if rest else said
        if self.chance(0.35) and (sides := self._sides(order)):
            return sides
        self.rng.shuffle(order)
        if self.chance(0.5) and (measured := self._measured(tool, order)):
            return measured
        letters = all(len(label(g.parameter)) < 3 for g in order)
        return self._named_together(order) if not letters else self._equations(order)

    def _named_together(self, order: Sequence[Given]) -> str:
        named = [(self.name_of(g.parameter), g) for g in order]
        if len({name for name, _ in named}) < len(named):
            named = [(label(g.parameter), g) for g in order]
        form = self.pick(
            ("with {a} of {v}", "with {n} {v}", "with {v} as the {n}", "where the {n} is {v}", "for {a} of {v}",
             "given {a} of {v}", "{n} {v}", "{n} = {v}", "with the {n} being {v}", "if the {n} is {v}",
             "with {a} of {v}", "using {v} as the {n}", "{n}: {v}"),
        )  # fmt: skip
        lead = re.match(r"(?:with|where|for|given|if|using) |", form)
        start = lead[0] if lead else ""
        rest = form[len(start) :]
        said = [rest.format(n=name, a=one(name), v=beside_name(g)) for name, g in named]
        return f"{start}{self.listed(said, mixed=False)}"

    def _equations(self, order: Sequence[Given]) -> str:
        """As in "where a is 2, b = 3 and c equals 1"."""
        start = self.pick(("where ", "with ", "for ", "given ", "", "if "))
        same = self.pick(("{n} = {v}", "{n}={v}", "{n} is {v}", "{n} equals {v}", ""))
        forms = [same or self.pick(("{n} = {v}", "{n} is {v}", "{n} equals {v}")) for _ in order]
        said = [form.format(n=label(g.parameter), v=g.shown) for form, g in zip(forms, order, strict=True)]
        return f"{start}{self.listed(said, mixed=False)}"

    def _measured(self, tool: ToolSchema, order: Sequence[Given]) -> str | None:
        """As in "weighing 5 kg moving at 10 m/s", "for $1000 at 3% over 5 years"; None where one has no such words."""
        said = []
        for g in order:
            kind, words = kind_of(g.parameter), label(g.parameter)
            forms = next((forms for name, forms in _MEASURED if name.fullmatch(words) and g.said.unit), ())
            if not forms and kind in ("money", "percent", "age", "duration") and alone(g, tool):
                forms = NATURAL[kind]
            name = self.name_of(g.parameter)
            form = self.pick(forms or ("with {a} of {v}",))
            said.append(form.format(v=g.shown, n=name, a=one(name)))
        if sum(text.startswith("with ") for text in said) > len(said) / 2:
            return None
        return self.pick((" ".join(said), " ".join(said), self.listed(said, mixed=False)))

    def _sides(self, order: Sequence[Given]) -> str | None:
        """As in "6 by 4", in the order that the tool names them in."""
        names = [label(g.parameter) for g in order]
        if len(names) < 2 or any(name not in _SIDES for name in names) or len({g.said.unit for g in order}) > 1:
            return None
        said = self.pick((" by ", " by ", " x ")).join(g.mark for g in order)
        said = f"{said} {order[0].said.unit}".strip()
        told = self.listed(names, mixed=False)
        return self.pick((f"of {said} ({told})", f"measuring {said}", f"with {told} {said}"))

    def _range(self, low: Given, high: Given) -> str:
        words = identifier_words(low.parameter.name.split(".")[-1])
        found = _LOW.match(words)
        name = words[found.end() :] if found else ""
        said = self.pick(
            (f"between {low.mark} and {high.shown}", f"from {low.mark} to {high.shown}",
             f"from {low.shown} up to {high.shown}", f"no more than {high.shown} and no less than {low.shown}")
        )  # fmt: skip
        return f"with {one(name)} {said}" if name and self.chance(0.6) else said

    def _pair(self, start: Given, end: Given) -> str:
        dated = start.said.kind in ("date", "datetime", "time")
        a, b = start.shown, end.shown
        if dated:
            return self.pick(
                (f"from {a} to {b}", f"from {a} until {b}", f"between {a} and {b}", f"starting {a} and ending {b}",
                 f"until {b}, starting {a}", f"until {b} from {a}", f"from {a} till {b}",
                 f"ending {b} and starting {a}")
            )  # fmt: skip
        return self.pick((f"from {a} to {b}", f"from {a} to {b}", f"to {b} from {a}", f"to {b} from {a}"))

    def _of_one_sort(self, twins: Sequence[Given]) -> str:
        """Values that only a number tells apart (`city1`, `city2`), in their order."""
        said = self.listed([g.shown for g in twins])
        forms = ["{v}", "for {v}", "of {v}", "with {v}", "between {v}", "using {v}"]
        if len(twins) == 2:
            a, b = (g.shown for g in twins)
            forms += [f"{a} vs {b}", f"{a} and {b}", f"{a} versus {b}", f"of {a} to {b}", f"{a} with {b}"]
            forms += 2 * [f"between {a} and {b}"]
        return self.pick(forms).format(v=said)

    def listed(self, said: Sequence[str], mixed: bool = True) -> str:
        """Words in a row; `mixed` allows links that set the last apart."""
        if len(said) == 1:
            return said[0]
        start = ", ".join(said[:-1])
        links = [" and ", " and ", ", and " if len(said) > 2 else " and ", ", "]
        if mixed:
            links += [" as well as ", " and also ", " and then ", " plus "]
        if len(said) > 2 and self.chance(0.1):
            return " and ".join(said)
        return f"{start}{self.pick(links)}{said[-1]}"


_ORDER = re.compile(r" ?(?:\d+|one|two|three|four|first|second|third|[ab])(?= |$)")
"""What tells `city1` and `city2`, `first_name_a` and `first_name_b` apart."""


def _twins(given: Sequence[Given]) -> list[Given]:
    """Open values of one sort, told apart by a number in their names alone; in that order."""
    groups: dict[tuple[str, str], list[Given]] = {}
    for g in given:
        name = identifier_words(g.parameter.name.split(".")[-1])
        bare = _ORDER.sub("", name).strip()
        if bare and bare != name and not is_number(g.parameter) and kind_of(g.parameter) not in ("boolean", "list"):
            groups.setdefault((bare, g.said.kind), []).append(g)
    twins = next((group for group in groups.values() if len(group) > 1), [])
    return sorted(twins, key=lambda g: rank_in_name(g.parameter.name))


_RANKS = {"one": 1, "first": 1, "a": 1, "two": 2, "second": 2, "b": 2, "three": 3, "third": 3, "four": 4}


def rank_in_name(name: str) -> int:
    """Which of its sort a parameter is: `city2` and `second_city` are 2."""
    for word in re.findall(r"\d+|[a-z]+", identifier_words(name)):
        if word.isdecimal():
            return int(word)
        if word in _RANKS and word not in ("a", "b"):
            return _RANKS[word]
    return _RANKS.get(identifier_words(name).split()[-1], 0)


def _ends(given: Sequence[Given]) -> tuple[Given, Given] | None:
    """A start and an end of the same sort: two places, two dates, two people, two units."""
    starts = [g for g in given if role_of(g.parameter)[:1] == ("from",)]
    ends = [g for g in given if role_of(g.parameter)[:1] in (("to",), ("until",))]
    for start in starts:
        for end in ends:
            same = start.said.kind == end.said.kind
            dated = role_of(end.parameter)[:1] == ("until",)
            if same and dated == (start.said.kind in ("date", "datetime", "time", "period")):
                return start, end
    return None


def in_order(given: list[Given]) -> list[Given]:
    """The values with the two of a start and an end, or of a range, exchanged where the second comes first."""
    pairs = [(a, b) for a in given for b in given if is_range(a.parameter, b.parameter)]
    starts = [g for g in given if role_of(g.parameter)[:1] == ("from",) and g.said.kind in ("date", "datetime")]
    ends = [g for g in given if role_of(g.parameter)[:1] == ("until",) and g.said.kind in ("date", "datetime")]
    if len(starts) == 1 and len(ends) == 1 and starts[0].said.kind == ends[0].said.kind:
        pairs += [(starts[0], ends[0])] if starts[0].parameter.schema.get("format") else []
    changed: dict[str, Given] = {}
    for start, end in pairs:
        if start.said.value > end.said.value and _exchangeable(start, end):
            changed[start.mark] = Given(start.parameter, end.said, end.mark)
            changed[end.mark] = Given(end.parameter, start.said, start.mark)
    return [changed.get(g.mark, g) for g in given]


def _exchangeable(start: Given, end: Given) -> bool:
    """Whether each may have the other's value."""
    return validates(start.said.value, end.parameter.schema) and validates(end.said.value, start.parameter.schema)
