"""What came of a talk: the queue's list, with what it asks for beside it, checked here whatever a page has checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any, Final

from router.desk.work.canned import in_language
from router.desk.work.whom import Whom
from router.errors import unprocessable
from router.flow.queues import Disposition, DispositionField, Queue
from router.store import audit
from router.store import dispositions as store
from router.store.database import Connection
from router.store.holds import hold
from router.web.texts import Texts

LONGEST: Final = 500
"""Characters of a field of text."""
FIELD: Final = "field."
"""What the name of a field begins with in a form: ``field.CODE.NAME``."""


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field of a form. ``choices`` are pairs of what is stored and what agents read, ``value`` what was filled in
    before."""

    name: str
    label: str
    type: str
    choices: tuple[tuple[str, str], ...]
    required: bool
    value: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that may have come of a talk."""

    code: str
    label: str
    chosen: bool
    fields: tuple[FieldView, ...]


def choices(queue: Queue, said: Any | None, language: str) -> tuple[Choice, ...]:
    """What there is to choose from, in this language; ``said`` is the row of what was said before."""
    return tuple(_choice(each, said, language) for each in queue.dispositions)


def _choice(each: Disposition, said: Any | None, language: str) -> Choice:
    chosen = said is not None and said.code == each.code
    values: Mapping[str, Any] = said.fields if said is not None and chosen else {}
    fields = tuple(
        FieldView(
            name=f"{FIELD}{each.code}.{field.name}",
            label=in_language(field.label, language),
            type=field.type,
            choices=tuple((one.code, in_language(one.label, language) or one.code) for one in field.chosen_from),
            required=field.required,
            value=_shown(values.get(field.name)),
        )
        for field in each.fields
    )
    return Choice(each.code, in_language(each.label, language), chosen, fields)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


async def say(
    connection: Connection,
    whom: Whom,
    queue: Queue,
    person_id: str,
    form: Mapping[str, str],
    now: datetime,
    t: Texts,
) -> None:
    """Store what came of the talk, in place of what was said before. Raises `Refused` (422) with each field that is
    missing or wrong, in the agent's language."""
    wanted = next((each for each in queue.dispositions if each.code == form.get("disposition")), None)
    if wanted is None:
        words = t("work.disposition.choose")
        raise unprocessable(words, [{"field": "disposition", "message": words}])
    fields, wrong = _read(wanted, form, t)
    if wrong:
        raise unprocessable(t("work.disposition.wrong"), wrong)
    await hold(connection, f"card:{whom.card_id}")
    values = {"call_id": whom.call_id, "person_id": person_id, "queue": whom.card.queue, "at": now}
    await store.put(connection, whom.card_id, {**values, "code": wanted.code, "fields": fields})
    detail = {"code": wanted.code}
    await audit.note(connection, now, "call.disposed", "call", whom.call_id, person_id=person_id, detail=detail)


def _read(wanted: Disposition, form: Mapping[str, str], t: Texts) -> tuple[dict[str, Any], list[dict[str, str]]]:
    fields: dict[str, Any] = {}
    wrong: list[dict[str, str]] = []
    for each in wanted.fields:
        name = f"{FIELD}{wanted.code}.{each.name}"
        text = form.get(name, "").strip()
        if not text:
            if each.required:
                label = in_language(each.label, t.language)
                wrong.append({"field": name, "message": t("work.field.missing", field=label)})
            continue
        try:
            fields[each.name] = _value(each, text)
        except ValueError:
            label = in_language(each.label, t.language)
            wrong.append({"field": name, "message": t(f"work.field.{each.type}", field=label)})
    return fields, wrong


def _value(field: DispositionField, text: str) -> Any:
    """What was filled in, as it is stored. Raises `ValueError`."""
    match field.type:
        case "number":
            return _number(text)
        case "date":
            return date.fromisoformat(text).isoformat()
        case "yes_no":
            return {"yes": True, "no": False}.get(text) if text in ("yes", "no") else _no()
        case "choice":
            return text if any(text == each.code for each in field.chosen_from) else _no()
        case _:
            return text if len(text) <= LONGEST and not _invisible(text) else _no()


def _number(text: str) -> int | float:
    plain = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    value = float(plain) if len(plain) <= 20 and "_" not in plain else _no()
    if not isfinite(value):
        raise ValueError
    return int(value) if value.is_integer() else value


def _invisible(text: str) -> bool:
    return any(not char.isprintable() and char not in "\n\r\t" for char in text)


def _no() -> Any:
    raise ValueError
