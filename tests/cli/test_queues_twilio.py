"""``threadline queues twilio``: what is printed, and that nothing is changed without being asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl

import pytest
from typer.testing import CliRunner

from router.cli import app

ACCOUNT, WORKSPACE, WORKFLOW = "AC" + "5" * 32, "WS" + "2" * 32, "WW" + "1" * 32


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = {
        "SECRET": "s" * 32,
        "DATABASE": f"sqlite:///{tmp_path}/one.db",
        "FLOWS": str(Path(__file__).parents[2] / "ivr_flows"),
        "TWILIO_QUEUES": json.dumps({"sales": f"workflow:{WORKFLOW}"}),
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": "t" * 32,
        "TWILIO_WORKSPACE": WORKSPACE,
        "PUBLIC_URL": "https://calls.example.net",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)


@contextmanager
def taskrouter(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, str]]]]:
    """TaskRouter's API in a thread; what is posted there."""
    posts: list[tuple[str, dict[str, str]]] = []

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            queues = [
                {"sid": "WQ1", "friendly_name": form["FriendlyName"], "target_workers": form["TargetWorkers"]}
                for path, form in posts
                if path.endswith("TaskQueues")
            ]
            kept = [form for path, form in posts if "Workflows" in path]
            workflow = {"configuration": "{}", "assignment_callback_url": None}
            if kept:
                url = kept[-1]["AssignmentCallbackUrl"]
                workflow = {"configuration": kept[-1]["Configuration"], "assignment_callback_url": url}
            self._answer({"task_queues": queues, "meta": {}} if "TaskQueues" in self.path else workflow)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            posts.append((self.path, dict(parse_qsl(body))))
            self._answer({})

        def _answer(self, what: object) -> None:
            body = json.dumps(what).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("THREADLINE_TWILIO_TASKROUTER_URL", f"http://127.0.0.1:{server.server_address[1]}")
    try:
        yield posts
    finally:
        server.shutdown()
        server.server_close()


def test_what_would_be_there_is_printed() -> None:
    result = CliRunner().invoke(app, ["queues", "twilio"])
    assert result.exit_code == 0, result.output
    assert 'TaskQueue sales: queues HAS "sales"' in result.output
    configuration = json.loads(result.output[result.output.index("{") :])
    assert configuration["task_routing"]["default_filter"] == {"queue": "sales"}


def test_where_no_queue_goes_to_a_workflow_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADLINE_TWILIO_QUEUES", "{}")
    result = CliRunner().invoke(app, ["queues", "twilio"])
    assert result.exit_code == 1
    assert "workflow:WW" in result.output


def test_nothing_is_changed_without_a_yes_and_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    with taskrouter(monkeypatch) as posts:
        refused = CliRunner().invoke(app, ["queues", "twilio", "--apply"], input="n\n")
        assert (refused.exit_code, posts) == (1, [])
        assert '+queues HAS "sales"' in refused.output
        done = CliRunner().invoke(app, ["queues", "twilio", "--apply", "--yes"])
        assert done.exit_code == 0, done.output
        assert [path.rpartition("/")[2] for path, _ in posts] == ["TaskQueues", WORKFLOW]
        assert posts[1][1]["AssignmentCallbackUrl"] == "https://calls.example.net/channels/twilio/assignment"
        again = CliRunner().invoke(app, ["queues", "twilio", "--apply", "--yes"])
        assert "as described" in again.output
        assert len(posts) == 2
