"""Nouns as English says them: with "a", "an", "the" or nothing before them, and abbreviations in capitals."""

from __future__ import annotations

import re
from functools import lru_cache

from trm_agent.text.phrases import phrases, words_of

_VOWELS = "aeiou"
_LETTERS_WITH_VOWEL = "aefhilmnorsx"
"""Letters whose names begin with a vowel: "an SMS"."""


@lru_cache(maxsize=16_384)
def singular(word: str) -> str:
    """Lower-case, without the letters of a plural."""
    word = word.lower()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 5 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def is_plural(word: str) -> bool:
    """Whether an English noun is plural by its form."""
    plain = word.casefold()
    if plain in words_of("en", "plural_words"):
        return True
    return bool(re.search(r"[^su]s$", plain)) and len(plain) > 2 and plain not in words_of("en", "singular_s")


def with_capitals(words: str) -> str:
    """Words of an identifier with its abbreviations and names in capitals: "order id" → "order ID"."""
    brands: dict[str, str] = phrases("en")["brands"]
    return " ".join(
        word.upper() if word in words_of("en", "acronyms") else brands.get(word, word) for word in words.split(" ")
    )


def indefinite(phrase: str) -> str:
    """A noun phrase with "a" or "an" before it, by how its first word is said."""
    first = phrase.split()[0].strip("“\"'").casefold()
    if first in words_of("en", "article_a"):
        return f"a {phrase}"
    if first in words_of("en", "acronyms") and first not in ("pin", "sim"):
        vowel = first[0] in _LETTERS_WITH_VOWEL
    else:
        vowel = first[0] in _VOWELS or first in words_of("en", "article_an")
    return f"{'an' if vowel else 'a'} {phrase}"


def with_article(phrase: str, *, definite: bool, new: bool = False) -> str:
    """A noun phrase with the article that it needs; as it is where it has a determiner, is plural or cannot be counted.

    Args:
        phrase: Without prepositions: "calendar event".
        definite: Whether what can be counted is known ("cancel the order"), not any one ("find an order").
        new: Whether it comes into being: even what there is one of is then "a" ("create a calendar").
    """
    words = phrase.split()
    if not words:
        return phrase
    first, last = words[0].casefold(), words[-1].casefold()
    if first in words_of("en", "determiners") or first[0].isdigit() or not first[0].isalpha():
        return phrase
    if last in words_of("en", "the_nouns") and not new and not (is_plural(last) and not definite):
        return f"the {phrase}"
    if last in words_of("en", "mass") or is_plural(last):
        return phrase
    named = words[-1][:1].isupper() and not words[-1].isupper()
    if named or not last[-1].isalpha():
        return phrase
    return f"the {phrase}" if definite else indefinite(phrase)


def third_person(verb: str) -> str:
    """An English verb as one says it of somebody else: "create" → "creates"."""
    verb, _, particle = verb.partition(" ")
    if particle:
        return f"{third_person(verb)} {particle}"
    irregular: dict[str, str] = phrases("en")["third_person"]
    if verb in irregular:
        return irregular[verb]
    if re.search(r"(?:s|x|z|ch|sh)$", verb):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if re.search(r"[^aeiou]y$", verb) else f"{verb}s"


def verb_of(word: str) -> str | None:
    """The verb that a word is a form of, as `create` of "Creates" and "creating"; None for what is no known verb."""
    verbs, plain = words_of("en", "verbs"), word.casefold()
    forms = [plain, plain.removesuffix("s"), plain.removesuffix("es")]
    forms += [f"{plain[:-3]}y"] if plain.endswith("ies") else []
    if plain.endswith("ing") and len(plain) > 5:
        stem = plain[:-3]
        forms += [f"{stem}e", stem, stem[:-1] if stem[-1] == stem[-2] else stem]
    return next((form for form in forms if form in verbs), None)
