"""Times that callers may wish for: never past, always open, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from router.flow.opening import Hours
from router.flow.wishes import Wish, WishText, resolve

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Hours(weekly={"mon-fri": ("08:00-12:00", "13:00-18:00"), "sat": ("22:00-02:00",)}, holidays="DE")
WISH: TypeAdapter[str] = TypeAdapter(WishText)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def wished(text: str, now: str, hours: Hours | None = OFFICE) -> tuple[str, str] | None:
    found = resolve(text, at(now), BERLIN, hours)
    if found is None or found.begin is None or found.end is None:
        return None
    return f"{found.begin.astimezone(BERLIN):%a %H:%M}", f"{found.end.astimezone(BERLIN):%a %H:%M}"


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("today", "2026-11-23T09:30", ("Mon 09:30", "Mon 18:00")),
        ("today", "2026-11-23T12:30", ("Mon 13:00", "Mon 18:00")),
        ("today", "2026-11-23T18:00", None),
        ("today 14:00-16:00", "2026-11-23T09:30", ("Mon 14:00", "Mon 16:00")),
        ("today 12:00-13:00", "2026-11-23T09:30", None),
        ("today 17:00-19:00", "2026-11-23T09:30", ("Mon 17:00", "Mon 18:00")),
        ("tomorrow", "2026-11-23T23:59", ("Tue 08:00", "Tue 18:00")),
        ("tomorrow", "2026-11-27T10:00", ("Sat 22:00", "Sun 00:00")),
        ("tomorrow 22:00-03:00", "2026-11-27T10:00", ("Sat 22:00", "Sun 02:00")),
        ("today", "2026-11-29T01:00", ("Sun 01:00", "Sun 02:00")),
        ("tomorrow", "2026-12-24T10:00", None),  # Christmas Day
    ],
)
def test_what_is_left_and_open(text: str, now: str, expected: tuple[str, str] | None) -> None:
    assert wished(text, now) == expected


def test_without_hours_it_is_whatever_is_not_past() -> None:
    assert wished("tomorrow", "2026-11-27T10:00", None) == ("Sat 00:00", "Sun 00:00")
    assert wished("today 08:00-09:00", "2026-11-27T10:00", None) is None
    assert resolve("soon", at("2026-11-29T10:00"), BERLIN, OFFICE) == Wish()


@pytest.mark.parametrize(("now", "hours"), [("2026-03-28T10:00", 23), ("2026-10-24T10:00", 25)])
def test_days_on_which_the_clocks_change_have_their_own_length(now: str, hours: int) -> None:
    found = resolve("tomorrow", at(now).astimezone(UTC), BERLIN, None)
    assert found and found.end and found.begin
    assert found.end - found.begin == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["", "now", "today ", "today 9-10", "today 14:00-25:00", "Today", "tomorrow14:00-15:00"]
)
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        WISH.validate_python(text)


WISHES = st.one_of(
    st.sampled_from(["today", "tomorrow"]),
    st.builds(
        "{} {:02}:{:02}-{:02}:{:02}".format,
        st.sampled_from(["today", "tomorrow"]),
        st.integers(0, 23), st.integers(0, 59), st.integers(0, 23), st.integers(0, 59),
    ),
)  # fmt: skip


@given(WISHES, st.integers(0, 800 * 24 * 60))
def test_a_wish_begins_and_ends_open_and_is_never_past(text: str, later: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=later)
    found = resolve(WISH.validate_python(text), now, BERLIN, OFFICE)
    if found is None:
        return
    assert found.begin and found.end
    assert now <= found.begin < found.end <= now + timedelta(days=3)
    assert OFFICE.open_at(found.begin) and OFFICE.open_at(found.end - timedelta(microseconds=1))
