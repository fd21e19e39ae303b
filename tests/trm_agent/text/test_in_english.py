"""What other languages say of days, times and numbers, in English and where it was said."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trm_agent.text.in_english import in_english
from trm_agent.text.language import language_of, written_out
from trm_agent.text.numbers import number_runs


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("từ 2 rưỡi chiều tới 4 giờ kém 15, thứ tư tuần sau", "vi", "from 2:30 pm until 3:45, wednesday next week"),
        ("tám rưỡi tới chín giờ kém mười lăm sáng thứ hai", "vi", "8:30 until 8:45 am monday"),
        ("ngày 14, mùng 3 tháng 9", "vi", "the 14th, september 3"),
        ("từ 20/3 đến 24/3", "vi", "from march 20 until march 24"),
        ("11 giờ trưa, 11 giờ đêm, 2 giờ sáng", "vi", "11:00 am, 11:00 pm, 2:00 am"),
        ("下周三九点一刻", "zh", " next week wednesday 9:15 "),
        ("下午两点半到三点一刻", "zh", " 2:30 pm until 3:15 "),
        ("差一刻九点", "zh", " 8:45 "),
        ("de amanhã até sexta", "pt", "from tomorrow until friday"),
        ("das sete às quinze pras cinco", "pt", "from 7 until 4:45"),
        ("de 10 a 12/8", "pt", "from august 10 until august 12"),
        ("halb drei, dreiviertel zwölf", "de", "2:30, 11:45"),
        ("vom 11. bis zum 13.", "de", "from the 11th until the 13th"),
        ("de cinq heures à cinq heures et quart", "fr", "from 5:00 until 5:15"),
        ("le jeudi 12, dimanche en huit", "fr", "thursday the 12th, sunday week"),
        ("a las seis menos cuarto", "es", "at 5:45"),
    ],
)
def test_days_and_times_are_said_in_english(text: str, language: str, said: str) -> None:
    english = in_english(text, language)
    assert english is not None
    assert english.text == said


def test_what_is_said_in_english_is_known_where_it_stands() -> None:
    text = "gặp chị lúc hai rưỡi chiều thứ sáu nhé"
    english = in_english(text, "vi")
    assert english is not None
    start = english.text.index("friday")
    where = english.said_at((start, start + len("friday")))
    assert text[slice(*where)] == "thứ sáu"
    assert english.place_of(where) == (start, start + len("friday"))
    start = english.text.index("2:30 pm")
    assert text[slice(*english.said_at((start, start + 7)))] == "hai rưỡi chiều"


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("@9/11/@", "november 9"),
        ("@9/11/2026@", "november 9 2026"),
        ("@54/2/@", "54/2/"),
        ("@1<15@", "12:45"),
        ("@7+30@", "7:30"),
    ],
)
def test_markers_are_written_out(marker: str, said: str) -> None:
    assert written_out(marker) == said


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("2 triệu rưỡi", "vi", 2_500_000),
        ("triệu mốt", "vi", 1_100_000),
        ("triệu rưỡi", "vi", 1_500_000),
        ("1tr520", "vi", 1_520_000),
        ("2 triệu bảy", "vi", 2_700_000),
        ("4 tỷ 2", "vi", 4_200_000_000),
        ("trăm chín", "vi", 190),
        ("hai chục", "vi", 20),
        ("một trăm linh hai", "vi", 102),
        ("một triệu hai trăm nghìn", "vi", 1_200_000),
        ("三千", "zh", 3000),
        ("一万二", "zh", 12_000),
        ("两万三", "zh", 23_000),
        ("一百零二", "zh", 102),
        ("一百二十八", "zh", 128),
        ("三千万", "zh", 30_000_000),
    ],
)
def test_numbers_in_words_are_one_run(text: str, language: str, number: int) -> None:
    runs = number_runs(text, language)
    assert [(run.start, run.end, run.value) for run in runs] == [(0, len(text), Decimal(number))]


def test_a_yearly_amount_has_no_tail() -> None:
    assert next(run.value for run in number_runs("500 triệu một năm", "vi")) == 500_000_000


def test_a_weekday_gives_its_number_to_no_time() -> None:
    assert [run.value for run in number_runs("周四十点", "zh")] == [10]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("明天九点", "zh"),
        ("marca a revisão para segunda", "pt"),
        ("mejor a las siete", "es"),
        ("viertel nach zwei, Donnerstag", "de"),
        ("um, book a table at 7", "en"),
        ("no, do it again", "en"),
        ("speeches before that, 2 o'clock", "en"),
        ("bit brighter, plus 20", "en"),
        ("send it to a@b.com", "en"),
    ],
)
def test_the_language_is_told_by_script_and_small_words(text: str, language: str) -> None:
    assert language_of(text) == language
