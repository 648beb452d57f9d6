"""Asterisk in the container that docker/ describes: nothing but the places named there can be written, and calls, what
callers leave, prompts, its database and the router's queues work."""

from __future__ import annotations

import io
import threading
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.system.harness.agi_script import AgiScript
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.container import IN_MEMORY, VOLUMES, Container
from tests.system.harness.media import Sound
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap")]
WITHIN = 60
QUEUES = "var/lib/threadline-queues/threadline_queues.conf"


class Prompt(BaseHTTPRequestHandler):
    """A router's prompt: a second of noise."""

    def do_GET(self) -> None:
        content = io.BytesIO()
        with wave.open(content, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(b"\x00\x30\x00\xd0" * 4000)
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(content.tell()))
        self.end_headers()
        self.wfile.write(content.getvalue())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def prompts() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Prompt)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/prompts/hello.wav"
    server.shutdown()
    server.server_close()


@pytest.fixture
def container(chroot: Path, tmp_path: Path) -> Iterator[Container]:
    place = tmp_path / "root"
    place.mkdir()
    made = Container(chroot, place)
    made.start()
    yield made
    made.stop()


def writable(container: Container) -> set[str]:
    """Where something is mounted that can be written."""
    lines = Path(f"/proc/{container.pid}/mountinfo").read_text().splitlines()
    mounts = [(fields[4], fields[5].split(",")) for fields in map(str.split, lines)]
    return {place for place, options in mounts if "rw" in options}


def call(container: Container, prompt: str, folder: Path) -> list[str]:
    """What Asterisk answered in a call that hears a prompt, notes something and leaves a message."""
    script = AgiScript(
        container.ports.router_agi,
        lambda asked: [
            "ANSWER",
            f'STREAM FILE {prompt} ""',
            "DATABASE PUT tried here yes",
            'RECORD FILE /var/spool/asterisk/threadline/tried wav "#" 1000',
        ],
    )
    caller = Caller(container, folder, Identity("+493098765431"), "+49301234500")
    try:
        caller.answered(WITHIN)
        asked = script.wait_for(1, WITHIN)
        caller.hears(within=WITHIN)
        until(lambda: len(asked.answers) == 4, WITHIN, "all was done")
        until(lambda: caller.media.first(Sound.RINGING), WITHIN, "the caller waits in the default queue")
    finally:
        caller.close()
        script.close()
    return asked.answers


def test_calls_work_where_nothing_else_can_be_written(container: Container, prompts: str, tmp_path: Path) -> None:
    assert writable(container) == {*VOLUMES, *IN_MEMORY}
    status = dict(line.split(":\t", 1) for line in (container.root.parent / "status").read_text().splitlines())
    assert (status["CapBnd"], status["CapEff"], status["NoNewPrivs"]) == ("0" * 16, "0" * 16, "1")
    assert "0" not in status["Uid"].split()
    answers = call(container, prompts, tmp_path / "first")
    assert [answer.split()[1] for answer in answers[:3]] == ["result=0", "result=0", "result=1"]
    assert "(timeout)" in answers[3], "it recorded until its time was up"
    assert (container.root / "var/spool/asterisk/threadline/tried.wav").stat().st_size > 8000
    with (container.root / QUEUES).open("a") as queues:  # as the router does
        queues.write("\n[tried]\nstrategy = rrmemory\n")
    container.cli("queue reload all")
    assert "tried has 0 calls" in until(lambda: container.cli("queue show tried"), WITHIN, "the queue")
    for place in ("/usr/tried", "/etc/tried", "/var/spool/asterisk/tried", "/opt/threadline/start"):
        assert container.run("sh", "-c", f"echo x >>{place} || echo no", check=False) == "no\n"
    logged = container.log
    container.crash()
    container.start()  # what is in memory is gone, what is on volumes is not
    assert container.cli("database get tried here").strip() == "Value: yes"
    assert "tried has 0 calls" in container.cli("queue show tried")
    assert call(container, prompts, tmp_path / "second")[:2] == answers[:2]
    logged += container.log
    for complaint in ("Read-only file system", "Permission denied", "Unable to", "Failed to"):
        assert complaint not in logged, logged
