"""Plays Asterisk for FastAGI servers, as a process of its own: call after call, so many at one time.

Each connection sends its environment, answers every command at once, and ends when the server closes it. That is
`bench/speed/asterisk.c`; here is what it is given and what it has counted.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.speed.processes import on_core

COMMANDS = 6
LINE = 'SET VARIABLE "THREADLINE_QUEUE" "default"'
"""What servers that decide nothing say in every call, so many times."""

_ENVIRONMENT = """agi_network: yes
agi_network_script: call
agi_request: agi://127.0.0.1/call
agi_channel: PJSIP/trunk-{number}
agi_language: de
agi_type: PJSIP
agi_uniqueid: {prefix}.{number}
agi_version: 22.10.1
agi_callerid: {caller}
agi_calleridname: unknown
agi_callingpres: {presentation}
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: +493023125000
agi_rdnis: unknown
agi_context: threadline-inbound
agi_extension: +493023125000
agi_priority: 38
agi_enhanced: 0.0
agi_accountcode:
agi_threadid: 140472661939904
agi_arg_1: started

"""
_KNOWN = "+49302312{caller}"


@dataclass(frozen=True, slots=True)
class Way:
    """Who calls, and what is to happen then.

    ``callers`` different numbers, 0: withheld ones. ``keys`` are pressed one at each wait for a key, the last one again
    and again. A call has to have ``commands`` times ``line``; 0: as many as there are, and it has failed where ``line``
    was in none of them.
    """

    callers: int = 0
    keys: str = "#"
    commands: int = 0
    line: str = "THREADLINE_ROUTE"


@dataclass(frozen=True, slots=True)
class Counted:
    """Calls in so many ``seconds``, and those of them that ``failed``. ``commands`` a call; p50 and p99 are from the
    connection to its end, in ms."""

    calls: int
    failed: int
    seconds: float
    commands: float
    p50: float
    p99: float


def environment(prefix: str, number: int, caller: int | None) -> bytes:
    """What Asterisk says of its call ``prefix.number``; ``caller`` counts those that are known, None: withheld."""
    text = _every_environment(prefix, caller is not None)
    return text.replace("{number}", f"{number:08}").replace("{caller}", f"{caller or 0:04}").encode()


def _every_environment(prefix: str, known: bool) -> str:
    shown, presentation = (_KNOWN, "0") if known else ("anonymous", "32")
    said = _ENVIRONMENT.replace("{prefix}", prefix).replace("{presentation}", presentation)
    return said.replace("{caller}", shown)


def played(program: Path, port: int, way: Way, seconds: float, at_once: int, core: int | None = None) -> Counted:
    """Call the server at ``port`` for so many seconds; ``program`` is asterisk.c, compiled. Raises `RuntimeError` where
    the server does what it should not."""
    values = port, seconds, at_once, way.callers or 1, way.keys, way.commands, way.line
    said = _every_environment(str(time.time_ns()), way.callers > 0)
    command = on_core(core, [str(program), *map(str, values)])
    done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode:
        raise RuntimeError(f"the calls at port {port} ended with: {done.stderr.strip()}")
    return Counted(**json.loads(done.stdout))
