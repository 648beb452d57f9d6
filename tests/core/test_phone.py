"""One number, one form: however it is written; and what is no number is none."""

from __future__ import annotations

import subprocess
import sys
import time

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.core.phone import e164, is_withheld, masked

REGIONS = st.sampled_from(["DE", "AT", "CH", "IT", "US", "GB", "FR", "RU", "AR", "MX", "HU", "ES", "XX"])
VALID = st.sampled_from(
    [
        str(known.country_code) + phonenumbers.national_significant_number(known)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        if (known := phonenumbers.example_number(region)) is not None
    ]
)
DIALLED = st.one_of(
    st.from_regex(r"\A\+[0-9]{1,17}\Z"),
    st.from_regex(r"\A(\+49|0049|0|\+|00)?[0-9 /().-]{2,18}\Z"),
    st.builds("+{}".format, VALID),
    st.builds("+{}{}".format, VALID, st.from_regex(r"\A[0-9]{0,4}\Z")),
)


@pytest.mark.parametrize(
    "text",
    [
        "+4930123456",
        "004930123456",
        "030123456",
        "030/123456",
        "030-12 34 56",
        "030.123.456",
        "(030) 123456",
        "(030) 12-34-56",
        "+49 30 123456",
        "+49 (0)30 123456",
        "+49 (0) 30/123456",
        "+49-(0)30-1234-56",
        "0049 (0)30 123456",
        "(+49) 30 123456",
        "  030 123456  ",
        "030\u00a0123456",
        "030 \u2013 123456",
        "+49\u202f30\u202f12\u202f34\u202f56",
        "4930123456",
        "tel:+4930123456",
        "TEL:+49-30-123456",
        "tel:030123456",
        "tel:30123456;phone-context=+49",
        "tel:123456;phone-context=+49-30",
        "sip:+4930123456@example.com",
        "sips:+4930123456@[2001:db8::1]:5061;transport=tls",
        "sip:+4930123456;verstat=TN-Validation-Passed-A@example.com;user=phone",
        "sip:030123456:secret@10.0.0.1",
        "sip:%2B4930123456@example.com",
        "sip:4930123456@example.com",
    ],
)
def test_spellings_of_one_german_number(text: str) -> None:
    assert e164(text) == "+4930123456"


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("0171 1234567", "DE", "+491711234567"),
        ("0800 1234567", "DE", "+498001234567"),
        ("04721 12", "DE", "+49472112"),
        ("030 123456-789", "DE", "+4930123456789"),
        ("+43 1 51515", "DE", "+43151515"),
        ("01 51515", "AT", "+43151515"),
        ("0043151515", "DE", "+43151515"),
        ("044 668 18 00", "CH", "+41446681800"),
        ("+39 06 1234567", "DE", "+39061234567"),
        ("06 1234567", "IT", "+39061234567"),
        ("650-253-0000", "US", "+16502530000"),
        ("(650) 253-0000", "US", "+16502530000"),
        ("1 650 253 0000", "US", "+16502530000"),
        ("011 49 30 123456", "US", "+4930123456"),
        ("+800 1234 5678", "DE", "+80012345678"),
    ],
)
def test_other_numbers_and_regions(text: str, region: str, number: str) -> None:
    assert e164(text, region) == number


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "+", "0", "00", "-", "()", "unknown", "anonymous",
        # emergency and service codes, in any dress
        "110", "112", "115", "116117", "11833", "0110", "0112", "0116117", "+49110", "+49112", "+49115", "+49116117",
        "+4911833", "0049110", "tel:110", "sip:112@example.com", "911",
        # local numbers, and more zeros than there are
        "123456", "30123456", "3012345678", "+49 0030 123456", "000 30 123456", "+049 30 123456",
        # too short, too long, no such country
        "+49", "+4930", "030", "+491", "+49301234567890123", "0301234567890123456", "+999123456789", "+1650253000",
        "+1 650 253 00001", "+210123456789",
        # letters, other digits, several numbers, extensions
        "030 123456 ext. 7", "030 12E456", "0800-FLOWERS", "x030123456", "٠٣٠١٢٣٤٥٦",
        "\uff10\uff13\uff10123456", "০৩০123456",
        "030 123456, 0171 1234567", "030123456;0171", "tel:+4930123456;ext=7", "tel:030123456;isub=1", "+49+30123456",
        # control characters and other addresses
        "030\n123456", "030123456\n", "\t030123456", "030\x00123456", "030\u202e123456", "030\u200b123456",
        "sip:example.com", "sip:@example.com", "sip:alice@example.com", "mailto:+4930123456", "tel:", "sip:",
        "http://x/+4930123456", "\ud800",
        # what platforms send for a withheld number
        "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "0086282452253", "+86 28 245 2253",
    ],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    assert e164(text) is None


@pytest.mark.parametrize(
    "text", ["1" * 10**6, "+" * 10**6, "(" * 10**6, "tel:" * 10**5, "sip:" + ";" * 10**6 + "@", "0 " * 10**6]
)
def test_endless_input_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    assert e164(text) is None
    assert not is_withheld(text)
    assert time.process_time() - started < 0.05


@given(DIALLED | st.text(max_size=40), REGIONS)
@example("+4900301234", "DE")
@example("+541115123456", "AR")
def test_the_result_is_e164_or_none_and_stays_as_it_is(text: str, region: str) -> None:
    number = e164(text, region)
    if number is not None:
        assert number[0] == "+"
        assert number[1:].isascii()
        assert number[1:].isdigit()
        assert 7 <= len(number[1:]) <= 15
        assert e164(number, region) == number
        assert e164(number, "US") == number
        assert e164(f"tel:{number}") == e164(f"sip:{number}@example.com") == number


@given(DIALLED)
def test_the_quick_way_agrees_with_libphonenumber(text: str) -> None:
    number = e164(text, "XX")
    if number is not None:
        parsed = phonenumbers.parse(text)
        assert phonenumbers.is_possible_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number


@given(VALID)
def test_every_countrys_ordinary_numbers_are_numbers(digits: str) -> None:
    assert e164("+" + digits) == "+" + digits


@given(
    area=st.sampled_from(["30", "40", "89", "221", "4721", "33094"]),
    subscriber=st.from_regex(r"\A[2-9][0-9]{3,6}\Z"),
    international=st.sampled_from(["+49", "0049", "+49 (0)", "0049-(0)"]),
    gap=st.sampled_from(["", " ", "/", "-", ".", " / ", ") "]),
)
def test_national_and_international_spellings_agree(area: str, subscriber: str, international: str, gap: str) -> None:
    expected = f"+49{area}{subscriber}"
    assert e164(f"0{area}{gap}{subscriber}") == expected
    assert e164(f"{international}{area}{gap}{subscriber}") == expected


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+4930123456", "+49…56"),
        ("+16502530000", "+1…00"),
        ("+35312345678", "+353…78"),
        ("030123456", "…"),
        ("", "…"),
        ("anonymous", "…"),
        ("+99912345678", "+…78"),
    ],
)
def test_logs_show_country_and_last_digits_only(number: str, shown: str) -> None:
    assert masked(number) == shown


@pytest.mark.parametrize(
    "text",
    [
        None, "", "  ", "anonymous", "Anonymous", "RESTRICTED", "private", "unavailable", "unknown", "blocked",
        "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "266696687", " anonymous ",
        "sip:anonymous@anonymous.invalid", "sip:Anonymous@10.0.0.1;transport=udp", "sip:10.0.0.1",
    ],
)  # fmt: skip
def test_spellings_of_withheld(text: str | None) -> None:
    assert is_withheld(text)


@pytest.mark.parametrize(
    "text",
    ["+4930123456", "030123456", "110", "sip:+4930123456@anonymous.invalid", "Alice", "0", "tel:+4930123456;ext=7"],
)
def test_what_is_not_withheld(text: str) -> None:
    assert not is_withheld(text)


@given(st.text(max_size=40))
def test_withheld_is_never_a_number(text: str) -> None:
    assert not (is_withheld(text) and e164(text))


def test_the_large_data_files_stay_unloaded() -> None:
    script = (
        "import sys; from router.core.phone import e164; e164('030 123456'); e164('+16502530000');"
        "print([name for name in sys.modules if 'geo' in name or 'carrier' in name or 'timezone' in name])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "phonenumbers.geo" not in shown.stdout
    assert "phonenumbers.carrier" not in shown.stdout
    assert "phonenumbers.timezone" not in shown.stdout
