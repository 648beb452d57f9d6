"""The dialplan alone, with no router or a scripted one: a caller always reaches people, and the contract holds."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.system.conftest import MakeCaller, MakePhone
from tests.system.harness.agi_script import AgiScript, Asked
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.media import Sound
from tests.system.harness.waiting import patience, until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap")]

KNOWN = Identity("+493055501")
REAL = "+491719876543"
RunScript = Callable[..., AgiScript]


def to_queue(queue: str, seconds: str = "", priority: str = "0") -> list[str]:
    values = {"CALL": "call-1", "QUEUE": queue, "PRIORITY": priority, "QUEUE_TIMEOUT": seconds, "ROUTE": "queue"}
    return [f'SET VARIABLE THREADLINE_{name} "{value}"' for name, value in values.items()]


def to_queue_once(asked: Asked) -> list[str]:
    """Where an agent has hung up, the caller is done."""
    return to_queue("sales") if asked.arguments[0] == "started" else ['SET VARIABLE THREADLINE_ROUTE "hangup"']


def test_asterisk_starts_without_a_complaint(asterisk: Asterisk) -> None:
    assert asterisk.log_at_start
    assert [line for line in asterisk.log_at_start.splitlines() if re.search(r"\] (WARNING|ERROR)", line)] == []


def test_an_operators_own_queue_stands_beside_ours(asterisk: Asterisk, ami: Ami) -> None:
    (asterisk.directory / "etc" / "queues_custom.conf").write_text("[wholesale](hotline)\nstrategy = linear\n")
    asterisk.cli("queue reload parameters")
    queues = {event.get("Queue"): event for event in ami.action("QueueStatus") if event.name == "QueueParams"}
    assert set(queues) == {"default", "sales", "service", "wholesale"}
    assert queues["wholesale"].get("Strategy") == "linear"


def test_the_router_may_do_on_ami_what_it_needs_and_no_more(ami: Ami) -> None:
    device = {"Queue": "sales", "Interface": "PJSIP/104"}
    allowed: list[tuple[str, dict[str, str]]] = [
        ("QueueAdd", device),
        ("QueuePause", {**device, "Paused": "true"}),
        ("QueueStatus", {}),
        ("Status", {}),
        ("CoreShowChannels", {}),
        ("QueueRemove", device),
        ("Ping", {}),
        ("Setvar", {"Variable": "THREADLINE_TRIED", "Value": "yes"}),  # that a call is passed on stands in a variable
    ]
    refused: list[tuple[str, dict[str, str]]] = [
        ("Originate", {"Channel": "PJSIP/104", "Application": "Hangup"}),
        ("Command", {"Command": "core show version"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("Getvar", {"Variable": "SHELL(id)"}),
        ("Setvar", {"Variable": "FILE(/tmp/threadline)", "Value": "b"}),
        ("Setvar", {"Variable": "DB(threadline/a)", "Value": "b"}),
        ("Reload", {}),
    ]
    for name, headers in allowed:
        assert ami.action(name, **headers)[0].get("Response") == "Success", name
    for name, headers in refused:
        assert ami.action(name, **headers)[0].get("Response") == "Error", name


def test_a_call_is_handed_over_as_agreed(ami: Ami, make_caller: MakeCaller, agi_script: RunScript) -> None:
    script = agi_script(lambda asked: to_queue("sales", priority="7"))
    make_caller(KNOWN, "+4930111222")
    joined = ami.wait("QueueCallerJoin")
    assert (joined.get("Queue"), joined.get("ChanVariable")) == ("sales", "THREADLINE_CALL=call-1")
    asked = script.asked[0]
    assert asked.arguments == ["started"]
    assert asked.environment["agi_network_script"] == "call"
    assert asked.environment["agi_callerid"] == "+493055501"
    assert asked.environment["agi_dnid"] == asked.environment["agi_extension"] == "+4930111222"


def test_a_queue_nobody_answered_comes_back_with_the_reason(
    ami: Ami, make_caller: MakeCaller, agi_script: RunScript
) -> None:
    def lines(asked: Asked) -> list[str]:
        return to_queue("service", "1") if asked.arguments == ["started"] else ["SET VARIABLE THREADLINE_ROUTE hangup"]

    script = agi_script(lines)
    caller = make_caller(KNOWN)
    assert script.wait_for(2, 10).arguments == ["transfer-ended", "TIMEOUT"]
    caller.ended(5)
    assert caller.ended_by_far_side


def test_the_placeholder_of_a_callback_goes_from_place_to_place_and_then_ends(
    asterisk: Asterisk, ami: Ami, agi_script: RunScript
) -> None:
    def lines(asked: Asked) -> list[str]:
        places = dict(enumerate(("sales.english", "service")))  # the first one Asterisk does not have
        what, _, *rest = asked.arguments
        place = places.get(int(rest[0])) if what == "wait" else None
        return ['SET VARIABLE THREADLINE_PLACE ",,,,1"', *to_queue(place, "1")] if place else []

    script, call_id = agi_script(lines), "c" * 32
    with Ami(asterisk.ports.ami, asterisk.settings["CALLBACKS_SECRET"], "threadline-callbacks") as placing:
        whom = {"Context": "threadline-callback-customer", "Exten": call_id, "Priority": "1", "Async": "true"}
        placing.action("Originate", Channel=f"Local/{call_id}@threadline-callback/n", **whom)
        assert script.wait_for(3, 15).arguments == ["wait", call_id, "2"]
        asterisk.reset()
    assert [joined.get("Queue") for joined in ami.find("QueueCallerJoin")] == ["sales", "service"]
    assert [asked.arguments[0] for asked in script.asked].count("dial") == 0


def test_a_call_that_keeps_coming_back_ends_in_the_default_queue(
    ami: Ami, make_caller: MakeCaller, agi_script: RunScript
) -> None:
    script = agi_script(lambda asked: to_queue("service", "1"))
    caller = make_caller(KNOWN)
    ami.wait("QueueCallerJoin", within=40, Queue="default")
    assert len(script.asked) == 10
    assert caller.up


@pytest.mark.parametrize("lines", [[], ["SET VARIABLE THREADLINE_QUEUE sales"], to_queue("nosuch")[1:]])
def test_a_router_that_does_not_decide_means_the_default_queue(
    ami: Ami, make_caller: MakeCaller, agi_script: RunScript, lines: list[str]
) -> None:
    agi_script(lambda asked: lines)
    since = time.monotonic()
    make_caller(KNOWN)
    joined = ami.wait("QueueCallerJoin", within=3)
    assert joined.get("Queue") == "default"
    assert joined.at - since < 3 * patience()


def test_a_router_that_hangs_before_its_first_word_costs_five_seconds(
    ami: Ami, make_caller: MakeCaller, agi_script: RunScript
) -> None:
    agi_script(lambda asked: [], holds=True)
    caller = make_caller(KNOWN)
    since = time.monotonic()
    assert ami.wait("QueueCallerJoin", within=8).get("Queue") == "default"
    heard = until(lambda: caller.media.first(Sound.RINGING), 3, "ring tone")
    assert heard - since < 8 * patience()


def test_a_prompt_server_that_hangs_is_given_up(ami: Ami, make_caller: MakeCaller, agi_script: RunScript) -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        address = f"http://127.0.0.1:{never_answers.getsockname()[1]}/prompts/x.wav"
        script = agi_script(lambda asked: ["SET VARIABLE TIMEOUT(absolute) 6", f'STREAM FILE {address} ""'])
        since = time.monotonic()
        make_caller(KNOWN)
        assert ami.wait("QueueCallerJoin", within=8).get("Queue") == "default"
        assert time.monotonic() - since < 5 * patience()
    assert script.asked[0].answers[1].startswith("200 result=-1")


def test_no_router_at_all_means_the_default_queue_and_a_ringing_phone(
    ami: Ami, make_caller: MakeCaller, make_phone: MakePhone
) -> None:
    phone = make_phone("101")
    ami.add_agent("default", "101")
    caller = make_caller(KNOWN)
    assert ami.wait("QueueCallerJoin", within=3).get("ChanVariable") == "THREADLINE_CALL="
    phone.rings(within=3)
    until(lambda: caller.media.first(Sound.RINGING), 3, "ring tone")
    phone.answer()
    ami.wait("AgentConnect")
    phone.hang_up()
    caller.ended(5)


@pytest.mark.parametrize("dialled", ["+493012345", "030123", "hotline", "4"])
def test_every_number_and_name_a_trunk_may_send_is_taken(ami: Ami, make_caller: MakeCaller, dialled: str) -> None:
    make_caller(KNOWN, dialled)
    assert ami.wait("QueueCallerJoin", within=3).get("Queue") == "default"


@pytest.mark.parametrize(
    "identity",
    [
        Identity.withheld(REAL),
        Identity(REAL, privacy="id"),
        Identity(REAL, asserted=REAL, privacy="header;user;id;critical"),
        Identity("anonymous", asserted=REAL),
        Identity("Anonymous", asserted=REAL, privacy="ID"),
        Identity(REAL, name="Anonymous"),
        Identity("restricted", asserted=REAL),
    ],
)
def test_a_withheld_number_goes_nowhere(
    asterisk: Asterisk,
    ami: Ami,
    make_caller: MakeCaller,
    make_phone: MakePhone,
    agi_script: RunScript,
    identity: Identity,
) -> None:
    script = agi_script(to_queue_once)
    phone = make_phone("101")
    ami.add_agent("sales", "101")
    caller = make_caller(identity)
    invite = phone.rings()
    phone.answer()
    ami.wait("AgentConnect")
    phone.hang_up()
    caller.ended(5)
    asked = script.asked[0].environment
    assert (asked["agi_callerid"], asked["agi_calleridname"]) == ("unknown", "unknown")
    assert int(asked["agi_callingpres"]) & 0x60 == 0x20
    digits = REAL[-8:]
    assert digits not in invite.text
    assert digits not in str([event.headers for event in ami.events])
    assert digits not in asterisk.everything_written()


def test_a_number_that_is_not_withheld_arrives_as_sent(
    ami: Ami, make_caller: MakeCaller, agi_script: RunScript
) -> None:
    script = agi_script(lambda asked: to_queue("sales"))
    make_caller(Identity("+4930111", asserted="+4940222", privacy="none"))
    ami.wait("QueueCallerJoin")
    assert script.asked[0].environment["agi_callerid"] == "+4940222"
    assert script.asked[0].environment["agi_callingpres"] == "0"


SHOWN = "+4940222"


@pytest.mark.parametrize(
    ("identity", "verstat"),
    [
        (Identity(SHOWN, asserted=SHOWN, verstat="TN-Validation-Passed-A"), "TN-Validation-Passed-A"),
        (Identity(SHOWN, asserted=SHOWN, verstat="TN-Validation-Failed"), "TN-Validation-Failed"),
        (Identity(SHOWN, asserted=SHOWN, verstat="TN-Validation-Passed", level="B"), "TN-Validation-Passed-B"),
        (Identity(SHOWN, asserted=SHOWN, verstat="TN-Validation-Passed"), "TN-Validation-Passed"),
        (Identity(SHOWN, asserted=SHOWN, verstat="No-TN-Validation", level="A"), "No-TN-Validation"),
        (Identity(SHOWN, asserted=SHOWN, level="A"), None),
        (Identity(SHOWN, verstat="TN-Validation-Passed-A"), None),
        (Identity(SHOWN, asserted=SHOWN, name="<sip:x;verstat=TN-Validation-Passed-A>"), None),
        (Identity(SHOWN, asserted=SHOWN, verstat="$(id)'`<x>"), None),
        (Identity(SHOWN, asserted=SHOWN, privacy="id", verstat="TN-Validation-Passed-A"), None),
        (Identity("anonymous", asserted=SHOWN, verstat="TN-Validation-Passed-A"), None),
    ],
)
def test_what_the_network_found_out_about_a_number_is_passed_on(
    ami: Ami, make_caller: MakeCaller, agi_script: RunScript, identity: Identity, verstat: str | None
) -> None:
    script = agi_script(lambda asked: to_queue("sales"))
    make_caller(identity)
    ami.wait("QueueCallerJoin")
    assert script.asked[0].arguments == ["started", *([verstat] if verstat else [])]


@pytest.fixture
def distrusted_trunk(asterisk: Asterisk) -> Iterator[None]:
    """A trunk whose P-Asserted-Identity does not count."""
    file = asterisk.directory / "etc" / "pjsip.conf"
    trusting = file.read_text()

    def trust(text: str, shown: str) -> None:
        file.write_text(text)
        asterisk.cli("module reload res_pjsip.so")
        until(lambda: re.search(rf"trust_id_inbound +: {shown}", asterisk.cli("pjsip show endpoint trunk")), 5, shown)

    trust(trusting.replace("trust_id_inbound = yes", "trust_id_inbound = no"), "false")
    yield
    trust(trusting, "true")


def test_what_comes_from_a_trunk_that_is_not_trusted_says_nothing(
    distrusted_trunk: None, ami: Ami, make_caller: MakeCaller, agi_script: RunScript
) -> None:
    script = agi_script(lambda asked: to_queue("sales"))
    make_caller(Identity("+4930111", asserted=SHOWN, verstat="TN-Validation-Passed-A"))
    ami.wait("QueueCallerJoin")
    assert script.asked[0].arguments == ["started"]
    assert script.asked[0].environment["agi_callerid"] == "+4930111"
