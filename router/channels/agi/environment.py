"""What Asterisk says about a call when it connects: the ``agi_…`` lines, made into one value.

A number that the caller suppressed is dropped here, before anybody sees it, even though Asterisk delivers it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, unquote

from router.channels.agi.errors import RemoteProtocolError
from router.core.phone import is_withheld

_ABSENT: Final = frozenset({"", "unknown"})
# Presentation indicator of Q.951 as Asterisk codes it (callerid.h, AST_PRES_RESTRICTION): 0x00 allowed,
# 0x20 restricted, 0x40 not available, 0x60 reserved. The lower bits tell who screened the number.
_PRESENTATION: Final = 0x60
_MOST_ARGUMENTS: Final = 127
_UNIQUEID: Final = re.compile(r"[!-~]{1,150}")  # Asterisk: AST_MAX_UNIQUEID is 149 characters


@dataclass(frozen=True, slots=True)
class Environment:
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
    query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    arguments: tuple[str, ...] = ()
    caller_number: str | None = field(default=None, repr=False)
    caller_name: str | None = field(default=None, repr=False)
    withheld: bool = False
    verstat: str | None = None
    number_type: int = 0
    dialled: str | None = None
    extension: str = ""
    context: str = ""
    language: str = ""
    asterisk_version: str = ""


def parse_environment(values: Mapping[str, str]) -> Environment:
    """The environment from its lines (names without ``agi_``); raises `RemoteProtocolError` when Asterisk's id of the
    call or its channel is missing, or the id is none: it is stored and logged."""
    for name in ("uniqueid", "channel"):
        if not values.get(name):
            raise RemoteProtocolError(f"the environment has no agi_{name}")
    if not _UNIQUEID.fullmatch(values["uniqueid"]):
        raise RemoteProtocolError("agi_uniqueid is no id of a call")
    script, _, query = values.get("network_script", "").partition("?")
    withheld = _is_withheld(values)
    arguments = _arguments(values)
    return Environment(
        uniqueid=values["uniqueid"],
        channel=values["channel"],
        script=unquote(script),
        query=MappingProxyType(_query(query)),
        arguments=arguments,
        caller_number=None if withheld else _known(values.get("callerid", "")),
        caller_name=None if withheld else _known(values.get("calleridname", "")),
        withheld=withheld,
        verstat=None if withheld else _verstat(arguments),
        number_type=_integer(values.get("callington", "")) or 0,
        dialled=_known(values.get("dnid", "")),
        extension=values.get("extension", ""),
        context=values.get("context", ""),
        language=values.get("language", ""),
        asterisk_version=values.get("version", ""),
    )


def _is_withheld(values: Mapping[str, str]) -> bool:
    presentation = _integer(values.get("callingpres", ""))
    # An indicator that is missing or no number does not say that we may use what came with it.
    if presentation is None or presentation & _PRESENTATION:
        return True
    return is_withheld(values.get("callerid"))


def _verstat(arguments: tuple[str, ...]) -> str | None:
    """``started,VERSTAT``: an older dialplan says ``started`` alone, and of a call that comes back nothing is said."""
    return arguments[1] if arguments[:1] == ("started",) and len(arguments) > 1 else None


def _known(value: str) -> str | None:
    value = value.strip()
    return None if value.lower() in _ABSENT else value


def _integer(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _query(text: str) -> dict[str, str]:
    if not text:
        return {}
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
