"""The AGI codec, fed with what Asterisk sends, and with what it should not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.channels.agi import codec, commands
from router.channels.agi.codec import (
    Connection,
    ConnectionClosed,
    EnvironmentReceived,
    HangupNotice,
    Limits,
    Reply,
    State,
)
from router.channels.agi.errors import LocalProtocolError, RemoteProtocolError
from tests.channels.agi.asterisk import ENVIRONMENT, environment


def ready(**limits: int) -> Connection:
    connection = Connection(Limits(**limits))
    connection.receive(environment())
    assert [type(event) for event in connection.events()] == [EnvironmentReceived]
    return connection


def replies(text: bytes, connection: Connection | None = None) -> list[codec.Event]:
    connection = connection or ready()
    connection.send(commands.noop())
    connection.receive(text)
    return list(connection.events())


def feed(connection: Connection, chunks: list[bytes]) -> list[object]:
    """Events of ``chunks``, then of the end; an error counts as the last event."""
    seen: list[object] = []
    try:
        for chunk in [*chunks, b""]:
            connection.receive(chunk)
            seen.extend(connection.events())
    except RemoteProtocolError as error:
        seen.append(str(error))
    return seen


class TestEnvironment:
    def test_is_complete_with_the_empty_line(self) -> None:
        connection = Connection()
        connection.receive(environment()[:-1])
        assert connection.next_event() is None
        connection.receive(b"\n")
        event = connection.next_event()
        assert isinstance(event, EnvironmentReceived)
        assert event.environment.caller_number == "+4930123456"
        assert connection.state is State.READY

    def test_connect_and_close_at_once(self) -> None:
        connection = Connection()
        connection.receive(b"")
        assert list(connection.events()) == [ConnectionClosed(truncated=False)]
        assert connection.state is State.CLOSED

    @pytest.mark.parametrize("cut", [1, 13, 100, len(environment()) - 1])
    def test_half_an_environment(self, cut: int) -> None:
        connection = Connection()
        connection.receive(environment()[:cut])
        connection.receive(b"")
        assert list(connection.events()) == [ConnectionClosed(truncated=True)]

    def test_caller_name_in_latin_1(self) -> None:
        connection = Connection()
        connection.receive(environment(calleridname="Müller").replace("Müller".encode(), "Müller".encode("latin-1")))
        event = connection.next_event()
        assert isinstance(event, EnvironmentReceived)
        assert event.environment.caller_name == "Müller"

    @pytest.mark.parametrize(
        "text",
        [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"agi_network yes\n",
            b"agi_: yes\n",
            b"network: yes\n",
            b"agi_uniqueid: 1\nagi_uniqueid: 2\n",
            b"\n",
            b"agi_uniqueid: 1.1\n\n",
            b"agi_channel: Local/1\n\n",
        ],
    )
    def test_what_is_none_is_refused(self, text: bytes) -> None:
        connection = Connection()
        connection.receive(text)
        with pytest.raises(RemoteProtocolError):
            list(connection.events())
        assert connection.state is State.CLOSED
        assert connection.next_event() is None

    def test_a_number_smuggled_in_by_a_line_break_does_not_count(self) -> None:
        connection = Connection()
        connection.receive(environment(calleridname="x\nagi_callerid: +4911111111"))
        with pytest.raises(RemoteProtocolError, match="agi_callerid twice"):
            connection.next_event()

    def test_limits(self) -> None:
        for limits, text in (
            (Limits(line=64), b"agi_channel: " + b"x" * 64),
            (Limits(environment_lines=10), environment()),
            (Limits(environment=300), environment()),
            (Limits(environment_lines=10), b"".join(b"agi_arg_%d: x\n" % number for number in range(1, 20))),
        ):
            connection = Connection(limits)
            connection.receive(text)
            with pytest.raises(RemoteProtocolError, match="more than"):
                list(connection.events())

    def test_more_bytes_than_may_wait(self) -> None:
        connection = Connection(Limits(buffer=1000))
        with pytest.raises(RemoteProtocolError, match="1000 bytes"):
            connection.receive(b"x" * 1001)
        assert connection.state is State.CLOSED


class TestReplies:
    @pytest.mark.parametrize(
        ("text", "reply"),
        [
            (b"200 result=0\n", Reply(200, "0")),
            (b"200 result=-1\n", Reply(200, "-1")),
            (b"200 result=49\r\n", Reply(200, "49")),
            (b"200 result=\n", Reply(200, "")),
            (b"200 result= (timeout)\n", Reply(200, "", "timeout")),
            (b"200 result=0123*# (timeout)\n", Reply(200, "0123*#", "timeout")),
            (b"200 result=1 (PJSIP/trunk-1)\n", Reply(200, "1", "PJSIP/trunk-1")),
            (b"200 result=1 ()\n", Reply(200, "1", "")),
            (b"200 result=1 (a (b) c)\n", Reply(200, "1", "a (b) c")),
            (b"200 result=1 (x) endpos=5)\n", Reply(200, "1", "x) endpos=5")),
            (b"200 result=1 (M\xfcller)\n", Reply(200, "1", "Müller")),
            (b"200 result=0 endpos=12345\n", Reply(200, "0", None, 12345)),
            (b"200 result=-1 (hangup) endpos=8000\n", Reply(200, "-1", "hangup", 8000)),
            (b"200 result=35 (dtmf) endpos=800\n", Reply(200, "35", "dtmf", 800)),
            (b"200 result=1 something new\n", Reply(200, "1", "something new")),
            (b"510 Invalid or unknown command\n", Reply(510, "", "Invalid or unknown command")),
            (
                b"511 Command Not Permitted on a dead channel or intercept routine\n",
                Reply(511, "", "Command Not Permitted on a dead channel or intercept routine"),
            ),
            (
                b"520 Invalid command syntax.  Proper usage not available.\n",
                Reply(520, "", "Invalid command syntax.  Proper usage not available."),
            ),
        ],
    )
    def test_single_lines(self, text: bytes, reply: Reply) -> None:
        assert replies(text) == [reply]

    def test_usage_of_several_lines_is_one_reply(self) -> None:
        connection = ready()
        usage = (
            b"520-Invalid command syntax.  Proper usage follows:\n"
            b" Usage: HANGUP [<channelname>]\n\nHANGUP\n200 result=1\n\n"
            b"520 End of proper usage.\n"
        )
        (reply,) = replies(usage, connection)
        assert isinstance(reply, Reply)
        assert reply.code == 520
        assert reply.data is not None
        assert "Usage: HANGUP" in reply.data
        assert replies(b"200 result=0\n", connection) == [Reply(200, "0")]

    def test_a_value_with_line_breaks_is_one_reply(self) -> None:
        connection = ready()
        assert replies(b"200 result=1 (one\n\n200 result=7\nHANGUP\nfour)\n", connection) == [
            Reply(200, "1", "one\n\n200 result=7\nHANGUP\nfour")
        ]
        assert connection.state is State.READY

    def test_a_value_that_pretends_to_be_two_replies_closes_the_connection(self) -> None:
        connection = ready()
        connection.send(commands.get_variable("X"))
        connection.receive(b"200 result=1 (x)\n200 result=1 (y)\n")
        assert connection.next_event() == Reply(200, "1", "x")
        with pytest.raises(RemoteProtocolError, match="no command"):
            connection.next_event()

    def test_trying_is_not_the_reply(self) -> None:
        connection = ready()
        assert replies(b"100 result=0 Trying...\n", connection) == []
        assert connection.state is State.AWAITING_REPLY
        connection.receive(b"100 Trying\n200 result=0\n")
        assert list(connection.events()) == [Reply(200, "0")]

    def test_hangup_is_not_the_reply(self) -> None:
        connection = ready()
        assert replies(b"HANGUP\n200 result=-1\nHANGUP\n", connection) == [
            HangupNotice(),
            Reply(200, "-1"),
            HangupNotice(),
        ]
        connection.receive(b"")
        assert list(connection.events()) == [ConnectionClosed(truncated=False)]

    @pytest.mark.parametrize(
        "text",
        [
            b"hello\n",
            b"200\n",
            b"200 ok\n",
            b"20 result=0\n",
            b"HANGUP now\n",
            b"\xff\xfe\n",
            b"099 result=1\n",
            b"2000\n",
        ],
    )
    def test_what_is_none_is_refused(self, text: bytes) -> None:
        with pytest.raises(RemoteProtocolError):
            replies(text)

    def test_closed_in_the_middle_of_a_reply(self) -> None:
        for start in (b"200 resu", b"520-Usage follows\n", b"200 result=1 (a\n"):
            connection = ready()
            assert replies(start, connection) == []
            connection.receive(b"")
            assert list(connection.events()) == [ConnectionClosed(truncated=True)]

    def test_limits(self) -> None:
        with pytest.raises(RemoteProtocolError, match="line of more than 2000"):
            replies(b"200 result=1 (" + b"x" * 2000, ready(line=2000))
        with pytest.raises(RemoteProtocolError, match="reply of more than 500"):
            replies(b"520-Usage\n" + b"line\n" * 100, ready(reply=500))

    def test_number(self) -> None:
        assert Reply(200, "-1").number == -1
        assert Reply(200, "007").number == 7
        assert Reply(200, "").number is None
        assert Reply(200, "1_0").number is None
        assert Reply(200, "12*").number is None
        assert Reply(200, "9" * 5000).number is None


class TestOrder:
    def test_no_command_before_the_environment(self) -> None:
        with pytest.raises(LocalProtocolError, match="reading_environment"):
            Connection().send(commands.answer())

    def test_one_command_at_a_time(self) -> None:
        connection = ready()
        connection.send(commands.answer())
        with pytest.raises(LocalProtocolError, match="WAIT FOR DIGIT"):
            connection.send(commands.wait_for_digit(5000))
        connection.receive(b"200 result=0\n")
        assert list(connection.events()) == [Reply(200, "0")]
        assert connection.send(commands.noop()) == b"NOOP\n"

    def test_a_refused_command_leaves_the_connection_as_it_was(self) -> None:
        connection = ready()
        with pytest.raises(LocalProtocolError):
            connection.send(commands.set_variable("A", "x" * 9000))
        assert connection.state is State.READY

    def test_no_command_after_the_end(self) -> None:
        connection = ready()
        connection.close()
        connection.receive(b"200 result=0\n")
        assert connection.next_event() is None
        with pytest.raises(LocalProtocolError, match="closed"):
            connection.send(commands.noop())

    @pytest.mark.parametrize("text", [b"200 result=0\n", b"100 Trying\n", b"520-Usage\n"])
    def test_a_reply_nobody_asked_for(self, text: bytes) -> None:
        connection = ready()
        connection.receive(text)
        with pytest.raises(RemoteProtocolError, match="no command"):
            connection.next_event()


CONVERSATION = (
    environment(calleridname="Müller")
    + b"HANGUP\n100 Trying\n520-Usage follows:\nHANGUP\n\n520 End of proper usage.\nHANGUP\n\nHANGUP\n"
)


@given(cuts=st.lists(st.integers(0, len(CONVERSATION)), max_size=40))
def test_any_chunking_gives_the_same_events(cuts: list[int]) -> None:
    def conversation(chunks: list[bytes]) -> list[object]:
        connection = Connection()
        seen: list[object] = []
        for chunk in chunks:
            if not chunk:
                continue
            connection.receive(chunk)
            for event in connection.events():
                seen.append(event)
                if isinstance(event, EnvironmentReceived):
                    connection.send(commands.noop())
        return seen

    edges = [0, *sorted(cuts), len(CONVERSATION)]
    chunks = [CONVERSATION[start:end] for start, end in pairwise(edges)]
    assert conversation(chunks) == conversation([CONVERSATION])
    assert len(conversation(chunks)) == 5


VALUES = st.text(max_size=20) | st.sampled_from(
    ["0", "32", "started", " x", "x\nagi_callerid: 1", "x\r", "unknown", "call?a=b", "c%61ll", "1" * 10]
)


@given(
    changes=st.dictionaries(st.sampled_from([*ENVIRONMENT, "arg_2", "arg_3", "arg_4"]), VALUES | st.none(), max_size=4),
    encoding=st.sampled_from(["utf-8", "latin-1"]),
)
def test_a_usual_environment_is_what_it_is_line_by_line(changes: dict[str, str | None], encoding: str) -> None:
    text = environment(**changes).decode("utf-8", "surrogatepass").encode(encoding, "replace")
    slowly, quickly = Connection(), Connection()
    found = quickly.usual_environment(text)
    seen = feed(slowly, [text])[:1]
    if found is None:
        assert quickly.state is State.READING_ENVIRONMENT
        assert feed(quickly, [text])[:1] == seen
    else:
        assert [EnvironmentReceived(found)] == seen


def test_what_asterisk_sends_is_usual() -> None:
    for changes in ({}, {"arg_1": None}, {"arg_2": "passed-A"}, {"arg_2": "TIMEOUT", "arg_3": "2"}):
        assert Connection().usual_environment(environment(**changes)) is not None
    assert Connection().usual_environment(environment()[:-1]) is None
    assert Connection().usual_environment(environment() + b"x") is None
    assert Connection(Limits(environment_lines=10)).usual_environment(environment()) is None
    assert Connection(Limits(line=300)).usual_environment(environment()) is None
    begun = Connection()
    begun.receive(b"agi_network: yes\n")
    begun.next_event()
    assert begun.usual_environment(environment()) is None


def test_usual_replies_are_what_they_are_otherwise() -> None:
    played = (b"200 result=0 endpos=8000\n", b"200 result=35 endpos=0\n", b"200 result=-1 endpos=-1\n")
    for text in (b"200 result=0\n", b"200 result=-1\n", b"200 result=49\n", *played):
        connection = ready()
        connection.send(commands.noop())
        assert [connection.usual_reply(text)] == replies(text)
        assert connection.state is State.READY
    odd = (b"200 result=0 endpos=8000", b"200 result=0 endpos=8\n\n", b"200 result=1 (a) endpos=8\n")
    for text in (b"200 result=0", b"200 result=0\nHANGUP\n", b"200 result=007\n", b"HANGUP\n", b"", *odd):
        connection = ready()
        connection.send(commands.noop())
        assert connection.usual_reply(text) is None
        assert connection.state is State.AWAITING_REPLY


@pytest.mark.parametrize("before", [b"200 res", b"200 result=1 (a\n", b"520-Usage\n"])
def test_what_looks_like_a_usual_reply_may_be_the_middle_of_another(before: bytes) -> None:
    connection = ready()
    assert replies(before, connection) == []
    assert connection.usual_reply(b"200 result=1\n") is None


def test_a_usual_reply_to_no_command_is_none() -> None:
    connection = ready()
    assert connection.usual_reply(b"200 result=1\n") is None
    connection.close()
    assert connection.usual_reply(b"200 result=1\n") is None


LINES = st.sampled_from(
    [
        b"HANGUP\n",
        b"\n",
        b"200 result=1\n",
        b"200 result=1 (",
        b")\n",
        b"520-x\n",
        b"520 x\n",
        b"100 x\n",
        b"\xfc\n",
        b"agi_a: b\n",
    ]
)


@given(chunks=st.lists(st.binary(min_size=1, max_size=60) | LINES, max_size=30), started=st.booleans())
def test_arbitrary_bytes_raise_nothing_but_protocol_errors(chunks: list[bytes], started: bool) -> None:
    def connection() -> Connection:
        return_value = ready() if started else Connection()
        if started:
            return_value.send(commands.noop())
        return return_value

    first = connection()
    seen = feed(first, chunks)
    assert first.state is State.CLOSED
    assert isinstance(seen[-1], (ConnectionClosed, str))
    assert feed(connection(), [b"".join(chunks)] if any(chunks) else []) == seen
