"""What an agent's phone is told of a call in the INVITE: its id, for softphones and CRMs, and nothing of the caller."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.system.conftest import MakeCaller, MakePhone
from tests.system.harness.agi_script import AgiScript
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.phone import Phone

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap")]

CALLER = Identity("+493055501777")
CALL = "5f0c1d2e3b4a59687786950413223140"


def to_sales(call: str) -> list[str]:
    values = {"CALL": call, "QUEUE": "sales", "PRIORITY": "0", "ROUTE": "queue"}
    return [f'SET VARIABLE THREADLINE_{name} "{value}"' for name, value in values.items()]


def headers(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}: *(.*?)\r?$", text, re.MULTILINE | re.IGNORECASE)


def rung(ami: Ami, make_phone: MakePhone) -> Phone:
    phone = make_phone("101")
    ami.add_agent("sales", "101")
    return phone


def test_the_phone_is_told_the_calls_id_once_and_nothing_else(
    asterisk: Asterisk,
    ami: Ami,
    make_caller: MakeCaller,
    make_phone: MakePhone,
    agi_script: Callable[..., AgiScript],
) -> None:
    agi_script(lambda asked: to_sales(CALL))
    phone = rung(ami, make_phone)
    caller = make_caller(CALLER)
    invite = phone.rings().text
    assert headers(invite, "User-to-User") == [f"{CALL};encoding=hex"]
    assert headers(invite, "X-Threadline-Call") == [CALL]
    assert headers(invite, "Call-Info") == []
    phone.answer()
    ami.wait("AgentConnect")
    caller.hang_up()
    assert not [line for line in asterisk.log.splitlines() if "threadline-agent" in line and "ERROR" in line]


def test_with_the_desks_address_it_is_told_where_the_card_is(
    asterisk: Asterisk,
    ami: Ami,
    make_caller: MakeCaller,
    make_phone: MakePhone,
    agi_script: Callable[..., AgiScript],
) -> None:
    agi_script(lambda asked: to_sales(CALL))
    asterisk.cli("dialplan set global THREADLINE_DESK https://calls.example.net/desk")
    try:
        phone = rung(ami, make_phone)
        make_caller(CALLER)
        invite = phone.rings().text
        assert headers(invite, "Call-Info") == [f"<https://calls.example.net/desk/calls/{CALL}>;purpose=info"]
    finally:
        asterisk.cli("dialplan reload")


def test_what_is_no_id_of_a_call_is_not_told(
    ami: Ami, make_caller: MakeCaller, make_phone: MakePhone, agi_script: Callable[..., AgiScript]
) -> None:
    agi_script(lambda asked: to_sales("+493055501777"))
    phone = rung(ami, make_phone)
    make_caller(CALLER)
    invite = phone.rings().text
    assert headers(invite, "User-to-User") == headers(invite, "X-Threadline-Call") == []
