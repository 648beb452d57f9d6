"""Reading AMI headers: as recorded, and as an enemy would send them."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.agents.ami import (
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentRingNoAnswer,
    AmiEvent,
    Channel,
    DeviceState,
    Hangup,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMember,
    QueueMemberAdded,
    QueueMemberPause,
    QueueMemberRemoved,
    QueueMemberStatus,
    WaitingCaller,
)
from router.agents.ami.parsing import Headers, UnreadableEvent, parse_event, parse_snapshot
from tests.agents.ami import recorded

CALL = ("call-1", "1795372995.0", "1795372995.0", "sales", "PJSIP/agent2")
LEG = "1795372995.1"
MEMBER = ("sales", "PJSIP/agent1", DeviceState.RINGING, True)


def headers(event: str, **changes: str | list[str] | None) -> Headers:
    read: dict[str, str | list[str]] = {}
    for line in event.splitlines():
        name, _, value = line.partition(":")
        read[name.lower()] = value.strip()
    for name, change in changes.items():
        if change is None:
            del read[name]
        else:
            read[name] = change
    return read


@pytest.mark.parametrize(
    ("text", "event"),
    [
        (recorded.AGENT_CALLED, AgentCalled(*CALL, "PJSIP/agent2-00000001", LEG)),
        (recorded.AGENT_CONNECT, AgentConnect(*CALL, "PJSIP/agent2-00000001", LEG, 3, 2, "PJSIP/trunk-00000000")),
        (recorded.RING_NO_ANSWER, AgentRingNoAnswer(*CALL, LEG, ring_milliseconds=8000)),
        (recorded.AGENT_COMPLETE, AgentComplete(*CALL, LEG, hold_seconds=2, talk_seconds=41, reason="agent")),
        (recorded.JOIN, QueueCallerJoin("call-1", "1795372995.0", "sales", 1)),
        (recorded.LEAVE, QueueCallerLeave("call-1", "1795372995.0", "sales")),
        (recorded.ABANDON, QueueCallerAbandon("call-1", "1795372995.0", "sales")),
        (recorded.HANGUP, Hangup("call-1", "1795372995.0", "1795372995.0", 26)),
        (recorded.member_event("QueueMemberStatus"), QueueMemberStatus(*MEMBER)),
        (recorded.member_event("QueueMemberAdded"), QueueMemberAdded(*MEMBER)),
        (recorded.member_event("QueueMemberRemoved"), QueueMemberRemoved(*MEMBER)),
        (recorded.member_event("QueueMemberPause"), QueueMemberPause(*MEMBER)),
    ],
)
def test_reads_what_asterisk_sends(text: str, event: AmiEvent) -> None:
    assert parse_event(headers(text)) == event


@pytest.mark.parametrize("text", [recorded.AGENT_CALLED, recorded.AGENT_CONNECT, recorded.JOIN, recorded.HANGUP])
def test_keeps_neither_number_nor_name_of_the_caller(text: str) -> None:
    event = parse_event(headers(text))
    assert event is not None
    assert "493012345" not in repr(dataclasses.astuple(event))
    assert "Müller" not in repr(dataclasses.astuple(event))


def test_passes_over_events_of_no_interest() -> None:
    assert parse_event(headers("Event: Newexten\nUniqueid: x\n")) is None
    assert parse_event(headers("Response: Success\n")) is None


@pytest.mark.parametrize(
    ("variable", "call_id"),
    [
        ("THREADLINE_CALL=call-1", "call-1"),
        (["OTHER=x", "THREADLINE_CALL=call-1"], "call-1"),
        ("threadline_call=a=b", "a=b"),
        ("THREADLINE_CALL=", None),
        ("THREADLINE_CALL", None),
        ("OTHER=call-1", None),
        (["THREADLINE_CALL=mine", "THREADLINE_CALL=forged"], None),
        ("THREADLINE_CALL=two words", None),
        ("THREADLINE_CALL=" + "x" * 151, None),
    ],
)
def test_call_id_comes_from_the_callers_channel_or_not_at_all(variable: str | list[str], call_id: str | None) -> None:
    event = parse_event(headers(recorded.AGENT_CALLED, chanvariable=variable))
    assert isinstance(event, AgentCalled)
    assert event.call_id == call_id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("uniqueid", None),
        ("uniqueid", ["1.0", "2.0"]),
        ("uniqueid", "1.0 2.0"),
        ("uniqueid", ""),
        ("queue", None),
        ("queue", "sa\x00les"),
        ("interface", "x" * 257),
        ("destuniqueid", ["1", "2"]),
        ("ringtime", "-1"),
        ("holdtime", "9" * 13),
        ("holdtime", "²"),
    ],
)
def test_a_malformed_event_is_refused_and_the_header_named(field: str, value: str | list[str] | None) -> None:
    with pytest.raises(UnreadableEvent, match=f"(?i){field}"):
        parse_event(headers(recorded.AGENT_CONNECT, **{field: value}))


def test_an_unknown_phone_state_is_just_unknown() -> None:
    event = parse_event(headers(recorded.member_event("QueueMemberStatus"), status="77"))
    assert isinstance(event, QueueMemberStatus)
    assert event.status is DeviceState.UNKNOWN


_NAMES = st.sampled_from(
    [
        "event",
        "uniqueid",
        "linkedid",
        "queue",
        "interface",
        "destchannel",
        "destuniqueid",
        "ringtime",
        "holdtime",
        "status",
        "paused",
        "chanvariable",
    ]
)
_VALUES = st.text(max_size=300) | st.lists(st.text(max_size=20), max_size=3) | st.sampled_from(["1", "sales", "1.2"])
_EVENTS = st.sampled_from(["AgentCalled", "AgentConnect", "AgentComplete", "Hangup", "QueueCallerJoin"])


@settings(deadline=None)  # a busy machine is no fault of the parser
@given(st.dictionaries(_NAMES, _VALUES), _EVENTS)
def test_whatever_comes_is_read_or_refused(fields: dict[str, str | list[str]], name: str) -> None:
    try:
        event = parse_event({**fields, "event": name})
    except UnreadableEvent:
        return
    assert event is not None
    assert all(str(value).isprintable() for value in dataclasses.astuple(event))


def test_snapshot_tells_channels_members_and_waiting_callers() -> None:
    refused: list[UnreadableEvent] = []
    snapshot = parse_snapshot(
        [headers("Response: Success\n"), headers(recorded.STATUS_CALLER), headers(recorded.STATUS_LEG)],
        [headers(recorded.QUEUE_PARAMS), headers(recorded.QUEUE_MEMBER), headers(recorded.QUEUE_ENTRY)],
        refused.append,
    )
    caller, leg = snapshot.channels
    assert caller == Channel("1795372995.0", "1795372995.0", "call-1", "PJSIP/trunk-00000000", ringing=False)
    assert (leg.interface, leg.linkedid, leg.ringing, leg.call_id) == ("PJSIP/agent2", "1795372995.0", True, None)
    assert snapshot.queue_members == (QueueMember(*MEMBER),)
    assert snapshot.waiting == (WaitingCaller("1795372995.0", "call-1", "sales", 1, 7),)
    assert not refused


def test_one_odd_channel_does_not_spoil_the_snapshot() -> None:
    refused: list[UnreadableEvent] = []
    odd = headers(recorded.STATUS_CALLER, uniqueid=["1", "2"])
    snapshot = parse_snapshot([odd, headers(recorded.STATUS_LEG)], [], refused.append)
    assert [channel.name for channel in snapshot.channels] == ["PJSIP/agent2-00000001"]
    assert len(refused) == 1
