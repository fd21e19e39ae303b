"""What the assistant asks, what the user answers and corrects, and what a made-up tool returns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trm_agent.synthesis.attachments import beside_name, flag_words, role_of
from trm_agent.synthesis.cues import kind_of, label
from trm_agent.synthesis.phrases import Phrases
from trm_agent.synthesis.values import Given, Said
from trm_agent.types import Parameter, ToolSchema, identifier_words
from trm_agent.values import choice_text


def question(p: Phrases, parameter: Parameter) -> str:
    """The assistant asks for one parameter."""
    kind, name = kind_of(parameter), label(parameter)
    if kind == "boolean":
        form, words = flag_words(parameter)
        forms = {
            "with": (f"Would you like {words}?", f"Should I include {words}?", f"With or without {words}?"),
            "do": (f"Should I {words}?", f"Do you want me to {words}?"),
            "on": (f"Should {words} be on?", f"Do you want to use {words}?"),
            "be": (f"Should it be {words}?", f"Is it {words}?"),
            "only": (f"Only {words}?", f"Do you want {words} ones only?"),
            "power": ("Should it be on or off?", "On or off?", "Do you want it on?"),
            "thing": (f"Would you like {words}?", f"What about {words}: yes or no?", f"Do you want {words}?"),
        }
        return p.pick(forms[form])
    options = [
        f"What is the {name}?", f"What {name} should I use?", f"Could you tell me the {name}?", f"Which {name}?",
        f"Sure, what's the {name}?", f"I need the {name} for that. What is it?", f"Please give me the {name}.",
        f"May I have the {name}?", f"What {name} would you like?", f"OK. And the {name}?",
        f"Can you provide the {name}?",
        f"Which {name} do you mean?", f"I still need the {name}.",
    ]  # fmt: skip
    role = role_of(parameter)
    if kind in ("count", "duration") and name.endswith("s"):
        noun = name.removeprefix("number of ")
        options = [
            f"How many {noun}?",
            f"For how many {noun}?",
            f"How many {noun} should it be?",
            f"And how many {noun}?",
        ]
    if kind == "choice" and len(parameter.choices) <= 6 and p.chance(0.5):
        texts = [choice_text(choice) for choice in parameter.choices]
        listed = f"{', '.join(texts[:-1])} or {texts[-1]}" if len(texts) > 1 else texts[0]
        options = [f"Which {name}: {listed}?", f"What {name} do you want? You can choose {listed}.", f"{listed}?"]
    elif kind == "date" and not role:
        options += ["For which day?", "On what date?", "When would that be?", "What day?"]
    elif kind == "time" and not role:
        options += ["At what time?", "What time?", "And at what time?"]
    elif kind == "city" and not role:
        options += ["Which city?", "Where?", "For which place?", "In which city?"]
    elif kind == "city" and role[0] in ("from", "to"):
        options += (
            ["Where from?", "Where do you start?"] if role[0] == "from" else ["Where to?", "Where do you want to go?"]
        )
    elif kind in ("duration", "measure") and not name.endswith("s"):
        options += ["How long?", "For how long?"] if kind == "duration" else []
    elif kind == "message":
        options += [f"What should the {name} be?", f"What should the {name} say?"]
    elif kind == "age":
        options += ["How old?"]
    elif kind == "money":
        options += ["How much?"]
    return p.pick(options)


def suggestion(p: Phrases, g: Given) -> str:
    """The assistant asks for one parameter and proposes a value."""
    v = g.shown
    offers = (f"How about {v}?", f"Would {v} be all right?", f"I could take {v}. Is that fine?", f"Is it {v}?")
    return f"{question(p, g.parameter)} {p.pick(offers)}" if p.chance(0.5) else p.pick(offers)


def agreement(p: Phrases) -> str:
    """The user takes what was proposed."""
    return p.pick(
        ("yes", "yes please", "sure", "that's fine", "sounds good", "ok", "perfect", "yes, that works", "yep")
    )


def questions(p: Phrases, parameters: Sequence[Parameter]) -> str:
    """The assistant asks for several parameters at once."""
    names = [label(parameter) for parameter in parameters]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return p.pick(
        (
            f"I need the {listed} for that.", f"Could you tell me the {listed}?", f"What are the {listed}?",
            f"Please give me the {listed}.", f"Sure. What {listed} should I use?",
        )
    )  # fmt: skip


def answer(p: Phrases, g: Given) -> str:
    """The user gives what was asked for."""
    kind, name, v, w = kind_of(g.parameter), label(g.parameter), g.shown, beside_name(g)
    if kind == "boolean":
        yes = ("yes", "yes please", "yeah", "sure", "yep", "Yes, please.", "of course", "please do")
        no = ("no", "no thanks", "nope", "no, thank you", "not needed", "No.", "nah")
        form, words = flag_words(g.parameter)
        if form == "power":
            on = g.said.value is not (words == "off")
            return p.pick(("on", "on please", "turn it on") if on else ("off", "off please", "turn it off"))
        return p.flag_sentence(g) if p.chance(0.15) else p.pick(yes if g.said.value else no)
    if p.chance(0.38):
        return v
    options = [
        f"{v} please", f"{v}, please", f"it's {v}", f"it is {v}", f"the {name} is {w}", f"let's say {v}",
        f"make it {v}",
        f"{v}, thanks", f"hmm, {v}", f"I think {v}", f"{v} should be fine", f"use {v}", f"{name} {w}",
        f"that would be {v}",
        f"oh sorry, {v}", f"ah yes, {v}", f"sure, {v}", f"{name}: {w}", f"{v} would be good", f"I'd say {v}",
    ]  # fmt: skip
    if kind == "message":
        options = [v, f'"{v}"', f'it should say "{v}"', f'the {name} is "{v}"']
    elif kind in ("id", "email", "phone", "token", "password", "url", "username", "address"):
        options = [
            v,
            f"it's {v}",
            f"my {name} is {v}",
            f"the {name} is {w}",
            f"{v}",
            f"here it is: {v}",
            f"{name} {w}",
            f"sure, {v}",
        ]
    elif kind in ("city", "date", "time", "country", "person", "money", "count"):
        options += [p.attach(g, True)] * 4
    return p.pick(options)


def correction(p: Phrases, new: Given, old: Given | None) -> str:
    """The user replaces a value; `old` is named where a mark for it is given."""
    kind, name, v, w = kind_of(new.parameter), label(new.parameter), new.shown, beside_name(new)
    lead = p.pick(
        ("actually,", "no wait,", "sorry,", "hmm,", "wait,", "oh,", "on second thought,", "no,", "actually", "hold on,")
    )
    if kind == "boolean":
        return f"{lead} {p.flag_sentence(new)}"
    if old is not None and p.chance(0.35):
        return p.pick(
            (
                f"{lead} not {old.mark} but {v}", f"{lead} {v} instead of {old.mark}", f"not {old.mark}, {v}",
                f"{lead} I meant {v}, not {old.mark}", f"{lead} change {old.mark} to {v}",
                f"I said {old.mark} but I mean {v}",
            )
        )  # fmt: skip
    options = [
        f"{lead} make the {name} {w}", f"{lead} change the {name} to {w}", f"{lead} the {name} should be {w}",
        f"{lead} the {name} is {v}", f"can you change the {name} to {w}?", f"{lead} I meant {v} for the {name}",
        f"please use {v} as the {name} instead", f"{lead} {name} {w}", f"what if the {name} is {v}?",
    ]  # fmt: skip
    if kind in (
        "date",
        "time",
        "city",
        "country",
        "person",
        "money",
        "count",
        "product",
        "food",
        "language",
        "currency",
        "choice",
    ):
        options += [
            f"{lead} make it {v}", f"{lead} make that {v}", f"{lead} {v}", f"{lead} I meant {v}",
            f"{lead} {p.attach(new, True)}",
            f"{lead} {v} instead", f"{lead} {v} please", f"can we do {v} instead?", f"{lead} let's do {v} instead",
            f"{v}, I mean", f"{v} is what I meant", f"oops, {v}", f"{v} rather", f"better {v}", f"make it {v}",
            f"rather {p.attach(new, True)}", f"no, {p.attach(new, True)}", f"I'd rather have {v}", f"{v} after all",
        ]  # fmt: skip
    return p.pick(options)


def confirmation(tool: ToolSchema, known: Mapping[str, Said]) -> str:
    """What a call would carry, in words."""
    spoken = {p.name: label(p) for p in tool.parameters}
    told = [f"{spoken[name]} {_shown(said.value)}" for name, said in known.items()]
    return ", ".join(told) or identifier_words(tool.name)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        ", ".join(map(str, value))
        if isinstance(value, list)
        else choice_text(value)
        if isinstance(value, str)
        else str(value)
    )


def again(p: Phrases, new: Given) -> str:
    """The user wants the last request once more with another value."""
    name, v, w = label(new.parameter), new.shown, beside_name(new)
    inline = p.attach(new, True)
    if kind_of(new.parameter) == "boolean":
        return f"{p.pick(('and now', 'the same', 'now again'))} {p.flag(new).removeprefix('and ').removeprefix('but ')}"
    return p.pick(
        (
            f"and {inline}?", f"what about {v}?", f"how about {v}?", f"and for {name} {w}?", f"do the same {inline}",
            f"now the same with {name} {w}", f"same again, but {inline}", f"and {v}?", f"what about {name} {w}?",
            f"can you do that again with {name} {w}?", f"same thing for {v} please", f"and what about {v}?",
            f"do it again {inline}", f"try {name} {w} now",
        )
    )  # fmt: skip


def result(p: Phrases, tool: ToolSchema, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A made-up result: a status, some arguments again, something the name promises."""
    words = identifier_words(tool.name).split()
    noun = "_".join(words[1:] or words)
    out: dict[str, Any] = {"status": p.pick(("success", "success", "ok", "done"))}
    for key, value in arguments.items():
        if p.chance(0.35) and not isinstance(value, Mapping):
            out[key] = value
    shape = p.rng.randrange(5)
    if shape == 0:
        out["reference"] = f"{noun[:2].upper()}-{p.rng.randint(10000, 99999)}"
    elif shape == 1:
        out[noun] = round(p.rng.uniform(1, 500), 1)
    elif shape == 2:
        out["results"] = [{"rank": i + 1, "score": round(p.rng.random(), 2)} for i in range(p.rng.randint(1, 3))]
    elif shape == 3:
        out[noun] = p.pick(("available", "normal", "updated", "completed", "confirmed", "good"))
    return out


def report(p: Phrases, tool: ToolSchema, returned: Mapping[str, Any]) -> str:
    """The assistant tells the result."""
    noun = re.sub(r"^\w+ ", "", identifier_words(tool.name)) or tool.name
    details = ", ".join(
        f"{identifier_words(key)} {_shown(value)}"
        for key, value in returned.items()
        if key != "status" and isinstance(value, str | int | float)
    )
    options = [
        "Done.", "That's done.", "All set. Anything else?", "Here is what I found.", f"Here is the {noun}.",
        f"The {noun} is ready.", "It worked. Is there anything else I can do?",
    ]  # fmt: skip
    if details:
        options += [f"Done: {details}.", f"Here you go: {details}.", f"I have it: {details}. Anything else?"] * 2
    return p.pick(options)
