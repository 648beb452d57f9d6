"""AGI commands as Asterisk will read them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.channels.agi import commands
from router.channels.agi.commands import Command
from router.channels.agi.errors import LocalProtocolError
from tests.channels.agi.asterisk import parse_args


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (commands.answer(), ["ANSWER"]),
        (commands.stream_file("http://h/p.wav", "0123456789*#"), ["STREAM", "FILE", "http://h/p.wav", "0123456789*#"]),
        (commands.stream_file("beep"), ["STREAM", "FILE", "beep", ""]),
        (commands.get_data("http://h/p.wav", 5000, 1), ["GET", "DATA", "http://h/p.wav", "5000", "1"]),
        (commands.wait_for_digit(3000), ["WAIT", "FOR", "DIGIT", "3000"]),
        (
            commands.record_file("/var/spool/m1", "wav", "#", 60_000, silence=4),
            ["RECORD", "FILE", "/var/spool/m1", "wav", "#", "60000", "BEEP", "s=4"],
        ),
        (commands.record_file("m1", "wav", "#", 9000, beep=False), ["RECORD", "FILE", "m1", "wav", "#", "9000"]),
        (commands.set_variable("TIMEOUT(absolute)", "8"), ["SET", "VARIABLE", "TIMEOUT(absolute)", "8"]),
        (commands.set_variable("EMPTY", ""), ["SET", "VARIABLE", "EMPTY", ""]),
        (commands.get_variable("UNIQUEID"), ["GET", "VARIABLE", "UNIQUEID"]),
        (commands.execute("AudioSocket", "id,127.0.0.1:4574"), ["EXEC", "AudioSocket", "id,127.0.0.1:4574"]),
        (commands.execute("Ringing"), ["EXEC", "Ringing"]),
        (commands.verbose('say "hello"', 3), ["VERBOSE", 'say "hello"', "3"]),
        (commands.hangup(), ["HANGUP"]),
        (commands.noop(), ["NOOP"]),
        (commands.channel_status(), ["CHANNEL", "STATUS"]),
    ],
)
def test_asterisk_reads_what_was_meant(command: Command, words: list[str]) -> None:
    line = command.encode()
    assert line.endswith(b"\n")
    assert [word.decode() for word in parse_args(line[:-1])] == words


@given(value=st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=300))
@example(value='"')
@example(value="\\")
@example(value='\\" ; x')
@example(value="a\tb  c ")
@example(value="")
def test_any_value_is_one_argument(value: str) -> None:
    line = commands.set_variable("NAME", value).encode()
    assert line.count(b"\n") == 1
    assert parse_args(line[:-1]) == [b"SET", b"VARIABLE", b"NAME", value.encode()]


@pytest.mark.parametrize("value", ["a\nHANGUP", "a\rb", "a\0b", "\ud800"])
def test_a_value_that_could_start_another_command_is_refused(value: str) -> None:
    with pytest.raises(LocalProtocolError):
        commands.set_variable("NAME", value).encode()


def test_a_line_asterisk_would_cut_is_refused() -> None:
    room = commands.LONGEST_COMMAND - len('SET VARIABLE "N" ""\n')
    assert len(commands.set_variable("N", "x" * room).encode()) == commands.LONGEST_COMMAND
    with pytest.raises(LocalProtocolError, match="8190"):
        commands.set_variable("N", "x" * (room + 1)).encode()
    with pytest.raises(LocalProtocolError):
        commands.set_variable("N", '"' * (room // 2 + 1)).encode()
    with pytest.raises(LocalProtocolError):
        commands.set_variable("N", "ü" * (room // 2 + 1)).encode()


@pytest.mark.parametrize(
    "build",
    [
        lambda: commands.get_data("x", 0, 1),
        lambda: commands.get_data("x", 5000, 0),
        lambda: commands.get_data("x", 5000, 1024),
        lambda: commands.wait_for_digit(-1),
        lambda: commands.wait_for_digit(2**31),
        lambda: commands.stream_file("x", "12a"),
        lambda: commands.set_variable("", "x"),
        lambda: commands.get_variable(""),
        lambda: commands.execute(""),
        lambda: commands.verbose("x", 9),
    ],
)
def test_values_out_of_range_are_refused(build: Callable[[], Command]) -> None:
    with pytest.raises(LocalProtocolError):
        build()


def test_several_variables_are_set_together() -> None:
    command = commands.set_variables({"A": "", "CHANNEL(language)": "de", "B": "sales.en:20&phone.PJSIP-101:5"})
    assert command.encode() == b'EXEC "MSet" "A=,CHANNEL(language)=de,B=sales.en:20&phone.PJSIP-101:5"\n'


@pytest.mark.parametrize("value", ["a,B=c", "a=b", "${X}", 'a"b', "a b", "a\nb", "ä", "(a)", "a\\b"])
def test_what_could_be_taken_for_another_variable_is_not_set_together(value: str) -> None:
    with pytest.raises(LocalProtocolError):
        commands.set_variables({"A": value})
