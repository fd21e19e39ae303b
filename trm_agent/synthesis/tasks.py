"""What a tool is asked to do, in words: a verb and its object, from the tool's name or its description.

A value may take the place of the noun that stands for it: "cancel an order" with the order number 4711 is "cancel
order 4711".
"""

from __future__ import annotations

import re

from trm_agent.synthesis.cues import head, kind_of, label, spoken_name
from trm_agent.synthesis.draws import Draws
from trm_agent.synthesis.values import MARK, Given
from trm_agent.synthesis.words import INFO_VERBS, MASS_NOUNS, STOP_WORDS, VERBS
from trm_agent.text.nouns import singular
from trm_agent.types import ToolSchema, identifier_words

SETTING_VERBS = frozenset(("set", "change", "update", "adjust", "increase", "decrease", "modify", "reduce", "turn"))

SYNONYMS: dict[str, tuple[str, ...]] = {
    "get": ("get", "get", "find", "pull up", "look up", "get me", "show me", "give me", "tell me"),
    "retrieve": ("retrieve", "get", "find", "pull up", "look up", "get me", "show me", "give me"),
    "fetch": ("fetch", "get", "grab", "get me"),
    "provide": ("give me", "get me"),
    "display": ("show me",),
    "show": ("show me",),
    "list": ("list", "show me", "give me"),
    "find": ("find", "find me", "look for", "search for"),
    "search": ("search for", "look for", "find"),
    "calculate": ("calculate", "work out", "figure out", "compute", "calculate"),
    "compute": ("compute", "calculate", "work out"),
    "create": ("create", "make", "set up", "create"),
    "book": ("book", "reserve", "book me"),
    "reserve": ("reserve", "book"),
    "purchase": ("purchase", "buy"),
    "delete": ("delete", "remove", "get rid of"),
    "update": ("update", "change", "update"),
    "modify": ("modify", "change"),
    "analyze": ("analyze", "analyze", "analyse"),
    "determine": ("determine", "find out", "figure out"),
    "generate": ("generate", "create", "make"),
    "check": ("check", "check", "look up"),
    "schedule": ("schedule", "set up", "plan"),
    "recommend": ("recommend", "suggest", "recommend me"),
    "order": ("order", "order", "order me"),
    "start": ("start", "start", "begin", "run"),
}
"""A verb of a declaration → what people say."""

_PLACE_NOUNS = r"(?:for|of|in|on|at|from|by|based|given|using|with|within|between|to|that|which|about|during)"
_ANY_ONE = r"(?:a|an|the|any|each|given|specific|specified|certain|particular|your|one|some|two|which)"


class Tasks(Draws):
    """Draws what is asked for."""

    def task(self, tool: ToolSchema, given: list[Given], brief: bool = False) -> tuple[str, str, list[Given]]:
        """Verb, what follows it, and the values that are not in it yet; `brief` leaves what stands for others out."""
        if tool.description and self.chance(0.6):
            verb, thing, rest = self._described(tool, given, brief)
            if verb:
                return verb, thing, rest
        words = identifier_words(tool.name).split()
        own = identifier_words(tool.name.split(".")[-1]).split()
        if len(own) > 1 and own[0] in VERBS:
            words = own  # `clinic.cancel_appointment` is "cancel an appointment"
        told = base_form(tool.description.split()[0]) if tool.description.strip() else ""
        is_verb = words[0] in VERBS or words[0] == told
        verb, rest_words = (words[0], words[1:]) if is_verb else (told if told in VERBS else "get", words)
        if rest_words[:1] in (["for"], ["up"], ["in"], ["out"], ["on"], ["off"]) and words[0] in VERBS:
            verb, rest_words = f"{verb} {rest_words[0]}", rest_words[1:]
        thing, rest = self._named(" ".join(rest_words), given)
        return self._synonym(verb), thing or self._noun(verb, " ".join(rest_words)), rest

    def _named(self, noun: str, given: list[Given]) -> tuple[str, list[Given]]:
        """A noun with its name: "the back door", or "the garage door"."""
        for g in given:
            if noun and label(g.parameter) == noun and kind_of(g.parameter) == "choice" and self.chance(0.8):
                rest = [other for other in given if other is not g]
                named = noun in g.said.text.lower().split()
                return f"the {g.shown}" if named else f"the {g.shown} {noun}", rest
        return "", given

    def _described(self, tool: ToolSchema, given: list[Given], brief: bool) -> tuple[str, str, list[Given]]:
        """From the description's first sentence, with values in the place of what stands for them."""
        words = head(tool.description).split()
        if not 2 <= len(words) <= 22 or base_form(words[0]) not in VERBS:
            return "", "", given
        verb = base_form(words[0])
        text = " ".join([lowered(words[1]), *words[2:]]).removeprefix("for ")
        text = re.split(r" and (?:\w+s (?:its|the|a|an|their|it) |(?:return|provide|give)s? )", text)[0]
        text = re.split(r",? given (?!an? |the )|,? (?:based on|by (?:its|their)|according to) ", text)[0]
        if " or " in f" {text} ":
            return "", "", given
        rest = []
        for g in given:
            try_it = kind_of(g.parameter) != "boolean" and self.chance(0.85)
            place = self._place(text, g, verb) if try_it else None
            if place:
                text = place
            else:
                rest.append(g)
        if max(map(ord, text)) >= MARK:
            text = _cut_after_marks(text)
        elif self.chance(0.95 if rest or brief else 0.4):
            short = re.split(rf" {_PLACE_NOUNS} {_ANY_ONE}\b", text, maxsplit=1)[0]
            if _content(short) & _content(identifier_words(tool.name)):
                text = short
        text = re.sub(r"\b(?:a|an|the) (?:specific|specified|given|particular|certain) ", "the ", text)
        return self._synonym(verb), text.strip(" ,"), rest

    def _place(self, text: str, g: Given, verb: str) -> str | None:
        """The text with the value where its noun stands: "for a patient" → "for patient P12"."""
        words = spoken_name(g.parameter).split()
        tail = words[-1]
        short = tail in ("id", "name", "number", "code", "title") and len(words) > 1
        noun = " ".join(words[:-1] if short else words)
        pattern = (
            r"(?P<prep>\b(?:for|in|of|on|at|from|to|by|with|about|between|near|into|a|an|the) )"
            r"(?:(?:a|an|the|any|your|this|some|another|specific|specified|given|particular|certain) )*"
            r"(?:(?:list|set|array|series|collection|group) of )?"
            rf"(?P<noun>(?:[a-z-]+ )?{re.escape(noun)})(?:'s)?(?: (?:name|id|ID|number))?(?=$|[ ,])"
        )
        found = re.search(pattern, text)
        if not found or chr(MARK) <= max(found[0]):
            return None
        shown = g.shown
        if tail in ("id", "number", "code") and len(words) > 1:
            shown = self.pick((f"{noun} {shown}", f"{noun} {label(g.parameter).split()[-1]} {shown}", shown))
        elif tail in ("name", "title") and self.chance(0.4):
            shown = self.pick((f"the {noun} {shown}", f"{noun} {shown}"))
        prep = found["prep"]
        if prep.strip() in ("a", "an", "the"):
            prep = ""
            if verb in SETTING_VERBS:
                shown = f"the {found['noun']} to {g.shown}"
            elif kind_of(g.parameter) in (
                "choice",
                "level",
                "number",
                "measure",
                "percent",
                "date",
                "time",
                "color",
                "list",
            ):
                return None
        return f"{text[: found.start()]}{prep}{shown}{text[found.end() :]}"

    def _synonym(self, verb: str) -> str:
        return self.pick(SYNONYMS.get(verb, (verb,)))

    def _noun(self, verb: str, words: str) -> str:
        """An object with an article."""
        words = re.sub(r"\binfo\b", "information", words)
        if not words or words.split()[0] in ("a", "an", "the", "all", "my", "your", "this", "any", "by", "for", "to"):
            return words
        last = re.split(r" (?:by|for|of|from|in|to|with|on|at) ", words)[0].split()[-1]
        if last in MASS_NOUNS or (last.endswith("s") and not last.endswith(("ss", "us", "is"))):
            return self.pick((words, f"the {words}", f"the {words}", f"some {words}"))
        known = (
            "calculate",
            "compute",
            "track",
            "update",
            "delete",
            "cancel",
            "analyze",
            "set",
            "lock",
            "arm",
            "start",
        )
        if verb in INFO_VERBS or verb in known:
            return self.pick((f"the {words}", f"the {words}", f"the {words}", words))
        return self.pick((f"{article(words)} {words}", f"{article(words)} {words}", f"the {words}", words))


def base_form(word: str) -> str:
    """`Retrieves` → `retrieve`."""
    word = word.lower().strip(",.:")
    if word in VERBS:
        return word
    for ending, instead in (("ies", "y"), ("es", "e"), ("es", ""), ("s", "")):
        if word.endswith(ending) and word[: -len(ending)] + instead in VERBS:
            return word[: -len(ending)] + instead
    return word


def lowered(text: str) -> str:
    """With a small first letter, unless it is I, an abbreviation or a mark."""
    first = text.split(" ", 1)[0]
    if not text or first in ("I", "I'm", "I'd") or (len(first) > 1 and not first[1:2].islower()):
        return text
    return text[0].lower() + text[1:]


def article(words: str) -> str:
    """`a` or `an`, by the sound that mostly follows."""
    vowel = words[0].lower() in "aeiou" and not re.match(r"us|uni|eu|one|ut", words.lower())
    return "an" if vowel else "a"


def _cut_after_marks(text: str) -> str:
    last = max(i for i, sign in enumerate(text) if ord(sign) >= MARK)
    joints = r",| (?:for|in|of|on|at|from|by|based|given|using|with|within|that|which|to|and|into) "
    return text[: last + 1] + re.split(joints, text[last + 1 :])[0]


def _content(text: str) -> set[str]:
    return set(map(singular, re.findall(r"[a-z0-9]+", text.lower()))) - STOP_WORDS
