"""ThingTalk, as far as single calls go: classes of devices with their functions, and programs that call them.

Read are `class @id { query|action name(in req p : Type …) … }` and `@id.function(p=value) filter p >= value`, in source
form and parted into words. What a call cannot hold (negations, alternatives, computed values, results of another
call) makes a program unreadable: `Unreadable` says what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trm_agent.errors import DataError


class Unreadable(Exception):
    """A program means more than calls can hold; says what."""


@dataclass(frozen=True)
class Declared:
    """A parameter of a function.

    Attributes:
        name: As declared.
        direction: `in req`, `in opt` or `out`.
        type: ThingTalk's, such as `Enum(on,off)` or `Measure(C)`.
        prompt: The question for it; empty if there is none.
        words: What it is called.
    """

    name: str
    direction: str
    type: str
    prompt: str = ""
    words: str = ""


@dataclass(frozen=True)
class Function:
    """A query or action of a class.

    Attributes:
        device: Id of the class.
        name: As declared.
        kind: `query` or `action`.
        parameters: As declared.
        about: A description; empty if there is none.
        words: What it is called.
    """

    device: str
    name: str
    kind: str
    parameters: Mapping[str, Declared]
    about: str = ""
    words: str = ""


@dataclass(frozen=True)
class Invocation:
    """A call in a program.

    Attributes:
        device: Id of the class.
        function: Its name.
        watched: Whether the program waits for changes of it (`monitor`).
        arguments: (parameter, operator, value), filters among them; the operator is `=`, `==`, `=~`, `contains`, `>=`
            or `<=`.
        order: (parameter, `asc` or `desc`) of its results.
        limit: How many results; None: not said.
    """

    device: str
    function: str
    watched: bool
    arguments: tuple[tuple[str, str, str], ...]
    order: tuple[str, str] | None = None
    limit: str | None = None


@dataclass(frozen=True)
class Example:
    """An entry of a `dataset.tt`: what may be said, and the program, with `p_…` for what is put in.

    Attributes:
        kind: `query`, `action`, `stream` or `program`.
        program: Its text.
        utterances: Templates with `$p_name` or `${p_name}`.
        types: Name of what is put in → its type.
    """

    kind: str
    program: str
    utterances: tuple[str, ...]
    types: Mapping[str, str] = field(default_factory=dict)


_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_CLASS = re.compile(r"\bclass\s+@([\w.-]+)")
_FUNCTION = re.compile(r"(?<![\w$])(query|action)\s+(\w+)\s*\(")
_PARAMETER = re.compile(r"\s*(in\s+req|in\s+opt|out)\s+(\w+)\s*:\s*")
_EXAMPLE = re.compile(
    r"(?<![\w$])(query|action|stream|program)\s*(?:\(([^)]*(?:\([^)]*\)[^)]*)*)\))?\s*:?=\s*(?=[\[@(\w])"
)
_CALL = re.compile(r"@([\w.-]+)(?:\(([^()]*)\))?\.(\w+)\(")
_SORT = re.compile(r"\bsort\s*\(\s*(\w+)\s+(asc|desc)\s+of\b")
_LIMIT = re.compile(r"\[\s*1\s*:\s*(\w+)\s*\]")
_CONTAINS = re.compile(r"contains~?\((\w+),(.+)\)$")
_COMPARISON = re.compile(r"(\w+)\s*(==|=~|>=|<=)\s*(.+)$")
_UNREADABLE = re.compile(
    r"\|\||!|distance\s*\(|\battimer\b|\btimer\b|\bontimer\b|\bcompute\b|\bin_array|~=|\bany\s*\(|\bselect\b|\bnew \["
)


def read_class(text: str) -> tuple[str, str, list[Function]]:
    """Id, subcategory (may be empty) and functions of a `manifest.tt`.

    Raises:
        DataError: It holds no class.
    """
    text = _without_comments(text)
    found = _CLASS.search(text)
    if found is None:
        raise DataError("no class in a manifest.tt")
    device = found[1]
    category = re.search(r'#\[subcategory="([\w-]+)"\]', text)
    functions = []
    for match in _FUNCTION.finditer(text):
        end = _closing(text, match.end() - 1)
        parameters = [_parameter(part) for part in _parted(text[match.end() : end], ",")]
        notes = text[end + 1 : _end_of_statement(text, end + 1)]
        functions.append(
            Function(
                device,
                match[2],
                match[1],
                {one.name: one for one in parameters if one is not None},
                about=_note(notes, "doc"),
                words=_note(notes, "canonical"),
            )
        )
    return device, category[1] if category else "", functions


def read_examples(text: str) -> Iterator[Example]:
    """The entries of a `dataset.tt`."""
    text = _without_comments(text)
    for match in _EXAMPLE.finditer(text):
        statement = text[match.end() : _end_of_statement(text, match.end())]
        at = statement.find("#")
        notes = re.search(r"#_\[\s*utterances\s*=\s*\[(.*)\]\s*\]", statement, re.DOTALL)
        if at < 0 or notes is None:
            continue
        said = notes[1].split("]\n")[0]
        types = {
            name.strip(): kind.strip() for name, _, kind in (one.partition(":") for one in _parted(match[2] or "", ","))
        }
        yield Example(match[1], statement[:at].strip(), tuple(_STRING.findall(said)), types)


def read_program(text: str) -> list[Invocation]:
    """The calls of a program, in order.

    Raises:
        Unreadable: It means more than calls can hold.
    """
    text = re.sub(r"^\s*\$dialogue\s*@[\w.\s]+;", "", _joined(text)).strip()
    strings: list[str] = []

    def keep(match: re.Match[str]) -> str:
        strings.append(match[0])
        return f"STRING{len(strings) - 1}$"

    text = _STRING.sub(keep, text)
    stages = [stage for part in text.split(";") if part.strip() for stage in part.split("=>")]
    if not stages:
        raise Unreadable("nothing")
    calls = [_invocation(stage.strip(), strings) for stage in stages]
    if len(calls) > 1 and any(call.watched for call in calls):
        raise Unreadable("an action on a change")
    return calls


def _invocation(stage: str, strings: list[str]) -> Invocation:
    odd = _UNREADABLE.search(stage)
    if odd:
        raise Unreadable(odd[0])
    calls = list(_CALL.finditer(stage))
    if len(calls) != 1:
        raise Unreadable(f"{len(calls)} calls")
    call = calls[0]
    end = _closing(stage, call.end() - 1)
    arguments: list[tuple[str, str, str]] = []
    for part in [*_parted(call[2] or "", ","), *_parted(stage[call.end() : end], ",")]:
        name, equals, value = part.partition("=")
        if not equals:
            raise Unreadable(part)
        if value.strip() not in ("$?", "$undefined"):
            arguments.append((name.strip(), "=", _restored(value, strings)))
    rest = stage[end + 1 :]
    limit = _LIMIT.search(rest)
    for condition in _conditions(rest):
        if found := _CONTAINS.match(condition):
            arguments.append((found[1], "contains", _restored(found[2], strings)))
        elif found := _COMPARISON.match(condition):
            arguments.append((found[1], found[2], _restored(found[3], strings)))
        else:
            raise Unreadable(condition)
    sort = _SORT.search(stage[: call.start()])
    watched = re.search(r"\b(?:monitor|edge)\s*\(", stage[: call.start()]) is not None
    order = (sort[1], sort[2]) if sort else None
    return Invocation(call[1], call[3], watched, tuple(arguments), order, limit[1] if limit else None)


def _conditions(rest: str) -> list[str]:
    """The conditions behind a call, up to the end of each bracket that was opened before it."""
    out: list[str] = []
    for part in re.split(r"\bfilter\b|(?<=\))\s*,|^\s*,|\bon\b", rest)[1:]:
        depth, end = 0, len(part)
        for at, char in enumerate(part):
            depth += (char in "([") - (char in ")]")
            if depth < 0 or (char == "[" and depth == 1):
                end = at
                break
        out += [condition.strip() for condition in part[:end].split("&&") if condition.strip()]
    tight = [re.sub(r"\s*,\s*", ",", re.sub(r"\(\s+|\s+\)", lambda match: match[0].strip(), one)) for one in out]
    return [one[1:-1] if one.startswith("(") and _closing(one, 0) == len(one) - 1 else one for one in tight]


def _restored(value: str, strings: list[str]) -> str:
    return re.sub(r"STRING(\d+)\$", lambda match: strings[int(match[1])], value).strip()


def _joined(text: str) -> str:
    """A program without the spaces that part its names and brackets."""
    parts = re.split(r'("(?:\\.|[^"\\])*")', text)
    for at in range(0, len(parts), 2):
        parts[at] = re.sub(r"\s*\.\s*(?=[A-Za-z_(])", ".", parts[at])
        parts[at] = re.sub(r"(?<=[\w.-])\s+\(", "(", parts[at])
        parts[at] = re.sub(r"\b(of|filter|monitor|on)\(", r"\1 (", parts[at])
    return "".join(parts)


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda match: match[1] or " ", text)


def _closing(text: str, at: int) -> int:
    """Where the bracket at a place is closed."""
    depth = 0
    quoted = False
    for end in range(at, len(text)):
        char = text[end]
        if char == '"' and text[end - 1] != "\\":
            quoted = not quoted
        if not quoted:
            depth += (char in "([{") - (char in ")]}")
            if depth == 0:
                return end
    raise Unreadable(f"{text[at]!r} is not closed")


def _end_of_statement(text: str, at: int) -> int:
    quoted = False
    for end in range(at, len(text)):
        if text[end] == '"' and text[end - 1] != "\\":
            quoted = not quoted
        elif text[end] == ";" and not quoted:
            return end
    return len(text)


def _parted(text: str, mark: str) -> list[str]:
    """A list's entries, parted where no bracket or quotation is open."""
    out, depth, quoted = [""], 0, False
    for char in text:
        if char == '"':
            quoted = not quoted
        depth += 0 if quoted else (char in "([{") - (char in ")]}")
        if char == mark and depth == 0 and not quoted:
            out.append("")
        else:
            out[-1] += char
    return [part for part in out if part.strip()]


def _parameter(text: str) -> Declared | None:
    match = _PARAMETER.match(text)
    if match is None:
        return None
    kind, _, notes = text[match.end() :].partition("#")
    direction = " ".join(match[1].split())
    notes = f"#{notes}"
    return Declared(match[2], direction, re.sub(r"\s+", "", kind), _note(notes, "prompt"), _note(notes, "canonical"))


def _note(notes: str, name: str) -> str:
    """The first text of an annotation; of a canonical form with several parts, that of its base."""
    found = re.search(rf"#_?\[\s*{name}\s*=", notes)
    if found is None:
        return ""
    value = notes[found.end() : _closing(notes, notes.index("[", found.start()))]
    base = re.search(r"\bbase\s*=\s*\[(.*?)\]", value, re.DOTALL) if value.lstrip().startswith("{") else None
    texts = _STRING.findall(base[1] if base else value) if base or not value.lstrip().startswith("{") else []
    return next((text.strip() for text in texts if text.strip() and not set("#[$") & set(text)), "")
