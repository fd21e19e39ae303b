"""Messages that ask for several calls: of one tool, for a list of values or for rows of them, or of two tools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from trm_agent.synthesis.attachments import alone
from trm_agent.synthesis.conversation import Call, Conversation, NoValueError
from trm_agent.synthesis.cues import kind_of, label
from trm_agent.synthesis.draws import Draws
from trm_agent.synthesis.talk import CONNECTORS
from trm_agent.synthesis.texts import plural, put_in_place
from trm_agent.synthesis.together import is_number
from trm_agent.synthesis.values import Given, Said
from trm_agent.types import ToolSchema

CALLS: dict[int, float] = {2: 0.45, 3: 0.3, 4: 0.17, 5: 0.08}
"""How many calls of one tool a message asks for → share."""

Row = list[Given]
"""What changes from call to call, for one of them."""

_JOINTS = (
    ", and also ",
    " and then ",
    "; ",
    ", then ",
    ". After that, ",
    ". Then ",
    ". Also, ",
    " and ",
    ", as well as ",
)
_NEXT = ("Then {c}.", "Also {c}.", "And {c}.", "Next, {c}.", "After that, {c}.", "I also want you to {c}.")
_SAME = (
    "Do the same {p}.", "And the same {p}.", "Also {p}.", "And {p}?", "Then {p}, please.", "Repeat that {p}.",
    "I need that {p} too.", "What about {p}?", "Do it {p} as well.", "How does it compare {p}?", "Now {p}.",
    "And how about {p}?", "Also, can you do it {p}?", "Then do it again {p}.", "Finally, {p}.",
)  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_ORDINAL_STARTS = ("the {o} one", "the {o}", "the {o} one", "for the {o} one,", "for the {o},", "the {o} time")
_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}
_ADJECTIVES = frozenset(
    ("genre", "cuisine", "type", "category", "kind", "style", "color", "colour", "brand", "make", "diet", "dietary",
     "language", "topic", "flavor", "flavour", "material", "model", "breed", "sport", "subject", "theme")
)  # fmt: skip
"""Last words of the names of parameters whose values stand before the noun: "rock concerts", "vegan restaurants"."""
_SAME_BARE = (
    "and the same for {b}", ". Do the same for {b}", ". Also for {b}", ". What about {b}?", ", then {b}",
    ". And for {b}?", ". I need it for {b} as well", ", and again for {b}", ". Same for {b}", ". Repeat it for {b}",
)  # fmt: skip


class Several(Draws):
    """Writes the message and the calls of one conversation."""

    def __init__(self, talk: Conversation) -> None:
        super().__init__(talk.rng)
        self.talk, self.phrases = talk, talk.phrases

    def of_one(self, tool: ToolSchema, given: Sequence[Given]) -> None:
        """The same tool for several values of one parameter, or of several that change together.

        Raises:
            NoValueError: No value can change.
        """
        rows = self._rows(given)
        kept = [g for g in given if g not in rows[0]]
        if len(rows[0]) > 1:
            text = self._together(tool, kept, rows)
        else:
            text = self._listed(tool, kept, [row[0] for row in rows])
        self.talk.user(text, tool, given)
        self.talk.call_with(self._calls(tool, rows))

    def of_two(self, first: ToolSchema, given: Sequence[Given], second: ToolSchema, more: Sequence[Given]) -> None:
        """Two tools, sometimes one of them for several values.

        Raises:
            NoValueError: They share what only the second needs, or no value can change.
        """
        shared = {p.name for p in first.parameters if p.declaration in {q.declaration for q in second.parameters}}
        told = {g.parameter.name for g in given}
        if any(p.name in shared and p.required and p.name not in told for p in second.parameters):
            raise NoValueError(second.name)
        more = [g for g in more if g.parameter.name not in shared]
        own = [[g for g in given if g.parameter.name not in shared], more]
        at = self.pick((None, 0, 1)) if any(self._changeable(some) for some in own) else None
        if at is not None and not self._changeable(own[at]):
            at = 1 - at
        rows = self._rows(own[at], 1, self.pick((2, 2, 3))) if at is not None else [[]]
        start = self.phrases.request(first, given)
        if self.chance(0.5) or at == 0:
            start = self.pick(("", "please ", "can you ", "could you ")) + self.phrases.clause(first, given)
        end = self.phrases.clause(second, more)
        if at == 0:
            start = self._in_place(start, rows)
        elif at == 1:
            end = self._in_place(end, rows)
        self.talk.user(f"{start.rstrip('.?')} {self.pick(CONNECTORS)} {end}", first, given)
        self.talk.learn(second, more)
        calls = [self._calls(tool, rows if at == n else [[]]) for n, tool in enumerate((first, second))]
        self.talk.call_with([*calls[0], *calls[1]])

    def _calls(self, tool: ToolSchema, rows: Sequence[Row]) -> list[Call]:
        known = self.talk.known(tool)
        return [(tool, {**known, **{g.parameter.name: g.said for g in row}}) for row in rows]

    # Values.

    def _changeable(self, given: Sequence[Given]) -> Row:
        return [g for g in given if kind_of(g.parameter) not in ("list", "boolean", "message")]

    def _rows(self, given: Sequence[Given], wide: int = 0, calls: int = 0) -> list[Row]:
        """Values for every call; those of the first are among the given.

        Args:
            given: What the first call is made with.
            wide: How many values change; 0 draws it.
            calls: How many calls; 0 draws it.
        """
        open_ones = self._changeable(given)
        if not open_ones:
            raise NoValueError("a value that changes")
        most = min(3, len(open_ones))
        width = wide or (1 if most == 1 or self.chance(0.4) else self.rng.randint(2, most))
        chosen = set(map(id, self.rng.sample(open_ones, width)))
        first = [g for g in given if id(g) in chosen]
        number = calls or self.rng.choices(list(CALLS), list(CALLS.values()))[0]
        closed = [len(g.parameter.choices) for g in first if g.parameter.choices]
        number = min([number, *closed])
        if number < 2:
            raise NoValueError("a value that changes")
        rows = [first]
        for _ in range(number - 1):
            rows.append([self._another(g, [row[n].said for row in rows]) for n, g in enumerate(first)])
        return rows

    def _another(self, like: Given, taken: Sequence[Said]) -> Given:
        """One more value for a parameter, said in the way of the first if one of some tries is."""
        shape = _shape(taken[0].text)
        avoid = [part for said in taken for part in (said.value, said.text)]
        found: Said | None = None
        for _ in range(8):
            said = self.talk.values.draw(like.parameter, avoid)
            if said is not None and (found is None or _shape(said.text) == shape):
                found = said
                if _shape(said.text) == shape:
                    break
        if found is None:
            raise NoValueError(like.parameter.name)
        unit = "" if found.text in ("one", "1") and not taken[0].unit else taken[0].unit
        return self.talk.give(like.parameter, replace(found, unit=unit))

    # One value changes.

    def _listed(self, tool: ToolSchema, kept: Row, some: Row) -> str:
        form = self.rng.random()
        first, rest = some[0], some[1:]
        if form < 0.4:
            text = self.phrases.request(tool, self._shuffled([first, *kept]))
            if not re.search(rf"[=:] ?{first.mark}", text):
                return put_in_place(text, first.mark, "{all}", all=self._row_of_marks(some))
        clear = not any(_confusable(first, g) for g in kept)
        if form < 0.5 and clear:
            text = self.phrases.request(tool, self._shuffled([first, *kept]))
            same = self.pick(_SAME_BARE).format(b=self.phrases.listed([g.shown for g in rest], mixed=False))
            return _joined(text, same)
        rows = [[g] for g in some]
        if form < 0.57:
            return self._verbless(tool, kept, rows)
        if form < 0.63:
            return self._counted(tool, kept, rows)
        if form < 0.68:
            return self._sentences(tool, kept, rows)
        if form < 0.76:
            part = self.phrases.attach(first, alone(first, tool))
            return self.phrases.request_ending(
                tool, kept, self._chain([part, *(_moved(part, [first], [g]) for g in rest)])
            )
        return self.phrases.request_ending(tool, kept, self._tail(some, clear))

    def _row_of_marks(self, some: Row) -> str:
        """As in "5, 10 and 15", "both Rome and Oslo"."""
        marks = [g.mark for g in some]
        if len(marks) == 2 and self.chance(0.25):
            return f"both {marks[0]} and {marks[1]}"
        if self.chance(0.08):
            return f"each of {self.phrases.listed(marks, mixed=False)}"
        return self.phrases.listed(marks)

    def _tail(self, some: Row, clear: bool) -> str:
        """The list at the end of the request, named as such unless it is clear what it is."""
        shown = [g.shown for g in some]
        names = plural(label(some[0].parameter))
        row, bare = self.phrases.listed(shown, mixed=False), ", ".join(shown)
        options = [
            f"for each of the following {names}: {bare}", f"for these {names}: {row}", f"for the {names} {row}",
            f"for each of these {names}: {bare}", f"for the following {names}: {row}", f"({names}: {bare})",
            f"with {names} {row}, one by one",
        ]  # fmt: skip
        if clear:
            options += [
                f"for each of the following: {bare}", f"separately for {row}", f"for each of {row}", f"for {row}",
                f"for {row}, each on its own", *[self._chain([f"for {v}" for v in shown]) for _ in range(2)],
                f"one for {self.phrases.listed([shown[0], *(f'one for {v}' for v in shown[1:])], mixed=False)}",
            ]  # fmt: skip
        if not any(re.fullmatch(r"\d", g.said.text) for g in some):
            numbered = " ".join(f"{n}. {v}" for n, v in enumerate(shown, 1))
            options.append(f"for the following {names}: {numbered}")
        return self.pick(options)

    def _chain(self, parts: Sequence[str]) -> str:
        """Parts one after the other: "first for A, then for B"."""
        last, start = parts[-1], parts[:-1]
        options = [self.phrases.listed(parts), self.phrases.listed(parts), "; ".join(parts), " and ".join(parts)]
        options += [
            f"first {', then '.join(start)}, {word} {last}" for word in ("then", "and finally", "and after that")
        ]
        options += [f"{', '.join(start)}, and also {last}", f"{', '.join(start)} and {last} as well"]
        options += [f"{', '.join(start)}, and {last}", ", then ".join(parts), f"once {' and once '.join(parts)}"]
        return self.pick(options)

    # Several change together.

    def _together(self, tool: ToolSchema, kept: Row, rows: Sequence[Row]) -> str:
        form = self.rng.random()
        if form < 0.24 and len(rows[0]) < 4:
            part = self._part(tool, rows[0])
            return self.phrases.request_ending(tool, kept, self._chain([_moved(part, rows[0], row) for row in rows]))
        if form < 0.36:
            return self._clauses(tool, kept, rows)
        if form < 0.5:
            return self._sentences(tool, kept, rows)
        if form < 0.58:
            return self._elliptic(tool, kept, rows)
        if form < 0.72:
            return self._verbless(tool, kept, rows)
        if form < 0.88:
            return self._counted(tool, kept, rows)
        return self._respectively(tool, kept, rows) if form < 0.95 else self._bracketed(tool, kept, rows)

    def _part(self, tool: ToolSchema, row: Row) -> str:
        parts, rest = self.phrases.tied(tool, row)
        return " ".join([*parts, *(self.phrases.attach(g, alone=False) for g in rest)])

    def _clauses(self, tool: ToolSchema, kept: Row, rows: Sequence[Row]) -> str:
        """The whole clause again for every call; what does not change in all of them or only in the first."""
        again = kept if self.chance(0.4) else []
        text = self.pick(("", "please ", "can you ", "I need you to ", "")) + self.phrases.clause(
            tool, [*kept, *rows[0]]
        )
        joint = self.pick(_JOINTS)
        for row in rows[1:]:
            text += f"{joint if self.chance(0.7) else self.pick(_JOINTS)}{self.phrases.clause(tool, [*again, *row])}"
        return text

    def _sentences(self, tool: ToolSchema, kept: Row, rows: Sequence[Row]) -> str:
        """A request, and a sentence for every further call."""
        text = self.phrases.request(tool, self._shuffled([*kept, *rows[0]]))
        part = self._part(tool, rows[0])
        part = part if _TIED.match(part) else f"with {part}"
        for row in rows[1:]:
            way = self.rng.random()
            if way < 0.3:
                said = self.pick(_NEXT).format(c=self.phrases.clause(tool, row))
            elif way < 0.45:
                said = self.pick(("", "Also, ", "And ", "Then, ")) + self.phrases.request(tool, self._shuffled(row))
            else:
                said = self.pick(_SAME).format(p=_moved(part, rows[0], row))
            text = _joined(text, f". {said}")
        return text

    def _elliptic(self, tool: ToolSchema, kept: Row, rows: Sequence[Row]) -> str:
        """As in "… with base 6 and height 4, and the same for 20 and 7": values alone, in the order of the first."""
        part = self._part(tool, rows[0])
        text = self.phrases.request_ending(tool, kept, part)
        order = sorted(range(len(rows[0])), key=lambda n: part.index(rows[0][n].mark))
        bare = [" and ".join(row[n].shown for n in order) for row in rows[1:]]
        form = self.pick(_SAME_BARE)
        return _joined(text, form.format(b=", and for ".join(bare) if "for {b}" in form else ", then ".join(bare)))

    def _verbless(self, tool: ToolSchema, kept: Row, rows: Sequence[Row]) -> str:
        """As in "find rock concerts in Rome and jazz concerts in Oslo": the verb once, its object every time."""
        verb, thing, _ = self.phrases.tasks.task(tool, [], brief=True)
        noun = re.sub(r"^(?:a|an|the|some) ", "", thing) or "one"
        adjectives = [n for n, g in enumerate(rows[0]) if _stands_before(g)]
        at = self.pick(adjectives) if adjectives and self.chance(0.8) else None
        rest = [g for n, g in enumerate(rows[0]) if n != at]
        part = f"{thing} {self._part(tool, rest)}" if at is None else f"{rows[0][at].mark} {noun}"
        part = f"{part} {self._part(tool, rest)}".strip() if at is not None and rest else part
        again = self.pick((None, "another", "one", "another one")) if at is None and self.chance(0.5) else None
        parts = [part]
        for row in rows[1:]:
            moved = _moved(part, rows[0], row)
            parts.append(f"{again}{moved.removeprefix(thing)}" if again else moved)
        said = self.pick((self.phrases.listed(parts), self._chain(parts)))
        ending = f" {self._part(tool, kept)}" if kept and self.chance(0.6) else ""
        ahead = f"{self._part(tool, kept)}, " if kept and not ending else ""
        start = self.pick(("", "please ", "can you ", "I want you to ", "I'd like to ", "could you "))
        return f"{ahead}{start}{verb} {said}{ending}"

    def _counted(self, tool: ToolSchema, kept: Row, rows: Sequence[Row]) -> str:
        """As in "… for two of them. The first one has a base of 12 and a height of 15. The second …"."""
        part = self._part(tool, rows[0])
        part = part if _TIED.match(part) else f"with {part}"
        count = _NUMBERS[len(rows)]
        tails = (f"{count} times", f"for {count} of them", f"for {count} cases", f"for {count} different ones", "", "")
        text = self.phrases.request_ending(tool, kept, self.pick(tails))
        way, verb = self.pick(_ORDINAL_STARTS), self.pick(("has", "should have", "is", "comes with", "uses"))
        said = []
        for number, row in enumerate(rows):
            moved = _moved(part, rows[0], row)
            start = way.format(o=_ORDINALS[number])
            if not way.startswith("for") and verb and moved.startswith("with "):
                start, moved = f"{start} {verb if verb != 'is' else 'is one with'}", moved.removeprefix("with ")
            said.append(f"{start} {moved}")
        if self.chance(0.5):
            return " ".join(f"{sentence.rstrip('.?!')}." for sentence in (text, *map(_capital, said)))
        joint = self.pick((": ", ", ", " - ", ", where "))
        return f"{text.rstrip('.?!')}{joint}{self.phrases.listed(said, mixed=False)}"

    def _respectively(self, tool: ToolSchema, kept: Row, rows: Sequence[Row]) -> str:
        """As in "… for Apple and Tesla over 10 and 15 days respectively": column by column."""
        columns = []
        for n, first in enumerate(rows[0]):
            part = self.phrases.attach(first, alone=False)
            listed = self.phrases.listed([row[n].mark for row in rows], mixed=False)
            columns.append(put_in_place(part, first.mark, "{all}", all=listed))
        said = self.pick((" and ", " ", ", ")).join(columns)
        return self.phrases.request_ending(tool, kept, said + self.pick((" respectively", ", respectively", "")))

    def _bracketed(self, tool: ToolSchema, kept: Row, rows: Sequence[Row]) -> str:
        """As in "… for Rome (3 days) and Oslo (5 days)"."""
        lead = self.rng.randrange(len(rows[0]))
        inside = [n for n in range(len(rows[0])) if n != lead]
        named = self.chance(0.5)
        said = []
        for row in rows:
            bare = [f"{label(row[n].parameter)} {row[n].shown}" if named else row[n].shown for n in inside]
            said.append(f"{row[lead].shown} ({', '.join(bare)})")
        start = self.pick(("for ", "for ", "with ", "of "))
        return self.phrases.request_ending(tool, kept, start + self.phrases.listed(said, mixed=False))

    def _in_place(self, text: str, rows: Sequence[Row]) -> str:
        some = [row[0] for row in rows]
        return put_in_place(text, some[0].mark, "{all}", all=self.phrases.listed([g.mark for g in some], mixed=False))

    def _shuffled(self, given: Row) -> Row:
        return self.rng.sample(given, len(given))


_TIED = re.compile(
    r"(?:with|without|for|from|to|in|into|on|at|of|by|near|around|across|about|over|under|up to|until|till"
    r"|starting|ending|between|where|using|given|if|called|named|titled|saying|moving|weighing|aged"
    r"|because|due|and|but) "
)
"""What a part begins with that needs no word before it."""


def _stands_before(g: Given) -> bool:
    """Whether a value can stand before the noun that a tool is about: "rock" of `genre` in "rock concerts"."""
    return kind_of(g.parameter) not in ("number", "boolean", "list") and label(g.parameter).split()[-1] in _ADJECTIVES


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _confusable(a: Given, b: Given) -> bool:
    """Whether a value without its name could be meant for either."""
    return kind_of(a.parameter) == kind_of(b.parameter) or (is_number(a.parameter) and is_number(b.parameter))


def _moved(text: str, old: Row, new: Row) -> str:
    """The same words with other values."""
    return text.translate({ord(a.mark): b.mark for a, b in zip(old, new, strict=True)})


def _joined(text: str, more: str) -> str:
    """A text and what follows it: a sentence of its own if it begins with a full stop."""
    if more.startswith(". "):
        return f"{text if text[-1:] in '.?!' else text + '.'} {more[2:]}"
    return f"{text.rstrip('.?!')}{'' if more.startswith(',') else ' '}{more}"


def _shape(text: str) -> str:
    """How a value is written, its digits and letters aside."""
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+(?:[.,]\d+)*", "0", text)) if re.search(r"\d", text) else "a"
