"""What settings are made of: addresses, ports, secrets, destinations."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

LEAST_SECRET = 32
"""Characters of a secret."""

MOST_PORT = 65535
Port = Annotated[int, Field(ge=1, le=MOST_PORT)]


_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")


def host_and_port(text: str, port: int) -> tuple[str, int]:
    """``10.0.0.12``, ``10.0.0.12:5039``, ``[::1]:5039`` or ``::1``, with ``port`` where none is given.

    Raises `ValueError`.
    """
    found = _HOST.fullmatch(text)
    if found is None:
        if re.fullmatch(r"[0-9A-Fa-f:.]{2,45}", text):
            return text, port
        raise ValueError("a host is a name or an address, with :PORT behind it where it has one of its own")
    given = int(found["port"]) if found["port"] else port
    if given > MOST_PORT:
        raise ValueError(f"{given} is no port")
    return found["six"] or found["four"], given


def _web_address(address: str) -> str:
    if not address.startswith(("http://", "https://")) or any(char.isspace() for char in address):
        raise ValueError("an address begins with http:// or https://")
    return address.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_web_address)]


def _safe_address(address: str) -> str:
    host = urlsplit(address).hostname
    if not address.startswith("https://") and host not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("an address begins with https://, but for one on this machine")
    return address


SafeAddress = Annotated[WebAddress, AfterValidator(_safe_address)]


def _socket_address(address: str) -> str:
    if not address.startswith(("ws://", "wss://")) or any(char.isspace() for char in address):
        raise ValueError("an address begins with ws:// or wss://")
    return address


SocketAddress = Annotated[str, AfterValidator(_socket_address)]

TEXT_SENDER = r"^(\+[1-9][0-9]{6,14}|MG[0-9a-fA-F]{32}|[A-Za-z0-9 ]{2,11})$"


def _destination(entry: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}|\+[1-9][0-9]{0,6}", entry) or (
        entry[0] != "+" and entry not in phonenumbers.SUPPORTED_REGIONS
    ):
        raise ValueError(f"'{entry[:20]}' is not a country such as DE or the beginning of a number such as +43")
    return entry


Destination = Annotated[str, AfterValidator(_destination)]


def own_address(known: dict[str, Any]) -> str:
    """Where a browser on this machine reaches us; ``known`` are the settings before this one."""
    return f"http://{here(known['host'])}:{known['port']}"


def here(host: str) -> str:
    """How something on this machine reaches what listens on ``host``, as part of an address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{host}]" if ":" in host else host


def _empty_is_unset(value: Any) -> Any:
    return None if value == "" else value


EmptyIsUnset = BeforeValidator(_empty_is_unset)
"""An environment file names secrets that are not used with nothing behind the ``=``."""
OptionalAddress = Annotated[WebAddress | None, EmptyIsUnset]
OptionalSecret = Annotated[SecretStr | None, EmptyIsUnset]


class Group(BaseModel):
    """The settings of one subject; `router.settings.Settings` is all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
