"""Renders pages: Jinja templates of all rooms, with texts, assets and the person who is signed in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import phonenumbers
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from router.web.assets import Assets
from router.web.headers import PAGE_HEADERS
from router.web.person import Person
from router.web.texts import ALL, Texts, preferred
from router.web.texts.failures import failure_key
from router.web.texts.flow_problems import problem_in

_ROUTER: Final = Path(__file__).parent.parent
_ROOMS: Final = ("web", "desk", "supervisor", "admin")


class Labels(Protocol):
    """See `router.releases.queue_book.QueueBook.labels`."""

    def __call__(self, queue: str, result: str | None = None, /) -> Mapping[str, str]: ...


def _unlabelled(queue: str, result: str | None = None, /) -> Mapping[str, str]:
    return {}


class StepLabels(Protocol):
    """See `router.releases.step_names.StepNames.labels`."""

    def __call__(self, flow: str, step: str, topic: str | None = None, /) -> Mapping[str, str]: ...


def _no_steps(flow: str, step: str, topic: str | None = None, /) -> Mapping[str, str]:
    return {}


class Pages:
    """Templates are named ``ROOM/FILE.html``; every value is escaped, an unknown one is an error. ``labels`` has what
    people call a queue, or a result of its talks, by language, ``steps`` the same of a flow's step and its topics."""

    def __init__(self, assets: Assets, labels: Labels = _unlabelled, steps: StepLabels = _no_steps) -> None:
        self._labels = labels
        self._steps = steps
        self._environment = Environment(
            loader=PrefixLoader({room: FileSystemLoader(_ROUTER / room / "templates") for room in _ROOMS}),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "asset": assets.url,
            "shared_scripts": assets.shared,
            "channel_name": channel_name,
            "word": word,
            "reason_name": reason_name,
            "failure_name": failure_name,
            "signed": signed,
            "problem_text": problem_text,
            "queue_name": self._queue_name,
            "queue_names": self._queue_names,
            "result_name": self._result_name,
            "step_words": self._step_words,
        }
        self._environment.filters |= {"number": phone_number, "moment": moment, "script_data": script_data}

    def page(
        self,
        request: Request,
        template: str,
        person: Person | None = None,
        status: int = 200,
        **values: Any,
    ) -> HTMLResponse:
        """A whole page or a fragment in the person's language; without a person in the browser's."""
        language = person.language if person else preferred(request.headers.get("accept-language"))
        html = self._environment.get_template(template).render(
            t=Texts(language), language=language, person=person, path=request.url.path, **values
        )
        return HTMLResponse(html, status, PAGE_HEADERS | {"Content-Language": language, "Vary": "Accept-Language"})

    def _queue_name(self, t: Texts, name: str | None) -> str:
        """What people call this queue; one without a label here is shown as stored."""
        return self._labels(name).get(t.language) or name if name else ""

    def queue_labels(self, names: Iterable[str], language: str) -> dict[str, str]:
        """What people call these queues, by name; for the page's scripts."""
        t = Texts(language)
        return {name: self._queue_name(t, name) for name in names}

    def _queue_names(self, t: Texts, names: Iterable[str]) -> str:
        """The same of several, one after the other."""
        return ", ".join(self._queue_name(t, name) for name in names)

    def _result_name(self, t: Texts, queue: str | None, code: str) -> str:
        """What people call this result of a talk in ``queue``; one that is not listed any more is shown as stored."""
        return self._labels(queue or "", code).get(t.language) or code

    def _step_words(self, t: Texts, values: Mapping[str, str]) -> dict[str, str]:
        """``values`` with what people call the ``step`` of a ``flow``, and the ``topic`` chosen there; where that has
        no label, its name as words."""
        flow, step, topic = (values.get(name, "") for name in ("flow", "step", "topic"))
        called = {"step": self._steps(flow, step).get(t.language) or as_words(step)}
        if topic:
            called["topic"] = self._steps(flow, step, topic).get(t.language) or as_words(topic)
        return {**values, **called}

    def problem(self, request: Request, status: int, person: Person | None = None) -> HTMLResponse:
        """A page that says in the reader's words that something did not work; for people, not for scripts."""
        known = status if status in (401, 403, 404, 413, 429, 500) else 500 if status > 500 else "other"
        return self.page(request, "web/problem.html", person, status=status, key=f"problem.{known}")


def as_words(name: str) -> str:
    """A name of a flow the way people write: ``office_hours`` is "Office hours"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def phone_number(number: str) -> str:
    """A number the way people write it (``+49 30 123456``); what is not E.164 stays as it is."""
    if not number.startswith("+"):
        return number
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def word(t: Texts, prefix: str, name: str | None) -> str:
    """The text ``prefix.name``; where there is none, the name itself as it is stored."""
    key = f"{prefix}.{name}"
    return t(key) if key in ALL else name or ""


def channel_name(t: Texts, channel: str) -> str:
    """What people call a message's channel; one that has no name here is shown as stored."""
    return t(f"channel.{channel}") if f"channel.{channel}" in ALL else channel


def reason_name(t: Texts, reason: str) -> str:
    """What people call a reason for a pause; one that has no name here is shown as stored."""
    return t(f"desk.reason.{reason}") if f"desk.reason.{reason}" in ALL else reason


def failure_name(t: Texts, reason: str) -> str:
    """Why something was not delivered, with the provider's code where there is one: people who look after that ask
    for it."""
    key, code = failure_key(reason)
    if code is None:
        return t(key)
    return t(key, code=code) if "{code}" in t(key) else f"{t(key)}; {code}"


def signed(t: Texts, figure: float) -> str:
    """A figure with its sign and one decimal, as people write it in the language."""
    text = f"{figure:+.1f}".replace("-", "\N{MINUS SIGN}")
    return text.replace(".", ",") if t.language == "de" else text


def problem_text(t: Texts, message: str) -> Markup:
    """What is wrong with a flow, marked with the language it is told in."""
    text, language = problem_in(t.language, message)
    return Markup('<span lang="{}">{}</span>').format(language, text)


def moment(time: datetime | str, show: str = "datetime") -> Markup:
    """A time element; the page's script puts it into the reader's time zone and language.

    ``time`` is aware, or RFC 3339 text; ``show`` is ``datetime``, ``date`` or ``time``.
    """
    utc = (datetime.fromisoformat(time) if isinstance(time, str) else time).astimezone(UTC)
    text = utc.strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}" data-show="{}">{}</time>').format(utc.isoformat(), show, text)


def script_data(value: Any) -> Markup:
    """A value as JSON that is safe inside a script element of type application/json."""
    text = json.dumps(value, ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704
