"""How a parameter is asked for: the one owner of this, for the frames and for the asking rule.

In the words of its description where that names it ("What is the date of the appointment?"), else by what its name says
(`start_time`: "What time should it start?"); choices are part of the question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from trm_agent.responses.frames import Frames
from trm_agent.text.actions import say_tool
from trm_agent.text.descriptions import Described, parameter_words, upper_first
from trm_agent.text.nouns import is_plural, verb_of, with_article
from trm_agent.text.phrases import SPOKEN, pattern, spoken_language, words_of
from trm_agent.text.statements import label_words
from trm_agent.types import Parameter, identifier_words
from trm_agent.values import choice_text

MOST_CHOICES = 8
SHORT_PHRASE = 4
"""A description of more words gives way to the name, where that says the same."""
COUNT = "number of "
_DETERMINER = re.compile(r"^(the|a|an|your|any|one|all|each|this|that|its|his|her|their|our|my)\b", re.IGNORECASE)
_THE = re.compile(r"^the\s+", re.IGNORECASE)
_NUMBERS = ("integer", "number")


def question(frames: Frames, parameter: Parameter, read_only: bool | None = None) -> str | None:
    """A question for a parameter; None where no frame of the file fits.

    Args:
        frames: The wordings.
        parameter: That is missing.
        read_only: Whether its tool only reads.
    """
    described = _described(frames, parameter)
    words, label = identifier_words(parameter.name), label_words(parameter.name, frames.language)
    phrase, said = described.words, _choices(frames, parameter)
    if described.form == "question":
        return _asked(frames, ["question"], said | {"question": phrase})
    said |= {"phrase": phrase, "Phrase": upper_first(phrase), "label": label, "noun": label}
    if described.form == "verb":
        return _asked(frames, ["verb"], said)
    if described.form == "clause":
        direct = _direct(frames.language, phrase)
        return _asked(frames, ["verb"], said | {"Phrase": direct}) if direct else _asked(frames, ["clause"], said)
    if frames.language == "en" and parameter.type == "boolean":
        return _asked(frames, ["verb"], said | {"Phrase": _yes_or_no(label, phrase)})
    if described.form == "noun":
        forms = _forms_of_phrase(parameter, words, phrase, said)
        if frames.language != "en":
            forms = [*_forms_of_label(parameter, words)[:-1], "phrase"]
        return _asked(frames, forms, _named(phrase, label, said), read_only)
    return _asked(frames, _forms_of_label(parameter, words), said | {"label": label.removeprefix(COUNT)}, read_only)


def _described(frames: Frames, parameter: Parameter) -> Described:
    """What the description says, where it is in the language of the frames."""
    described = parameter_words(parameter.description)
    other = (spoken_language(described.words) or "en") != frames.language and frames.language in SPOKEN
    return Described("none", "") if described.words and other else described


def _choices(frames: Frames, parameter: Parameter) -> dict[str, str | None]:
    choices = [choice_text(choice) for choice in parameter.choices if not isinstance(choice, bool)]
    if len(choices) > MOST_CHOICES:
        return {"choices": ", ".join([*choices[:MOST_CHOICES], "…"])}
    return {"choices": frames.joined(choices, "or")}


def _forms_of_phrase(parameter: Parameter, label: str, phrase: str, said: Mapping[str, str | None]) -> list[str]:
    """By the label where a long phrase only says the same, by a short phrase as by a label, else in its own words."""
    bare = _THE.sub("", phrase).casefold()
    if bare.startswith(COUNT) and (parameter.type in _NUMBERS or label.startswith(COUNT)):
        return ["count"]
    long = len(bare.split()) > SHORT_PHRASE
    if long and _says_the_same(label, phrase):
        return [*_forms_of_label(parameter, label)[:-1], *_kinds(phrase), "label"]
    short = [bare] if len(bare.split()) < SHORT_PHRASE else []
    choices = ["label choices"] if said["choices"] and not long and not _DETERMINER.match(phrase) else []
    return [*short, *choices, *_kinds(phrase)]


def _named(phrase: str, label: str, said: Mapping[str, str | None]) -> dict[str, str | None]:
    """What stands for the names in a frame, where the description names the parameter."""
    bare = _THE.sub("", phrase)
    short = len(phrase.split()) <= SHORT_PHRASE and not _DETERMINER.match(phrase)
    counted = bare.casefold().startswith(COUNT)
    with_the = phrase if _DETERMINER.match(phrase) else None
    own = label.removeprefix(COUNT) if label.startswith(COUNT) else bare[len(COUNT) :] if counted else label
    return {**said, "noun": phrase if short else label, "label": own, "phrase": with_the, "bare": bare}


def _forms_of_label(parameter: Parameter, label: str) -> list[str]:
    """The forms under which frames may ask for a label, the nearest first."""
    words = label.split() or [label]
    if label.startswith(COUNT) or (is_plural(words[-1]) and parameter.type in _NUMBERS):
        return [label, "count"]
    forms = [label, "label choices"]
    last = f"* {words[-1]}"
    kind = ["plural people" if words[-1] in words_of("en", "people") else "plural"]
    if words[-1] in words_of("en", "persons"):
        kind = ["person"]
    elif not is_plural(words[-1]):
        kind = []
    return [*forms, last, *kind, "letter" if len(label) == 1 else "label", "label"]


def _kinds(phrase: str) -> list[str]:
    """Who or what, one or several: by the noun that a phrase is about."""
    noun = _head(phrase)
    if noun in words_of("en", "people"):
        return ["phrase people", "phrases", "phrase"]
    if noun in words_of("en", "persons"):
        return ["phrase person", "phrase"]
    return ["phrases", "phrase"] if noun and is_plural(noun) else ["phrase"]


def _head(phrase: str) -> str:
    words: list[str] = []
    for word in phrase.casefold().replace(",", " ,").split():
        if words and (
            word in words_of("en", "prepositions") or word in ("that", "which", "who", "whose", "where", ",")
        ):
            break
        words.append(word)
    return words[-1] if words else ""


def _says_the_same(label: str, phrase: str) -> bool:
    """Whether a name is made of words and its last one is what the description is about."""
    words = label.casefold().split()
    return bool(words) and all(len(w) > 2 and w.isalpha() for w in words) and words[-1] == _head(phrase)


def _direct(language: str, clause: str) -> str | None:
    """A clause turned into a question: "whether the flight is direct" → "Is the flight direct"."""
    if found := pattern(language, "whether_to").match(clause):
        return f"Should I {found['rest']}"
    if found := pattern(language, "whether_is").match(clause):
        return upper_first(f"{found['verb']} {found['subject'].strip()} {found['rest']}")
    return None


def _yes_or_no(label: str, phrase: str) -> str:
    """A yes-or-no parameter without a clause: "Should it be urgent", "Should I notify everybody"."""
    words = label.split()
    if phrase and len(phrase.split()) > 1:
        return upper_first(phrase)
    if words[0] in ("is", "are", "was") and words[1:]:
        return f"Should it be {_described_as(' '.join(words[1:]))}"
    if words[0] in ("has", "have", "with") and words[1:]:
        return f"Should it have {' '.join(words[1:])}"
    if label in words_of("en", "adjectives") or pattern("en", "adjective").search(label):
        return f"Should it be {label}"
    if len(words) > 1 and words[0] in words_of("en", "verbs") and verb_of(words[0]):
        return f"Should I {say_tool(label).imperative}"
    return f"Would you like {with_article(label, definite=False)}"


def _described_as(words: str) -> str:
    adjective = words in words_of("en", "adjectives") or pattern("en", "adjective").search(words)
    return words if adjective else with_article(words, definite=False)


def _asked(
    frames: Frames, forms: Sequence[str], values: Mapping[str, str | None], read_only: bool | None = None
) -> str | None:
    values = dict(values)
    if not values.get("phrase") and values.get("bare"):
        values["phrase"] = frames.fill("the", {"phrase": values["bare"]})
    for form in forms:
        for frame in frames.of("ask"):
            if form in frame.fits and frame.read_only in (None, read_only) and (text := frame.fill(values)):
                return text
    return None
