"""A clock of its own for a whole process, also for what its libraries ask it: moved while the process runs, as an
operator or a time server would. The time since the start of the machine goes on as ever."""

from __future__ import annotations

from pathlib import Path

from tools.suites import clock_library


class Clock:
    """Goes as the machine's until it is `set`; ``file`` says how far it is from that."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    @property
    def environment(self) -> dict[str, str]:
        """What a process that is to go by it is started with; see faketime(1)."""
        library = clock_library()
        assert library is not None, "without libfaketime no clock is moved"
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, ahead: float) -> None:
        """Go so many seconds ahead of the machine; behind it where negative."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead:+g}")
        new.replace(self._file)
