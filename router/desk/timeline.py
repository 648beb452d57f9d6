"""One timeline over all channels: what belongs to one message stands together, the newest matter first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from router.desk.card import Entry, Matter, Timeline
from router.store import timeline as store
from router.store.database import Connection
from router.store.timeline import EntryRow

PAGE: Final = 20
"""Entries shown at first, and so many more each time."""

_ABOUT_CALLS: Final = ("note", "text", "payment", "work")
"""What is told with the call it was done in, where that is told itself."""


async def timeline_of(
    connection: Connection,
    customer_id: str | None,
    message_id: str | None,
    call_id: str | None,
    pages: int,
    *,
    words: bool,
) -> Timeline:
    """What happened with a customer, or about one message where there is none, without the call ``call_id``. ``words``:
    what people wrote and said may be shown. Four statements at most."""
    limit = pages * PAGE
    rows = await store.of_customer(connection, customer_id, message_id, call_id, limit + 1)
    shown = rows[:limit]
    calls = {row.id for row in shown if row.kind == "call"}
    parts = await store.of_calls(connection, calls)
    names = await store.names_of(connection, {row.person_id for row in (*shown, *parts) if row.person_id})
    matters = _grouped(shown, parts, names, words)
    missing = {each.message_id for each in matters if each.message_id and each.sent_at is None}
    titles = await store.titles_of(connection, missing)
    told = (_titled(each, titles, message_id) for each in matters)
    return Timeline(tuple(each for each in told if each is not None), len(rows) > limit, words)


def _grouped(
    rows: Sequence[EntryRow], parts: Sequence[EntryRow], names: Mapping[str, str], words: bool
) -> list[Matter]:
    """The entries by the message they are about; those about none stand by themselves, where they come."""
    of_call: dict[str, list[EntryRow]] = defaultdict(list)
    about: dict[str, str | None] = {}
    known = {row.id for row in rows if row.kind == "call"}
    for row in parts:
        of_call[row.call_id].append(row)
    for row in rows:
        if row.kind == "call":
            about[row.id] = row.message_id
        elif row.kind in _ABOUT_CALLS and row.call_id in known:
            of_call[row.call_id].append(row)
    groups: dict[str, Matter] = {}
    for row in rows:
        if row.kind in _ABOUT_CALLS and row.call_id in known:
            continue
        matter = about.get(row.call_id, row.message_id) if row.call_id else row.message_id
        key = matter or f"alone:{row.id}"
        group = groups.get(key) or Matter(matter, ())
        if row.kind == "message":
            groups[key] = replace(group, title=row.title, channel=row.channel, sent_at=row.at, state=row.state)
        else:
            inner = sorted(of_call[row.id], key=lambda part: part.at) if row.kind == "call" else ()
            entry = _entry(row, inner, names, words)
            groups[key] = replace(group, entries=(*group.entries, entry))
    return list(groups.values())


def _entry(row: EntryRow, parts: Sequence[EntryRow], names: Mapping[str, str], words: bool) -> Entry:
    seconds = row.number if row.kind == "voicemail" else None
    if row.kind == "talk" and row.until is not None:
        seconds = (row.until - row.at).total_seconds()
    return Entry(
        kind=row.kind,
        at=row.at,
        channel=row.channel,
        state=row.state,
        by=names.get(row.person_id or ""),
        words=(row.words or None) if words else None,
        title=row.title,
        seconds=seconds,
        amount=f"{row.number / 100:.2f}" if row.kind == "payment" else None,
        parts=tuple(_entry(part, (), names, words) for part in parts),
    )


def _titled(matter: Matter, titles: Mapping[str, EntryRow], here: str | None) -> Matter | None:
    """The matter with what its message was; None for the one the card shows anyway, where nothing else happened."""
    if matter.message_id is not None and matter.message_id == here:
        return replace(matter, here=True) if matter.entries else None
    if (row := titles.get(matter.message_id or "")) is not None:
        return replace(matter, title=row.title, channel=row.channel, sent_at=row.sent_at)
    return matter
