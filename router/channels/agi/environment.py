"""What Asterisk says about a call when it connects: the ``agi_…`` lines, made into one value.

A number that the caller suppressed is dropped here, before anybody sees it, even though Asterisk delivers it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from router.channels.agi.errors import RemoteProtocolError
from router.core.phone import is_withheld

_LINES: Final = (
    "network network_script request channel language type uniqueid version callerid calleridname callingpres "
    "callingani2 callington callingtns dnid rdnis context extension priority enhanced accountcode threadid"
).split()
"""What Asterisk says of each call, in this order (``setup_env`` in ``res/res_agi.c``); then come the arguments."""
# Nothing is given back (``+``): else a blank could be read in two ways on each line, and all together in millions.
_VALUE: Final = ".*+"
_SMALL: Final = "[0-9]{1,9}+"
_ID: Final = "[!-~]{1,150}+"  # Asterisk: AST_MAX_UNIQUEID is 149 characters
_READ: Final = {
    "network_script": r"[^?%\n]*+",
    "channel": ".++",
    "language": _VALUE,
    "uniqueid": _ID,
    "version": _VALUE,
    "callerid": _VALUE,
    "calleridname": _VALUE,
    "callingpres": _SMALL,
    "callington": _SMALL,
    "dnid": _VALUE,
    "context": _VALUE,
    "extension": _VALUE,
}
"""What we look at of it, in the same order, and how it nearly always is."""
_USUAL_ARGUMENTS: Final = 3
"""As many arguments as our dialplan gives, or fewer."""
MOST_USUAL_LINES: Final = len(_LINES) + _USUAL_ARGUMENTS
_USUAL: Final = re.compile(
    "".join(f"agi_{name}: ?+{f'({_READ[name]})' if name in _READ else _VALUE}\n" for name in _LINES)
    + "".join(f"(?:agi_arg_{place}: ?+({_VALUE})\n" for place in range(1, _USUAL_ARGUMENTS + 1))
    + ")?" * _USUAL_ARGUMENTS
    + "\n"
)
_NO_QUERY: Final[Mapping[str, str]] = MappingProxyType({})
_ABSENT: Final = frozenset({"", "unknown"})
# Presentation indicator of Q.951 as Asterisk codes it (callerid.h, AST_PRES_RESTRICTION): 0x00 allowed,
# 0x20 restricted, 0x40 not available, 0x60 reserved. The lower bits tell who screened the number.
_PRESENTATION: Final = 0x60
_MOST_ARGUMENTS: Final = 127
_UNIQUEID: Final = re.compile(_ID)


class Environment(NamedTuple):
    """A call as Asterisk announces it.

    ``script`` and ``query`` come from the URL that the dialplan calls (``agi://host/script?name=value``), ``arguments``
    from what follows it (``agi_arg_1`` …). ``caller_number`` is as the network sent it, None when unknown or
    ``withheld``; the same holds for ``caller_name`` and for ``verstat``, what was found out about the number, as the
    dialplan passes it on (see `router.core.verstat`). ``number_type`` is the type-of-number octet (16 is international,
    32 national) and 0 when unknown. ``dialled`` is the number dialled where the channel knows it, ``extension`` the one
    in the dialplan. ``uniqueid`` is Asterisk's id of the call and may be logged.
    """

    uniqueid: str
    channel: str
    script: str = ""
    query: Mapping[str, str] = _NO_QUERY
    arguments: tuple[str, ...] = ()
    caller_number: str | None = None
    caller_name: str | None = None
    withheld: bool = False
    verstat: str | None = None
    number_type: int = 0
    dialled: str | None = None
    extension: str = ""
    context: str = ""
    language: str = ""
    asterisk_version: str = ""

    def __repr__(self) -> str:
        return f"Environment(uniqueid={self.uniqueid!r}, script={self.script!r}, arguments={self.arguments!r})"


def usual_environment(text: str) -> Environment | None:
    """The environment, where it is as it nearly always comes; None where a line is more or less, twice or elsewhere, or
    holds what is not usual there: that is to be looked at line by line."""
    found = None if "\r" in text else _USUAL.fullmatch(text)
    if found is None:
        return None
    script, channel, language, uniqueid, version, *values = found.groups()
    callerid, calleridname, presentation, number_type, dnid, context, extension, *given = values
    return _environment(
        uniqueid,
        channel,
        script,
        _NO_QUERY,
        tuple([value for value in given if value is not None]),
        int(presentation),
        callerid,
        calleridname,
        int(number_type),
        dnid,
        extension,
        context,
        language,
        version,
    )


def parse_environment(values: Mapping[str, str]) -> Environment:
    """The environment from its lines (names without ``agi_``); raises `RemoteProtocolError` when Asterisk's id of the
    call or its channel is missing, or the id is none: it is stored and logged."""
    read = {name: values.get(name, "") for name in _READ}
    uniqueid, channel = read["uniqueid"], read["channel"]
    if not uniqueid or not channel:
        raise RemoteProtocolError(f"the environment has no agi_{'channel' if uniqueid else 'uniqueid'}")
    if not _UNIQUEID.fullmatch(uniqueid):
        raise RemoteProtocolError("agi_uniqueid is no id of a call")
    script, _, query = read["network_script"].partition("?")
    return _environment(
        uniqueid,
        channel,
        unquote(script),
        MappingProxyType(_query(query)) if query else _NO_QUERY,
        _arguments(values),
        _integer(read["callingpres"]),
        read["callerid"],
        read["calleridname"],
        _integer(read["callington"]) or 0,
        read["dnid"],
        read["extension"],
        read["context"],
        read["language"],
        read["version"],
    )


def _environment(
    uniqueid: str,
    channel: str,
    script: str,
    query: Mapping[str, str],
    arguments: tuple[str, ...],
    presentation: int | None,
    callerid: str,
    calleridname: str,
    number_type: int,
    dnid: str,
    extension: str,
    context: str,
    language: str,
    version: str,
) -> Environment:
    """The environment from values as Asterisk gives them: without what is withheld or absent."""
    # An indicator that is missing or no number does not say that we may use what came with it.
    withheld = presentation is None or presentation & _PRESENTATION != 0 or is_withheld(callerid)
    return Environment(
        uniqueid,
        channel,
        script,
        query,
        arguments,
        None if withheld else _known(callerid),
        None if withheld else _known(calleridname),
        withheld,
        None if withheld else _verstat(arguments),
        number_type,
        _known(dnid),
        extension,
        context,
        language,
        version,
    )


def _verstat(arguments: tuple[str, ...]) -> str | None:
    """``started,VERSTAT``: an older dialplan says ``started`` alone, and of a call that comes back nothing is said."""
    return arguments[1] if len(arguments) > 1 and arguments[0] == "started" else None


def _known(value: str) -> str | None:
    value = value.strip()
    return None if value.lower() in _ABSENT else value


def _integer(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=64))
    except ValueError:
        raise RemoteProtocolError("the query of the AGI address has too many fields") from None


def _arguments(values: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    for position in range(1, _MOST_ARGUMENTS + 1):
        value = values.get(f"arg_{position}")
        if value is None:
            break
        found.append(value)
    return tuple(found)
