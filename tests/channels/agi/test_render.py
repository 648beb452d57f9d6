"""The house's words in AGI terms and back; the safety net's arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.channels.agi import render
from router.channels.agi.codec import Reply
from router.channels.agi.environment import Environment, parse_environment
from router.channels.agi.render import Sound
from router.core.commands import Leg, RecordMessage, Transfer
from router.core.events import (
    LONGEST_DIALLED,
    WITHHELD,
    Attestation,
    Caller,
    CallStarted,
    RecordingEnded,
    TransferOutcome,
)
from router.speech.pieces import LONGEST
from tests.channels.agi.asterisk import ENVIRONMENT


def env(**changes: str) -> Environment:
    return parse_environment({**ENVIRONMENT, **changes})


class TestCallStarted:
    def test_a_number_in_any_spelling(self) -> None:
        expected = CallStarted("asterisk", Caller("+4930123456"), "+4930987654", trunk="PJSIP/trunk")
        assert render.call_started(env(), "DE") == expected
        assert render.call_started(env(callerid="030123456", dnid="004930987654"), "DE") == expected
        assert render.call_started(env(callerid="4930123456", callington="16"), "DE") == expected

    def test_withheld(self) -> None:
        assert render.call_started(env(callingpres="32"), "DE").caller == WITHHELD
        assert render.call_started(env(callerid="anonymous"), "DE").caller == WITHHELD

    def test_what_is_no_number_is_none_and_not_withheld(self) -> None:
        assert render.call_started(env(callerid="101"), "DE").caller == Caller(None)

    def test_what_the_network_says_of_the_number(self) -> None:
        said = {"arg_1": "started", "arg_2": "TN-Validation-Passed-A"}
        assert render.call_started(env(**said), "DE").caller == Caller("+4930123456", attestation=Attestation.FULL)
        assert render.call_started(env(**said | {"arg_2": "whatever"}), "DE").caller == Caller("+4930123456")
        assert render.call_started(env(**said, callingpres="32"), "DE").caller == WITHHELD
        assert render.call_started(env(**said, callerid="101"), "DE").caller == Caller(None)

    @pytest.mark.parametrize(
        ("channel", "trunk"),
        [
            ("PJSIP/trunk-00000001", "PJSIP/trunk"),
            ("PJSIP/trunk-berlin-0000ab1f", "PJSIP/trunk-berlin"),
            ("Local/700@default-0000000a;2", "Local/700default"),
            ("PJSIP/+4915112345678-00000002", "PJSIP/#"),
            ("PJSIP/" + "x" * 200 + "-00000001", "PJSIP/" + "x" * 74),
            ("\x1b[2J$(id)", "2Jid"),
            ("!!!", None),
        ],
    )
    def test_the_trunk_is_a_name_and_nothing_else(self, channel: str, trunk: str | None) -> None:
        assert render.call_started(env(channel=channel), "DE").trunk == trunk

    def test_the_service_number_stays_as_dialled_when_it_is_short(self) -> None:
        assert render.call_started(env(dnid="115"), "DE").service_number == "115"
        assert render.call_started(env(dnid="x" * 80), "DE").service_number == "x" * LONGEST_DIALLED
        assert render.call_started(env(dnid="unknown", extension="700"), "DE").service_number == "700"
        assert render.call_started(env(dnid="unknown", extension=""), "DE").service_number is None


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("TIMEOUT", TransferOutcome.NO_ANSWER),
        ("JOINEMPTY", TransferOutcome.UNAVAILABLE),
        ("FULL", TransferOutcome.UNAVAILABLE),
        ("CONTINUE", TransferOutcome.ANSWERED),
        ("", TransferOutcome.FAILED),
        ("NEW", TransferOutcome.FAILED),
    ],
)
def test_transfer_outcomes(status: str, outcome: TransferOutcome) -> None:
    assert render.transfer_outcome(status) is outcome


class TestGuard:
    def test_silence_is_bounded(self) -> None:
        assert render.guard_seconds(0) == 7
        assert render.guard_seconds(4.5) == 7
        assert render.guard_seconds(10) == 11.5

    @given(busy=st.floats(0, 600))
    def test_there_is_always_time_to_answer_and_never_too_much(self, busy: float) -> None:
        guard = render.guard_seconds(busy)
        assert guard - busy >= render.LEAST_MARGIN - 0.001
        assert guard <= 7 or guard - busy <= render.LEAST_MARGIN + 0.101

    def test_a_key_at_the_very_beginning_of_a_piece_leaves_no_more_silence_than_a_caller_bears(self) -> None:
        assert render.play(Sound("http://h/a.wav", LONGEST)).seconds <= render.MOST_SILENCE

    def test_goes_out_as_asterisk_reads_it(self) -> None:
        guarded = render.play(Sound("http://h/a.wav", 6.345), "0123456789*#")
        assert guarded.guard.encode() == b'SET VARIABLE "TIMEOUT(absolute)" "7.9"\n'
        assert guarded.command.encode() == b'STREAM FILE "http://h/a.wav" "0123456789*#"\n'
        assert guarded.within > guarded.seconds

    def test_no_wait_is_taken_for_for_ever(self) -> None:
        assert render.listen(0).command.encode() == b'WAIT FOR DIGIT "1"\n'


class TestKeys:
    @pytest.mark.parametrize(
        ("reply", "key"),
        [
            (Reply(200, "0", None, 800), None),
            (Reply(200, "49", None, 800), "1"),
            (Reply(200, "35"), "#"),
            (Reply(200, "42"), "*"),
            (Reply(200, "65"), ""),
            (Reply(200, "99999"), ""),
            (Reply(200, "-1"), None),
            (Reply(200, ""), None),
        ],
    )
    def test_of_streaming(self, reply: Reply, key: str | None) -> None:
        assert render.key_of_streaming(reply) == key


class TestRecording:
    @pytest.mark.parametrize(
        ("reply", "seconds"),
        [
            (Reply(200, "35", "dtmf", 16_000), 2.0),
            (Reply(200, "-1", "hangup", 40_000), 5.0),
            (Reply(200, "-1", "hangup", 800), 0.0),
            (Reply(200, "0", "timeout", 480_000), 60.0),
            (Reply(200, "0", "timeout", 8_100), 0.0),
            (Reply(200, "0", "timeout", 24_000), 3.0),
            (Reply(200, "35", "randomerror", 0), 0.0),
            (Reply(200, "-1", "writefile"), 0.0),
            (Reply(520, "", "usage"), 0.0),
        ],
    )
    def test_what_counts_as_a_message(self, reply: Reply, seconds: float) -> None:
        expected = RecordingEnded("m.wav", seconds) if seconds else RecordingEnded(None, 0.0)
        assert render.recording_ended(reply, "m.wav", 60) == expected

    def test_the_command(self) -> None:
        guarded = render.record(RecordMessage((), 60, 4), "/rec/m")
        assert guarded.command.encode() == b'RECORD FILE "/rec/m" "wav" "#" "60000" "BEEP" "s=4"\n'
        assert guarded.seconds == 68


def left_with(*leaving: Any) -> dict[str, str]:
    """What is set, in its order, when a call is left to a queue."""
    found: dict[str, str] = {}
    for command in render.leave_to_queue(*leaving):
        if command.verb == "EXEC":
            found |= dict(each.split("=") for each in command.arguments[1].split(","))
        else:
            found[command.arguments[0]] = command.arguments[1]
    return found


class TestLeaving:
    def test_the_route_comes_last_and_the_net_stays(self) -> None:
        net, left = render.leave_to_queue(Transfer("sales", 120, 5))
        assert net.arguments == ("TIMEOUT(absolute)", "7.0")
        assert left.encode() == (
            b'EXEC "MSet" "THREADLINE_QUEUE=sales,THREADLINE_QUEUE_TIMEOUT=120,THREADLINE_PRIORITY=5,'
            b'THREADLINE_SKILLS=,THREADLINE_LEGS=,THREADLINE_WHISPER=,THREADLINE_ROUTE=queue"\n'
        )

    def test_the_places_to_wait_in_are_a_list_of_the_dialplan(self) -> None:
        legs = (
            Leg("sales", 20, (), "anna"),
            Leg("sales", 25, (), "bert"),
            Leg("sales", 30, ("gas", "english")),
            Leg("sales", 40, ("${X}",)),
            Leg("service", 50),
        )
        transfer = Transfer("sales", 120, legs=legs)
        sent = left_with(transfer, (), {"anna": "PJSIP/101"}, "de")
        assert sent["THREADLINE_LEGS"] == "phone.PJSIP-101:20&sales.english.gas:30&service:50"
        assert sent["CHANNEL(language)"] == "de"
        assert list(sent.items())[-1] == ("THREADLINE_ROUTE", "queue")

    def test_skills_and_whisper_are_lists_of_the_dialplan(self) -> None:
        skills = ("gas", "en-GB", "a&b", "${X}", "x,y", "")
        whisper = (render.Sound("http://router/1.wav", 2.0), render.Sound("http://router/2.wav", 1.0))
        sent = left_with(Transfer("sales", 9, 0, skills), whisper)
        assert sent["THREADLINE_SKILLS"] == "gas&en-GB"
        assert sent["THREADLINE_WHISPER"] == "http://router/1.wav&http://router/2.wav"

    @pytest.mark.parametrize("queue", ["", "a,b", "a b", "${X}", "x" * 65, "a\nb"])
    def test_a_queue_that_would_break_the_dialplan_is_refused(self, queue: str) -> None:
        with pytest.raises(ValueError, match="queue"):
            render.leave_to_queue(Transfer(queue, 60))
