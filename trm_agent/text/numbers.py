"""Number words in digits, in every language that the number library or a language's own data knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from text_to_num import alpha2digit

from trm_agent.text.language import HAN, knowledge

_TOKEN = re.compile(rf"\d+(?:[.,]\d+)*|[{HAN}]|[^\W\d_{HAN}]+|\s+|.", re.DOTALL)
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
    whole = digits_aloud(re.split(r"[\s-]+", text.strip().casefold()), language)
    return Decimal(whole) if whole is not None and len(whole) > 1 and whole[0] != "0" and " " in text.strip() else None


def digits_aloud(words: Sequence[str], language: str = "en") -> str | None:
    """The digits that words say one by one or in pairs ("double oh" is 00, "two oh six" 206); None for other words."""
    data = knowledge(language).get("read_aloud")
    if not data:
        return None
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
    return "".join(digits) if digits and times == 1 else None


@dataclass(frozen=True)
class NumberRun:
    """Words that are one number: where they stand, what they say, the last power of ten among them."""

    start: int
    end: int
    value: Decimal
    power: int


@lru_cache(maxsize=8192)
def number_runs(text: str, language: str) -> tuple[NumberRun, ...]:
    """The numbers in words of a text, in a language whose own data says how they are read; none of other languages."""
    data = knowledge(language)
    if not data.get("numbers"):
        return ()
    pieces, out = _TOKEN.findall(text), []
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
    i, said = 0, ""
    while i < len(pieces):
        blocked = said[-1:].isdigit() or said in data.get("not_after", ())
        read = None if pieces[i].isspace() or blocked else _run(pieces, i, data)
        if read is not None:
            out.append(NumberRun(starts[i], starts[read[1]], read[0], read[2]))
        said = pieces[i] if not pieces[i].isspace() else said
        if read is not None:
            said = ""
        i = i + 1 if read is None else read[1]
    return tuple(out)


def _own_words(text: str, language: str) -> str:
    """Runs of number words, each as the number that it says ("hai mươi lăm" is 25, "2 triệu rưỡi" 2500000)."""
    out, end = [], 0
    for run in number_runs(text, language):
        out += [text[end : run.start], f"{run.value.normalize():f}"]
        end = run.end
    return "".join([*out, text[end:]])


def _run(pieces: list[str], i: int, data: Mapping[str, Any]) -> tuple[Decimal, int, int] | None:
    """The number in words that starts at a piece, the piece after it, its last power; digits without one are none."""
    numbers, powers = data["numbers"], data["powers"]
    total = section = pending = Decimal(0)
    before, end, last, led = "", i, 1, False
    while i < len(pieces):
        piece = pieces[i].lower()
        if piece.isspace():
            i += 1
            continue
        if before == "power" and (tail := _tail(pieces, i, last, data)) is not None:
            return total + section + pending + tail, i + 1, last
        if (
            before == "power"
            and last >= 100
            and piece in data.get("not_last", ())
            and (_following(pieces, i) not in powers)
        ):
            break
        if not before and piece[0].isdigit() and (digits := _decimal(piece)) is not None:
            pending, before = digits, "digits"
        elif piece in numbers and before in _numbers_follow(piece, data):
            section, pending = (
                (section + 10, Decimal(0)) if numbers[piece] == 10 else (section, Decimal(numbers[piece]))
            )
            before = "power" if numbers[piece] == 10 else "zero" if before and not numbers[piece] else "number"
            last = 1 if before == "power" else last
        elif piece in powers and (before or piece in data.get("without_one", ())):
            led = led or not before
            last, before = powers[piece], "power"
            if last < 1000:
                section, pending = section + (pending or 1) * last, Decimal(0)
            elif last > max(total, 1000):
                total, section, pending = (total + section + pending or 1) * last, Decimal(0), Decimal(0)
            else:
                total, section, pending = total + (section + pending or 1) * last, Decimal(0), Decimal(0)
        elif before == "power" and piece in data.get("zeros", ()):
            before = "zero"
        else:
            break
        i += 1
        end = i
    return (total + section + pending, end, last) if before and before != "digits" and not led else None


def _numbers_follow(piece: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """What may stand before a number word in a number: nothing too, but for words that only end one."""
    return ("power", "zero") if piece in data["only_after_power"] else ("power", "zero", "")


def _following(pieces: list[str], i: int) -> str:
    """The next piece that is no space; empty at the end."""
    return next((other.lower() for other in pieces[i + 1 :] if not other.isspace()), "")


def _ends(pieces: list[str], i: int, data: Mapping[str, Any]) -> bool:
    """Whether a number in words can end with a piece: no number word, and no sign of a date or a time, follows."""
    return _following(pieces, i) not in {*data["powers"], *data["numbers"], "/", ":", "-", "%"}


def _tail(pieces: list[str], i: int, power: int, data: Mapping[str, Any]) -> Decimal | None:
    """What the last piece of a number says of the power before it: "rưỡi" is half of it, "triệu tư" 4 of its tenths."""
    piece = pieces[i].lower()
    if piece == data.get("half_power") and power > 1:
        return Decimal(power) / 2
    if power < 100 or not _ends(pieces, i, data):
        return None
    digit = data.get("tails", {}).get(piece)
    if digit is not None:
        return Decimal(digit * power) / 10
    if power >= 1_000_000 and piece.isdigit() and len(piece) in (1, 3):
        return Decimal(int(piece) * power) / 10 ** len(piece)
    return None


def _decimal(piece: str) -> Decimal | None:
    plain = re.sub(r"[.,](?=\d{3}(?!\d))", "", piece).replace(",", ".")
    return Decimal(plain) if re.fullmatch(r"\d+(?:\.\d+)?", plain) else None
