"""Number words in digits, in every language that the number library or a language's own data knows."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from text_to_num import alpha2digit

from trm_agent.text.language import knowledge

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\s+|.", re.DOTALL)
_VULGAR = {"½": "1/2", "¼": "1/4", "¾": "3/4"}


@lru_cache(maxsize=8192)
def in_digits(text: str, language: str = "en") -> str:
    """A text with its number words as digits; as it is where the language's number words are not known."""
    if knowledge(language).get("numbers"):
        return _own_words(text, language)
    try:
        return str(alpha2digit(text, language, threshold=0.0))
    except ValueError:
        return text


def amount(text: str, language: str = "en") -> Decimal | None:
    """The number that a whole text is, in digits, in words, as a fraction; None for anything else."""
    text = text.strip()
    for sign, plain in _VULGAR.items():
        text = re.sub(rf"(?<=\d)\s?{sign}", f" {plain}", text).replace(sign, plain)
    if found := re.fullmatch(r"(?:(\d+)[\s-])?(\d+)/(\d+)", text):
        return Decimal(found[1] or 0) + Decimal(found[2]) / Decimal(found[3]) if int(found[3]) else None
    digits = in_digits(text, language).strip()
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,30}(?:\.\d{1,30})?", digits):
        return Decimal(digits.replace(",", ""))
    if language != "en" and re.fullmatch(r"\d{1,30},\d{1,2}", digits):
        return Decimal(digits.replace(",", "."))
    return None


def read_aloud(text: str, language: str = "en") -> Decimal | None:
    """The number whose digits a whole text says one by one or in pairs; None for anything else.

    "three zero four" is 304, "double two five" 225, "two oh six" 206, "nineteen eighty-four" 1984.
    """
    data = knowledge(language).get("read_aloud")
    if not data:
        return None
    words = re.split(r"[\s-]+", text.strip().casefold())
    digits: list[str] = []
    times, last = 1, ""
    for word in words:
        if word in data["times"]:
            times = data["times"][word]
            continue
        said = data["words"].get(word)
        if said is None:
            return None
        # A unit after a ten belongs to it: "eighty four" is one pair.
        if last.endswith("0") and len(last) == 2 and last != "10" and len(said) == 1 and said != "0" and times == 1:
            digits[-1] = last[0] + said
            last = digits[-1]
            continue
        digits += [said] * times
        times, last = 1, said
    whole = "".join(digits)
    return Decimal(whole) if len(digits) > 1 and times == 1 and whole[0] != "0" else None


def _own_words(text: str, language: str) -> str:
    """Runs of number words, each as the number that it says ("hai mươi lăm" is 25, "2 triệu rưỡi" 2500000)."""
    pieces = _TOKEN.findall(text)
    out: list[str] = []
    i = 0
    while i < len(pieces):
        counted = any(piece[-1].isdigit() for piece in [p for p in pieces[:i] if not p.isspace()][-1:])
        read = None if pieces[i].isspace() or counted else _run(pieces, i, language)
        out.append(pieces[i] if read is None else f"{read[0].normalize():f}")
        i = i + 1 if read is None else read[1]
    return "".join(out)


def _run(pieces: list[str], i: int, language: str) -> tuple[Decimal, int] | None:
    """The number in words that starts at a piece, and the piece after it; digits without a power are none."""
    data = knowledge(language)
    numbers, powers = data["numbers"], data["powers"]
    total = section = pending = Decimal(0)
    before, end, last = "", i, 1
    while i < len(pieces):
        piece = pieces[i].lower()
        if piece.isspace():
            i += 1
            continue
        if not before and piece[0].isdigit() and (digits := _decimal(piece)) is not None:
            pending, before = digits, "digits"
        elif piece in numbers and (before == "power" or (not before and piece not in data["only_after_power"])):
            section, pending = (
                (section + 10, Decimal(0)) if numbers[piece] == 10 else (section, Decimal(numbers[piece]))
            )
            before = "power" if numbers[piece] == 10 else "number"
        elif piece in powers and before:
            last, before = powers[piece], "power"
            if last < 1000:
                section, pending = section + (pending or 1) * last, Decimal(0)
            else:
                total, section, pending = total + (section + pending or 1) * last, Decimal(0), Decimal(0)
        elif piece == data.get("half_power") and before == "power" and last > 1:
            return total + section + pending + Decimal(last) / 2, i + 1
        else:
            break
        i += 1
        end = i
    return (total + section + pending, end) if before and before != "digits" else None


def _decimal(piece: str) -> Decimal | None:
    plain = re.sub(r"[.,](?=\d{3}(?!\d))", "", piece).replace(",", ".")
    return Decimal(plain) if re.fullmatch(r"\d+(?:\.\d+)?", plain) else None
