"""What is said is read as the number it is; where it may be several, as each of them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from router.core.hearing import Expected, Listening, Reading
from router.spoken.numbers import MOST, numbers

DOCUMENT = Path(__file__).parents[2] / "docs" / "saying-numbers.md"
DIGITS = Listening(Expected.DIGITS, 4, 14)
CHARACTERS = Listening(Expected.CHARACTERS, 4, 14)


def said(text: str, language: str, listening: Listening = DIGITS) -> list[str]:
    """The numbers that one text may mean, likeliest first."""
    return [reading.text for reading in numbers((Reading(text, 1.0),), language, listening)]


def test_readings_of_the_same_number_count_together() -> None:
    heard = (Reading("vier acht zwei", 0.3), Reading("482", 0.3), Reading("4 8 3", 0.2), Reading("danke", 0.1))
    assert numbers(heard, "de", Listening(shortest=3)) == (Reading("482", 0.6), Reading("483", 0.2))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("vier acht zwei eins drei neun null", "4821390"),
        ("Meine Nummer ist die vier acht zwo, äh, eins drei neun, null, danke", "4821390"),
        ("Also, Moment, die Referenz lautet fuenf fünf acht null", "5580"),
        ("4 8 2, 139 - 0", "4821390"),
        ("482-139", "482139"),
        ("4.8.2.1", "4821"),
        ("08-15", "0815"),
        ("7th one, 7th 0, 991", "7170991"),
        ("vier Bindestrich acht Strich zwei Punkt eins", "4821"),
        ("dreiunddreißig elf neunundfünfzig", "331159"),
        ("sechsundachtzig, neununddreißig, fünfundneunzig, zwölf", "86399512"),
        ("vieracht zweinull", "4820"),
        ("four eight two one", "4821"),
    ],
)
def test_what_has_one_meaning_is_one_number(text: str, number: str) -> None:
    assert numbers((Reading(text, 1.0),), "de", DIGITS) == (Reading(number, 1.0),)


@pytest.mark.parametrize(
    ("text", "language", "first", "also"),
    [
        ("acht und vierzig zwölf", "de", "4812", "84012"),
        ("4 und 90, 12", "de", "9412", "49012"),
        ("60, 4, 60", "de", "60460", "6460"),
        ("sechzig vier sechzig", "de", "60460", "6460"),
        ("1 und 42 und 65 und 90", "de", "416295", "1426590"),
        ("24, 14, 4 und 92, 3", "de", "24144923", "24149423"),
        ("3 und 30 11 9 und 5", "de", "331159", "331195"),
        ("zwölfhundert vier", "de", "1204", "12004"),
        ("vier hundert zwölf sieben", "de", "4127", "400127"),
        ("4 tausend 12", "de", "4012", "400012"),
        ("doppel drei vier acht", "de", "3348", ""),
        ("doppel 34 8", "de", "3348", "34348"),
        ("drei mal die vier acht", "de", "4448", "348"),
        ("dreimal vier acht", "de", "4448", ""),
        ("zwei Siebenen acht eins", "de", "7781", "2781"),
        ("2 x 9 44", "de", "9944", "2944"),
        ("lieben acht drei vier eins", "de", "8341", "78341"),
        ("ein acht drei vier", "de", "1834", "834"),
        ("4 und 20, für 10, 4 und 90", "de", "241094", "2441094"),
        ("4 2 4 10", "de", "42410", "4214"),
        ("12 4, 90, 11", "de", "1249011", "129411"),
        ("four oh to one", "en", "4021", "401"),
        ("for ate too won", "en", "4821", "821"),
        ("double oh seven three", "en", "0073", ""),
        ("triple five one", "en", "5551", ""),
        ("sixty four two one", "en", "6421", "60421"),
        ("sixty, four, two one", "en", "60421", "6421"),
        ("sixty-four twenty-one", "en", "6421", "60421"),
        ("twelve hundred", "en", "1200", "12100"),
        ("two thousand twenty six", "en", "2026", "200026"),
        ("one hundred and four five", "en", "1045", "10045"),
        ("or 5, 7, 0, 3.", "en", "5703", "45703"),
        ("doppelnull vier acht", "de", "0048", ""),
        ("achtund vierzig 8 undvierzig", "de", "4848", "84048"),
        ("achtundvierzigzwölf", "de", "4812", ""),
        ("sixtyfour fortyeight", "en", "6448", "60448"),
        ("acht nein sieben vier zwei", "de", "89742", "742"),
        ("4 8 2 1 nein", "de", "4821", "48219"),
        ("two sevens one nine", "en", "7719", "2719"),
    ],
)  # fmt: skip
def test_what_has_several_meanings_is_each_of_them(text: str, language: str, first: str, also: str) -> None:
    found = said(text, language)
    assert found[0] == first
    assert not also or also in found


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("Heinrich Nordpol 7541", "de", "HN7541"),
        ("H wie Heinrich, N wie Nordpol, sieben fünf vier eins", "de", "HN7541"),
        ("Ha en 7541", "de", "HN7541"),
        ("HN7541", "de", "HN7541"),
        ("hn7541", "de", "HN7541"),
        ("ST-2041-21", "de", "ST204121"),
        ("ES-2041-21", "de", "ES204121"),
        ("2041-OK", "en", "2041OK"),
        ("ab7541", "de", "AB7541"),
        ("SMS 4821 AB", "de", "4821AB"),
        ("Aachen, Köln 12 34", "de", "AK1234"),
        ("Zett, Ypsilon, 1 2", "de", "ZY12"),
        ("Cäsar Xanthippe Doppel Anton 1 2", "de", "CXAA12"),
        ("B wie Düsseldorf 482", "de", "D482"),
        ("Schule vier acht", "de", "SCH48"),
        ("A for Alpha, B for Bravo, 1 2", "en", "AB12"),
        ("B as in boy 4 8 2", "en", "B482"),
        ("double u zed 1 2", "en", "WZ12"),
        ("X-ray Yankee 1 2", "en", "XY12"),
        ("bee cee dee 4", "en", "BCD4"),
    ],
)
def test_letters_are_said_by_name_and_by_alphabet(text: str, language: str, number: str) -> None:
    assert said(text, language, CHARACTERS)[0] == number


def test_what_is_a_word_in_capitals_may_be_letters_all_the_same() -> None:
    assert said("ST 2041 21", "de", Listening(Expected.CHARACTERS, 4, 10)) == ["204121", "ST204121"]


def test_a_misspelt_name_may_be_the_letter() -> None:
    assert set(said("Nordkohl 7541", "de", CHARACTERS)) == {"N7541", "7541"}


def test_digits_alone_have_no_letters() -> None:
    assert said("Heinrich Nordpol 7541 X", "de") == ["7541"]


@pytest.mark.parametrize(
    ("text", "language", "numbers_meant"),
    [
        ("vier acht zwei fünf, nein, drei", "de", {"4823", "48253"}),
        ("vier acht zwei eins, äh nein, vier acht drei eins", "de", {"4831"}),
        ("vier acht zwei, nein, drei, eins drei neun", "de", {"483139"}),
        ("vier acht nicht fünf sondern sechs", "de", {"486"}),
        ("four eight two five, sorry, three", "en", {"4823", "48253"}),
        ("Nein, vier acht zwei eins", "de", {"4821"}),
    ],
)
def test_the_last_given_counts_and_both_are_kept(text: str, language: str, numbers_meant: set[str]) -> None:
    assert numbers_meant <= set(said(text, language))


def test_what_is_repeated_in_full_counts_once() -> None:
    assert said("482139, ich wiederhole, vier acht zwei eins drei neun", "de") == ["482139"]
    assert said("4 8 2 1 nochmal 1", "de")[0] == "48211"


def test_a_recogniser_that_goes_round_is_cut_short() -> None:
    assert said("6, 3, 0, 5, 7, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4", "de") == ["63057414"]
    assert said("4 8 2 1" + " 7" * 200, "de") == ["48217"]
    assert said("6, 3, 0, 5, 7, 4, 1, 5, 6, 3, 0, 5, 7, 4, 1, 5, 6,", "de") == ["63057415"]


def test_what_nobody_says_weighs_little() -> None:
    heard = numbers((Reading("6" + " 0" * 12, 1.0), Reading("6 0 5 5", 0.5)), "de", DIGITS)
    assert [(each.text, each.weight) for each in heard][:2] == [("6055", 0.5), ("6000000000000", 0.25)]


def test_near_misses_of_the_length_weigh_less() -> None:
    listening = Listening(Expected.DIGITS, 6, 6)
    heard = [Reading(text, 0.2) for text in ("482139", "48213", "4821390", "4821", "482")]
    weights = {reading.text: reading.weight for reading in numbers(heard, "de", listening)}
    assert weights == {"482139": 0.2, "48213": 0.05, "4821390": 0.05, "4821": 0.0125}


@pytest.mark.parametrize("text", ["", "Ich habe keinen Code", "٤٢٤٢٤٢", "²³⁴⁵", "\x00", "Anton Berta Cäsar Dora"])
def test_where_there_is_no_number_there_is_none(text: str) -> None:
    assert said(text, "de") == []


@pytest.mark.parametrize("weight", [math.nan, math.inf, -1.0, 0.0])
def test_a_weight_that_is_none_counts_for_nothing(weight: float) -> None:
    assert numbers((Reading("4821", weight),), "de", DIGITS) == ()


def test_hostile_texts_are_bounded() -> None:
    for text in ("sechzig vier " * 500, "to for " * 500, "4 und " * 500, "nein 4 " * 500, "a " * 999, "x" * 99_999):
        assert len(said(text, "de", CHARACTERS)) <= MOST


def test_many_long_readings_are_bounded_together() -> None:
    """Each takes milliseconds, in which no other call is answered."""
    long = [Reading(f"moment {each} " + "qwertz " * 70, 0.03) for each in range(20)]
    assert numbers([*long, Reading("4821", 0.3)], "de", DIGITS) == ()
    assert numbers([Reading("4821", 0.3), *long], "de", DIGITS)[0].text == "4821"


EXAMPLES = re.findall(r"^\| (de|en) \| (.*?) \| ([0-9, ]+) \|$", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize(("language", "text", "understood"), EXAMPLES)
def test_what_the_document_says_is_understood_so(language: str, text: str, understood: str) -> None:
    first, *others = understood.split(", ")
    found = said(text, language)
    assert found[0] == first
    assert set(others) <= set(found)


def test_the_document_has_examples() -> None:
    assert len(EXAMPLES) > 20
