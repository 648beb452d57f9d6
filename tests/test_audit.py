"""What is said of dependencies: known faults are a failure, a network that does not answer is none."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tools import audit


def answering(monkeypatch: pytest.MonkeyPatch, code: int, text: str) -> None:
    def run(command: Any, **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, code, text, "")

    monkeypatch.setattr(subprocess, "run", run)


@pytest.mark.parametrize(
    ("code", "text", "plainly", "strictly"),
    [
        (0, "No known vulnerabilities found", 0, 0),
        (1, "Found 1 known vulnerability in 1 package\nidna 3.6 PYSEC-2024-60 3.7", 1, 1),
        (1, "idna  <=3.6\nSeverity: moderate", 1, 1),
        (1, "npm error audit endpoint returned an error", 0, 1),
        (1, "ConnectionError: Name or service not known", 0, 1),
    ],
)
def test_what_is_a_failure(monkeypatch: pytest.MonkeyPatch, code: int, text: str, plainly: int, strictly: int) -> None:
    answering(monkeypatch, code, text)
    assert audit.main([]) == plainly
    assert audit.main(["--strict"]) == strictly


def test_without_the_programs_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    assert audit.main([]) == 0
    assert capsys.readouterr().out.count("not audited") == 4
