"""What is changed after it was said: entries of lists, and what a user answers who is asked before a call."""

from __future__ import annotations

from trm_agent.synthesis.conversation import Conversation, NoValueError
from trm_agent.synthesis.cues import item_of, kind_of, label
from trm_agent.synthesis.values import Given, Said
from trm_agent.types import Parameter, ToolSchema
from trm_agent.values import validates

AGREED = (
    "yes", "yes please", "yep", "sure", "go ahead", "do it", "please do", "ok", "that's right", "correct", "fine",
    "go on then", "yes, thanks", "perfect, yes", "sounds good", "of course", "right, do that", "please",
)  # fmt: skip
REFUSED = (
    "no", "no, leave it", "wait", "not yet", "hold on", "no, don't", "never mind", "forget it", "of course not",
    "better not", "no thanks", "leave it", "stop", "I've changed my mind", "rather not", "let me think about it first",
)  # fmt: skip
_LEFT = ("All right, I won't.", "Okay, I leave it.", "Fine, nothing is done.", "As you like. I leave it as it is.")


def asked_before(talk: Conversation, tool: ToolSchema, given: list[Given]) -> None:
    """Whoever ran before asks whether a call should be made. It is no decision of this router's."""
    task = talk.phrases.clause(tool, given)
    talk.say(
        talk.phrases.pick(
            (
                f"Shall I {task}?",
                f"Should I {task}?",
                f"Do you want me to {task}?",
                f"So I {task}. Is that right?",
                f"I would {task} now. OK?",
                f"Ready to {task}?",
            )
        )
    )


def refuse(talk: Conversation) -> None:
    """The user does not want it, and nothing is called."""
    talk.user(talk.phrases.pick(REFUSED))
    talk.reply(talk.phrases.pick(_LEFT), None)


def listed(tool: ToolSchema, known: dict[str, Said]) -> list[Parameter]:
    """The parameters whose known value is a list of plain values that could be changed."""
    return [p for p in tool.parameters if p.name in known and kind_of(p) == "list"]


def edit(talk: Conversation, tool: ToolSchema, parameter: Parameter) -> None:
    """An entry is added to a known list, taken out of it, or exchanged.

    Raises:
        NoValueError: No other entry can be drawn, or the new list is not allowed.
    """
    old = talk.known(tool)[parameter.name]
    entries = list(old.value)
    way = talk.rng.choice(("add", "add", "drop", "swap") if len(entries) > 1 else ("add", "add", "swap"))
    gone = talk.rng.randrange(len(entries))
    fresh = None if way == "drop" else talk.values.draw(item_of(parameter), [*entries, *map(str, entries)])
    if fresh is None:
        if way != "drop":
            raise NoValueError(parameter.name)
        new = [*entries[:gone], *entries[gone + 1 :]]
    elif way == "add":
        new = [*entries, fresh.value]
    else:
        new = [*entries[:gone], fresh.value, *entries[gone + 1 :]]
    if not validates(new, parameter.schema) or not new:
        raise NoValueError(parameter.name)
    was = talk.mark(str(entries[gone]))
    text = _words(talk, parameter, way, was, talk.mark(fresh.text) if fresh else "")
    said = Said(new, ", ".join(map(str, new)), "list")
    talk.user(text, tool, [Given(parameter, said, talk.mark(said.text))])


def _words(talk: Conversation, parameter: Parameter, way: str, was: str, new: str) -> str:
    name = label(parameter)
    forms = {
        "add": (
            f"and {new}", f"add {new}", f"also {new}", f"{new} too", f"{new} as well, please",
            f"add {new} to the {name}",
            f"oh, and {new}", f"put {new} on it too", f"{new} is missing", f"plus {new}", f"I forgot {new}",
        ),
        "drop": (
            f"without {was}", f"take {was} off", f"not {was}", f"drop {was}", f"no {was} after all", f"leave {was} out",
            f"take {was} out again", f"remove {was} from the {name}", f"{was} can go", f"we don't need {was}",
            f"skip {was}", f"but not {was}",
        ),
        "swap": (
            f"{new} instead of {was}", f"swap {was} for {new}", f"not {was} but {new}", f"make {was} {new}",
            f"replace {was} with {new}", f"{was} out, {new} in", f"no {was}, rather {new}",
        ),
    }[way]  # fmt: skip
    return talk.phrases.pick(forms)
