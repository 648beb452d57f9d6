"""Settings of the connection to Asterisk's manager interface."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiSettings:
    """Where Asterisk is, who we are there, and how long things may take. All times in seconds.

    A peer that freezes is noticed after at most `ping_interval + ping_timeout`.
    The user of manager.conf needs `read = system,call,agent` and `write = reporting,agent`.
    """

    username: str
    secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 5038
    tls: bool = False
    tls_ca_file: Path | None = None
    connect_timeout: float = 5.0
    login_timeout: float = 5.0
    boot_timeout: float = 3.0
    sync_timeout: float = 10.0
    action_timeout: float = 5.0
    ping_interval: float = 3.0
    ping_timeout: float = 5.0
    retry_first: float = 0.5
    retry_longest: float = 5.0
    retry_refused: float = 60.0
    listener_timeout: float = 10.0
    max_waiting_events: int = 10_000

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, int | float) and not isinstance(value, bool) and value <= 0:
                raise ValueError(f"{name} must be greater than 0, not {value}")
        if not 0 < self.port < 65536:
            raise ValueError(f"port must be between 1 and 65535, not {self.port}")
