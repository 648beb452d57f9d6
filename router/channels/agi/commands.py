"""What we ask Asterisk to do over AGI: one value for each command, and how it is written on the wire.

Arguments are quoted and escaped the way Asterisk takes a line apart (``parse_args`` in ``res/res_agi.c``): every
value is one argument, whatever it holds. A carriage return, line feed or NUL in a value is refused, because what
follows it would run as a second command; so is a line that Asterisk would cut, because its tail would run, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from router.channels.agi.errors import LocalProtocolError

LONGEST_COMMAND: Final = 8190
"""Bytes of a command with its line feed. Asterisk reads lines into 8,192 bytes and runs the rest as another command."""

ANY_KEY: Final = "0123456789*#"
"""Escape digits that let every key of a telephone cut a prompt short."""

_LONGEST_WAIT_MS: Final = 2**31 - 1
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:&-]*")
_FORBIDDEN: Final = re.compile(r"[\r\n\0]")


class Command(NamedTuple):
    """One AGI command: its fixed ``verb`` (for instance ``STREAM FILE``) and its arguments, unescaped.

    ``negative_is_hangup`` says that ``result=-1`` can mean nothing but that the caller is gone.
    """

    verb: str
    arguments: tuple[str, ...] = ()
    negative_is_hangup: bool = False

    def encode(self) -> bytes:
        """The line for the wire, line feed included; raises `LocalProtocolError` for what cannot be sent safely."""
        values = "".join(self.arguments)
        if not self.arguments:
            text = f"{self.verb}\n"
        elif values.isprintable() and '"' not in values and "\\" not in values:  # nothing to be escaped or refused
            quoted = '" "'.join(self.arguments)
            text = f'{self.verb} "{quoted}"\n'
        else:
            text = f"{self.verb} {' '.join(map(quote, self.arguments))}\n"
        try:
            line = text.encode()
        except UnicodeEncodeError as error:
            raise LocalProtocolError(f"{self.verb}: a value is not valid text ({error.reason})") from None
        if len(line) > LONGEST_COMMAND:
            raise LocalProtocolError(f"{self.verb}: {len(line)} bytes, at most {LONGEST_COMMAND} fit a command")
        return line


def quote(value: str) -> str:
    """``value`` as exactly one argument of a command line; raises `LocalProtocolError` for CR, LF and NUL."""
    if _FORBIDDEN.search(value):
        raise LocalProtocolError("a value holds a line break or NUL, which would start another command")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def answer() -> Command:
    """Pick up, if that has not happened; result 0, or -1 when the caller is gone."""
    return Command("ANSWER", negative_is_hangup=True)


def stream_file(name: str, escape_digits: str = "") -> Command:
    """Play ``name`` (a sound file without extension, or a URL); result 0, the ASCII code of the key that cut it
    short, or -1 when it cannot be played or the caller is gone."""
    return Command("STREAM FILE", (name, _keys(escape_digits)))


def get_data(name: str, timeout_ms: int, max_digits: int) -> Command:
    """Play ``name``, which any key cuts short, and collect keys up to ``#``; the result is the keys themselves.

    ``timeout_ms`` bounds the wait for each key. Data is ``timeout`` when the wait for a key ran out; result -1 when
    the file cannot be played or the caller is gone.
    """
    # Asterisk writes the keys into 1,024 bytes; 0 and less mean its own defaults or forever.
    return Command("GET DATA", (name, _number("timeout", timeout_ms), _number("max digits", max_digits, 1023)))


def wait_for_digit(timeout_ms: int) -> Command:
    """Wait for one key; the result is its ASCII code, 0 after ``timeout_ms``, -1 when the caller is gone."""
    return Command("WAIT FOR DIGIT", (_number("timeout", timeout_ms),), negative_is_hangup=True)


def record_file(
    name: str, file_format: str, escape_digits: str, timeout_ms: int, *, silence: int | None = None, beep: bool = True
) -> Command:
    """Record to ``name.file_format`` on Asterisk's disk, for ``timeout_ms`` at most, until one of ``escape_digits`` or
    ``silence`` whole seconds without a sound. Data says how it ended: ``dtmf``, ``timeout`` (silence, too),
    ``hangup``, ``writefile``; ``endpos`` is the length in samples."""
    options = ["BEEP"] if beep else []
    if silence is not None:
        options.append("s=" + _number("silence", silence, 3600))
    return Command("RECORD FILE", (name, file_format, _keys(escape_digits), _number("timeout", timeout_ms), *options))


def set_variable(name: str, value: str) -> Command:
    """Set a variable of the channel, or write a dialplan function such as ``TIMEOUT(absolute)``."""
    if not name:
        raise LocalProtocolError("SET VARIABLE: the name is empty")
    return Command("SET VARIABLE", (name, value))


def set_variables(values: Mapping[str, str]) -> Command:
    """Set several variables, in this order, in the time of one (application ``MSet``). Values are of letters, digits
    and ``-_.:&``: nothing in them can be taken for the next variable, or for anything else."""
    for name, value in values.items():
        if not name or not _PLAIN.fullmatch(value):
            raise LocalProtocolError(f"MSet: the value of {name or 'no name'} has to be set by itself")
    return execute("MSet", ",".join(f"{name}={value}" for name, value in values.items()))


def get_variable(name: str) -> Command:
    """Read a variable or dialplan function; result 1 with the value as data, 0 when it is not set."""
    if not name:
        raise LocalProtocolError("GET VARIABLE: the name is empty")
    return Command("GET VARIABLE", (name,))


def execute(application: str, arguments: str = "") -> Command:
    """Run a dialplan application with its comma-separated ``arguments``; result -2 when Asterisk has no such one."""
    if not application:
        raise LocalProtocolError("EXEC: the application is empty")
    return Command("EXEC", (application, arguments) if arguments else (application,))


def hangup() -> Command:
    """End the call."""
    return Command("HANGUP")


def verbose(message: str, level: int = 1) -> Command:
    """Write to Asterisk's console and log. The message must not hold numbers of callers, codes or secrets."""
    return Command("VERBOSE", (message, _number("level", level, 4)))


def noop() -> Command:
    """Do nothing: a sign of life."""
    return Command("NOOP")


def channel_status() -> Command:
    """Ask for the state of the channel; result 6 is a line that is up."""
    return Command("CHANNEL STATUS")


def _keys(digits: str) -> str:
    if any(digit not in ANY_KEY for digit in digits):
        raise LocalProtocolError("escape digits must be of 0-9, * and #")
    return digits


def _number(what: str, value: int, most: int = _LONGEST_WAIT_MS) -> str:
    if not 0 < value <= most:
        raise LocalProtocolError(f"{what} must be 1 to {most}, not {value}")
    return str(value)
