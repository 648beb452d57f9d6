"""Callback codes: every slip of a finger is noticed, and nothing hostile is taken for a code."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.matching.codes import CodeKeys, grouped, make, normalise, well_formed

SECRET = "a secret of the tests, long enough to pass"


def digits_from(seed: int) -> str:
    source = random.Random(seed)
    return make(10, lambda count: "".join(source.choices("0123456789", k=count)))


codes = st.builds(digits_from, st.integers(0, 10**6))


@given(codes)
def test_a_code_has_ten_digits_does_not_begin_with_zero_and_is_well_formed(code: str) -> None:
    assert len(code) == 10
    assert code[0] != "0"
    assert well_formed(code)
    assert well_formed(code, 10)
    assert not well_formed(code, 9)


@given(codes, st.integers(0, 9), st.integers(1, 9))
def test_a_wrong_digit_is_noticed(code: str, place: int, step: int) -> None:
    wrong = str((int(code[place]) + step) % 10)
    assert not well_formed(code[:place] + wrong + code[place + 1 :])


@given(codes, st.integers(0, 8))
def test_swapped_neighbours_are_noticed(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or not well_formed(swapped)


@pytest.mark.parametrize(
    "written",
    ["482 139 0657", "482-139-0657", "482–139—0657", " 4821390657 ", "482\u00a0139\u202f0657", "482.139.0657"],
)
def test_codes_are_read_however_people_write_them(written: str) -> None:
    assert normalise(written) == "4821390657"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "abc",
        "48213O0657",
        "٤٨٢١٣٩٠٦٥٧",
        "\uff14\uff18\uff12\uff11\uff13\uff19",
        "²³",
        "1" * 61,
        "1\n2",
        "1\0",
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    assert normalise(text) is None


@given(st.text())
def test_any_text_is_either_plain_digits_or_nothing(text: str) -> None:
    code = normalise(text)
    assert code is None or (code.isascii() and code.isdigit())
    assert not well_formed(text) or set(text) <= set("0123456789")


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("4821390657", "482 139 0657"),
        ("123456", "123 456"),
        ("1234567", "123 4567"),
        ("12345678", "1234 5678"),
        ("123456789", "123 456 789"),
        ("12345678901", "123 4567 8901"),
        ("123456789012", "123 456 789 012"),
        ("1234567890123", "123 456 789 0123"),
        ("12345678901234", "123 456 7890 1234"),
    ],
)
def test_codes_are_printed_in_groups(code: str, printed: str) -> None:
    assert grouped(code) == printed
    assert normalise(printed) == code


def test_a_random_source_that_gives_no_digits_is_found_out() -> None:
    with pytest.raises(ValueError, match="nothing but zeros"):
        make(10, lambda count: "0" * count)
    with pytest.raises(ValueError, match="did not give"):
        make(10, lambda count: "1")
    with pytest.raises(ValueError, match="6 to 14"):
        make(5, lambda count: "1" * count)


def test_a_code_is_found_and_given_again_under_the_same_secret_only() -> None:
    keys, others = CodeKeys(SECRET), CodeKeys(SECRET + "!")
    sealed = keys.seal("4821390657", "message-1")
    assert keys.unseal(sealed, "message-1") == "4821390657"
    assert CodeKeys(SECRET).code_hash("4821390657") == keys.code_hash("4821390657")
    assert len(keys.code_hash("4821390657")) == 32
    assert others.code_hash("4821390657") != keys.code_hash("4821390657")
    assert others.unseal(sealed, "message-1") is None
    assert keys.unseal(sealed, "message-2") is None, "a sealed code moved to another message"
    assert keys.unseal(b"", "message-1") is None
    assert keys.unseal(sealed[:-1], "message-1") is None
    assert b"4821390657" not in sealed
    assert SECRET not in repr(keys)


def test_codes_under_old_secrets_are_found_and_read_and_new_ones_are_made_under_the_present() -> None:
    before, keys = CodeKeys(SECRET), CodeKeys("b" * 32, [SECRET, "a" * 32])
    assert keys.code_hashes("4821390657")[:2] == (keys.code_hash("4821390657"), before.code_hash("4821390657"))
    assert keys.old_hashes("4821390657") == keys.code_hashes("4821390657")[1:]
    assert CodeKeys(SECRET).code_hashes("4821390657") == (before.code_hash("4821390657"),)
    old = before.seal("4821390657", "message-1")
    assert keys.unseal(old, "message-1") == "4821390657"
    assert not keys.is_present(old, "message-1")
    new = keys.seal("4821390657", "message-1")
    assert keys.is_present(new, "message-1")
    assert before.unseal(new, "message-1") is None


def test_what_stands_for_a_caller_is_no_use_without_the_secret() -> None:
    keys = CodeKeys(SECRET)
    assert len(keys.caller_hash("+493023125011")) == 32
    assert keys.caller_hash("+493023125011") == CodeKeys(SECRET, ["a" * 32]).caller_hash("+493023125011")
    assert keys.caller_hash("+493023125011") != CodeKeys("b" * 32).caller_hash("+493023125011")
    assert keys.caller_hash("4821390657") != keys.code_hash("4821390657")
