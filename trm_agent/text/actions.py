"""What a tool does, as a person would say it: verb and object, from its description, else from its name.

"Creates a calendar event." and `create_calendar_event` are both "create a calendar event". Only the first sentence of a
description counts, without what it says of parameters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from trm_agent.text.descriptions import first_sentence, lower_first
from trm_agent.text.nouns import third_person, verb_of, with_article, with_capitals
from trm_agent.text.phrases import pattern, patterns, phrases, spoken_language, words_of
from trm_agent.types import identifier_words

_NAMESPACE = re.compile(r"[./:]|__")
_VERSION = re.compile(r"(?: v?\d+| tool| api| function| endpoint| action)+$")
_JOINTS = ("and", "or")
_STOPS = re.compile(r"(,? (?:and|or) |, )")


@dataclass(frozen=True)
class Action:
    """What a tool does.

    Attributes:
        imperative: "create an event", to stand after "I can" and "Shall I".
        third_person: "creates an event"; equal to the imperative in languages whose verbs do not change.
    """

    imperative: str
    third_person: str


@lru_cache(maxsize=4096)
def say_tool(name: str, description: str = "", language: str = "en") -> Action:
    """What a tool does, in the language of the conversation.

    Args:
        name: Of the tool, in any spelling of identifiers.
        description: As declared, in any language.
        language: Of the conversation (ISO 639-1); one without phrases is spoken to in English.
    """
    sentence = first_sentence(description)
    declared = spoken_language(sentence) or "en"
    if language == "vi":
        text = _vietnamese(name, sentence if declared == "vi" else "")
        if text is None:
            english = sentence if declared == "en" else ""
            text = phrases("vi")["quoted"].format(text=_plain(_english(name, english)))
        return Action(text, text)
    if declared == "en":
        verbs = _english(name, sentence)
    elif (own := _from_name(_own_words(name))) is not None:
        verbs = own
    else:
        quoted = phrases("en")["quoted"].format(text=_shortened(lower_first(sentence.rstrip(".")), declared))
        verbs = (("use",), quoted.removeprefix("use "))
    others = re.sub(r"\band (\w+) (?=\w)", _conjugated, verbs[1])
    return Action(_plain(verbs), _plain((tuple(third_person(verb) for verb in verbs[0]), others)))


Said = tuple[tuple[str, ...], str]
"""Verbs, and what follows them."""


def _plain(said: Said) -> str:
    return f"{' and '.join(said[0])} {said[1]}".strip()


def _english(name: str, sentence: str) -> Said:
    """By the description where that says what is done, else by the name."""
    words = _own_words(name)
    return _from_sentence(sentence, words) or _from_name(words) or _without_verb(words)


def _own_words(name: str) -> list[str]:
    """The words of a name without its namespace, its version and "by …"."""
    parts = [part for part in _NAMESPACE.split(name) if part]
    verbal = [part for part in parts if any(map(_is_verb, identifier_words(part).split()[:1]))]
    words = identifier_words(" ".join(parts) if not verbal or len(parts) < 2 else verbal[-1])
    if verbal and len(parts) > 1 and len(words.split()) == 1:
        words = identifier_words(f"{verbal[-1]} {parts[0] if parts[-1] is verbal[-1] else parts[-1]}")
    words = _VERSION.sub("", words) or words
    return re.sub(r" (?:by|using) .+$", "", words).split()


def _from_sentence(sentence: str, name: Sequence[str]) -> Said | None:
    text = sentence.strip().rstrip(".!:")
    for _ in range(2):
        for lead in patterns("en", "leads"):
            text = lead.sub("", text, count=1).lstrip()
    words = text.split()
    verb = verb_of(words[0]) if words else None
    if verb is None or len(words) < 2 or "\n" in text or not _is_verb_here(words):
        return None
    conjugated = words[0].casefold() != verb
    verbs, rest = [_everyday(verb, name)], words[1:]
    while len(rest) > 2 and rest[0].casefold() in _JOINTS and (other := verb_of(rest[1])) is not None:
        if rest[0].casefold() == "or" or words_of("en", "prepositions") & {rest[2].casefold()}:
            break
        verbs.append(_everyday(other, name))
        rest = rest[2:]
    object_ = _shortened(" ".join(rest), "en")
    if not object_ or len(object_.split()) > int(phrases("en")["most_words"]):
        return None
    if conjugated:
        object_ = re.sub(r"\b(and|or) (\w+s)\b(?! *$)", _unconjugated, object_)
    return tuple(verbs), _with_articles(verbs[-1], object_)


def _is_verb_here(words: Sequence[str]) -> bool:
    """Whether a first word that may be a noun is a verb: "Search flights", not "Search engine for flights"."""
    first = words[0].casefold()
    if first not in words_of("en", "nouns_too"):
        return first.endswith("ing") or bool(words[1:])
    return words[1].casefold() not in ("engine", "tool", "of", "service", "api", "is")


def _unconjugated(match: re.Match[str]) -> str:
    verb = verb_of(match[2])
    noun = match[2].removesuffix("s") in words_of("en", "nouns_too")
    return match[0] if verb is None or noun else f"{match[1]} {verb}"


def _conjugated(match: re.Match[str]) -> str:
    sure = match[1] in words_of("en", "verbs") and match[1] not in words_of("en", "nouns_too")
    return f"and {third_person(match[1])} " if sure else match[0]


def _everyday(verb: str, name: Sequence[str]) -> str:
    everyday: dict[str, str] = phrases("en")["everyday_verbs"]
    return verb if verb in name[:1] else everyday.get(verb, verb)


def _shortened(text: str, language: str) -> str:
    for cut in patterns(language, "cuts"):
        shorter = cut.sub("", text, count=1).strip().rstrip(",")
        text = shorter or text
    while (shorter := pattern(language, "dangling").sub("", text).strip()) and shorter != text:
        text = shorter
    return text


def _is_verb(word: str) -> bool:
    return word in words_of("en", "verbs")


def _from_name(words: Sequence[str]) -> Said | None:
    """Verb and object of a name; the verb may stand last ("event create") or inside ("calendar create event")."""
    if (words := _verb_first(words)) is None:
        return None
    verbs, rest = [words[0]], list(words[1:])
    while len(rest) > 1 and rest[0] in _JOINTS and _is_verb(rest[1]):
        verbs.append(rest[1])
        rest = rest[2:]
    while rest and rest[-1] in words_of("en", "prepositions") and rest[-1] not in words_of("en", "particles"):
        rest = rest[:-1]
    verbs = [phrases("en")["split_verbs"].get(verb, verb) for verb in verbs]
    return tuple(verbs), _with_articles(verbs[-1], with_capitals(" ".join(rest)), named=True)


def _verb_first(words: Sequence[str]) -> list[str] | None:
    """The words of a name from its verb on; None where it has no verb."""
    unsure = words_of("en", "nouns_too")
    sure = [i for i, word in enumerate(words) if _is_verb(word) and word not in unsure]
    if words and _is_verb(words[0]) and (sure != [len(words) - 1] or words[0] not in unsure):
        return list(words)
    if not sure:
        return None
    return [words[-1], *words[:-1]] if sure[0] == len(words) - 1 else list(words[sure[0] :])


def _without_verb(words: Sequence[str]) -> Said:
    """A name that is a noun: "get the weather", "use the calculator"."""
    told = bool(words) and words[-1] in words_of("en", "the_nouns")
    return (("get" if told else "use",), with_article(with_capitals(" ".join(words)), definite=True) or "it")


def _with_articles(verb: str, object_: str, *, named: bool = False) -> str:
    """An object with the articles that it lacks; particles and prepositions of the verb stand before it."""
    words = object_.split()
    head: list[str] = []
    if words and verb in words_of("en", "particle_verbs") and words[0].casefold() in words_of("en", "particles"):
        head, words = words[:1], words[1:]
    if words and words[0].casefold() in phrases("en")["verb_prepositions"].get(verb, ()):
        head, words = [*head, words[0]], words[1:]
    elif named and words and verb in phrases("en")["needs_for"] and words[-1] not in phrases("en")["needs_for"][verb]:
        head = [*head, "for"]
    chunks = _chunks(words)
    bare = named or not any(w.casefold() in words_of("en", "articles") for w in words)
    said: list[str] = []
    for number, (preposition, chunk) in enumerate(chunks):
        if not chunk:
            said += [preposition] if preposition else []
        elif number == 0 and not preposition:
            said.append(_each_with_article(chunk, verb, head))
        elif bare and preposition in words_of("en", "prepositions_with_the"):
            known = chunk if chunk.casefold() in words_of("en", "no_article") else with_article(chunk, definite=True)
            said += [preposition, known]
        else:
            said += [preposition, chunk]
    return " ".join([*head, *said])


def _chunks(words: Sequence[str]) -> list[tuple[str, str]]:
    """Preposition ("" before the first) and noun phrase, one after the other."""
    chunks: list[tuple[str, list[str]]] = [("", [])]
    for word in words:
        if word.casefold() in words_of("en", "prepositions"):
            chunks.append((word, []))
        else:
            chunks[-1][1].append(word)
    return [(preposition, " ".join(chunk)) for preposition, chunk in chunks if preposition or chunk]


def _each_with_article(chunk: str, verb: str, head: Sequence[str]) -> str:
    """Each of several nouns ("title and date") with its own article."""
    parts = _STOPS.split(chunk)
    if len(parts) > 1 and parts[0].split()[:1] and parts[0].split()[0].casefold() in words_of("en", "determiners"):
        return chunk
    if len(parts) > 1 and (len(parts[0].split()) == 1 and verb_of(parts[0]) and len(parts[-1].split()) > 1):
        return chunk
    return "".join(part if i % 2 else _one_with_article(part, verb, head) for i, part in enumerate(parts))


def _one_with_article(noun: str, verb: str, head: Sequence[str]) -> str:
    last = noun.split()[-1].casefold() if noun.split() else ""
    new = last in phrases("en")["a_after_verb"].get(verb, ())
    definite = verb in words_of("en", "the_after") and not new and not set(head) & {"for"}
    if len(noun.split()) > 1 and _is_verb(noun.split()[0]) and noun.split()[0] not in words_of("en", "nouns_too"):
        return noun
    said = with_article(noun, definite=definite, new=verb in words_of("en", "new_verbs"))
    if said == noun and head and verb in words_of("en", "the_plural") and noun.islower():
        first = noun.split()[0]
        return noun if first in words_of("en", "determiners") else f"the {noun}"
    return said


def _vietnamese(name: str, sentence: str) -> str | None:
    """From a Vietnamese description, else word by word from a name whose words are all known."""
    text = sentence.strip().rstrip(".!:")
    for lead in patterns("vi", "leads"):
        text = lead.sub("", text, count=1).lstrip()
    text = lower_first(_shortened(text, "vi"))
    starts = any(text.startswith(f"{verb} ") or text == verb for verb in words_of("vi", "verbs"))
    if text and starts and len(text.split()) <= int(phrases("vi")["most_words"]):
        return text
    words = _verb_first(_own_words(name)) or []
    verbs, nouns = phrases("vi")["translated_verbs"], phrases("vi")["translated_nouns"]
    size = 2 if " ".join(words[:2]) in verbs else 1
    verb, rest = " ".join(words[:size]), words[size:]
    if verb in verbs and rest and all(word in nouns for word in rest):
        return " ".join([verbs[verb], *(nouns[word] for word in reversed(rest))])
    return None
