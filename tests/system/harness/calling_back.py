"""Callers who ask to be called back, and the customers who then are."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.system.conftest import MakeCaller
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.customer import Customer
from tests.system.harness.media import Sound
from tests.system.harness.office import CALLING_BACK, Office
from tests.system.harness.phone import Phone
from tests.system.harness.waiting import until

MakeCustomer = Callable[..., Customer]


def customers(asterisk: Asterisk, directory: Path) -> Iterator[MakeCustomer]:
    """For a fixture: makes customers, whose telephones are gone at the end."""
    made: list[Customer] = []

    def make(**how: object) -> Customer:
        made.append(Customer(asterisk, directory / f"customer-{len(made)}", **how))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for customer in made:
        customer.close()


def change(office: Office, statement: str) -> None:
    """As if time had passed."""
    path = office.router.settings["DATABASE"].removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection, connection:
        connection.execute(statement)


def state_of(office: Office) -> tuple[str, int, str | None]:
    """The latest callback's state, its attempts, and what came of the last one."""
    query = "select state, attempts, last_result from callbacks order by created_at desc limit 1"
    ((state, attempts, result),) = office.router.rows(query)
    return str(state), int(attempts), result


def asks_to_be_called_back(office: Office, make_caller: MakeCaller, number: str) -> None:
    """A call of somebody who says yes."""
    caller = make_caller(Identity(number), CALLING_BACK)
    until(partial(caller.media.first, Sound.OTHER), 20, "the question is heard")
    caller.press("1")
    caller.ended(15)
    until(lambda: state_of(office)[0] in ("open", "dialling"), 5, "the wish is kept")


def both_talk(customer: Customer, phone: Phone) -> None:
    """Returns when each has heard the other."""
    for speaks, hears in ((customer.media, phone.media), (phone.media, customer.media)):
        since = time.monotonic()
        speaks.speak(5)
        until(partial(hears.first, Sound.OTHER, since), 5, "one hears what the other says")
