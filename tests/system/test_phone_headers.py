"""What an agent's phone is told of a call in the INVITE: its id, for softphones and CRMs, and nothing of the caller."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from router.agents.ami.errors import AmiRefused
from router.agents.ami.link import _clean
from router.channels.agi import commands
from router.channels.agi.errors import LocalProtocolError
from tests.hostile.strings import AGI, AMI, HEADERS, LOGS, UNSEEN
from tests.system.conftest import MakeCaller, MakePhone
from tests.system.harness.agi_script import AgiScript
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.phone import Phone

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap")]

CALLER = Identity("+493055501777")
RAN = "touch /tmp/tl-ran"
NAME = f"Müller ${{SHELL({RAN})}},a=b;|&' %0d%0aX-Own: 1 \u2028 <sip:x@y>"
"""As it stands in quotes in a SIP header, and as a program that trusts it would run it."""
TRIED = sorted({*AGI, *AMI, *HEADERS, *LOGS, *UNSEEN, f"${{SHELL({RAN})}}", "Müller, 5 % | a;b=c", "\u2029\u0085"})
BLANKS = "".join(map(chr, range(33)))
"""What Asterisk leaves out before a value."""
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


def sendable(text: str) -> str | None:
    """The line over AGI that sets a variable to it, None where it is refused."""
    try:
        return commands.set_variable("THREADLINE_TRIED", text).encode().decode().rstrip("\n")
    except LocalProtocolError:
        return None


def test_texts_that_break_what_trusts_them_are_values_to_asterisk_and_nothing_else(
    asterisk: Asterisk,
    ami: Ami,
    make_caller: MakeCaller,
    make_phone: MakePhone,
    agi_script: Callable[..., AgiScript],
) -> None:
    """Set over AGI and read back, set over AMI and read back, and the caller's own name at the agent's phone."""
    sent = [(text, line) for text in TRIED if (line := sendable(text)) is not None]
    ask = "GET VARIABLE THREADLINE_TRIED"
    script = agi_script(lambda asked: [*(each for _, line in sent for each in (line, ask)), *to_sales(CALL)])
    ran = asterisk.chroot / "tmp" / "tl-ran"
    phone = rung(ami, make_phone)
    make_caller(Identity(CALLER.number, name=NAME))
    invite = phone.rings(within=60).text
    answers = script.asked[0].answers
    assert {each: answers[2 * number : 2 * number + 2] for number, (each, _) in enumerate(sent)} == {
        each: ["200 result=1", f"200 result=1 ({each})"] for each, _ in sent
    }
    assert len(sent) > 30
    assert headers(invite, "X-Own") == headers(invite, "Via")[1:] == []
    assert headers(invite, "User-to-User") == [f"{CALL};encoding=hex"]
    (sender,) = headers(invite, "From")
    assert sender.startswith(f'"{NAME}" <sip:{CALLER.number}@')
    channel = ami.wait("QueueCallerJoin", within=60).get("Channel")
    for text in TRIED:
        try:
            fields = _clean("Setvar", {"Channel": channel, "Variable": "THREADLINE_TRIED", "Value": text})
        except AmiRefused:
            continue
        del fields["Action"]
        value = fields["Value"].encode("utf-8", "replace").decode()  # as the link writes it
        assert ami.action("Setvar", **{**fields, "Value": value})[0].get("Response") == "Success", text
        told = ami.action("Getvar", Channel=channel, Variable="THREADLINE_TRIED")[0].headers
        assert told["Value"] == value.lstrip(BLANKS)
    assert not ran.exists()
