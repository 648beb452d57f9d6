"""``threadline serve`` and ``threadline demo``."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from router import demo as sample
from router import logs, notify, server, traces
from router import settings as settings_module
from router.app import House
from router.cli.output import WRONG_USE, fail, say
from router.flow.problems import FlowRefused
from router.settings import Settings
from router.speech.failures import SynthesisFailed

_CANNOT_LISTEN = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)


def serve() -> None:
    """Run Threadline with the settings of THREADLINE_* variables and threadline.toml.

    Example: THREADLINE_DATABASE=postgresql://threadline@localhost/threadline threadline serve
    """
    settings = settings_module.load()
    _log(settings)
    notify.begin(os.environ)

    async def ready(_: House) -> None:
        notify.ready()

    _run(lambda: _with_flows(settings, lambda: server.run(settings, ready)))


def demo(
    port: Annotated[int, typer.Option(help="Port for the pages.", min=1, max=65535)] = 8080,
    host: Annotated[str, typer.Option(help="Address for the pages.")] = "127.0.0.1",
    data: Annotated[Path, typer.Option(help="Folder of the embedded database; delete it to begin anew.")] = Path(
        "data/demo"
    ),
) -> None:
    """Run Threadline with sample customers, offers and messages on an embedded database; nothing else is needed.

    Example: threadline demo --port 8090
    """
    file = _kept_settings(data)
    settings = settings_module.load(
        {"THREADLINE_LOG_LEVEL": "warning", **os.environ, "THREADLINE_CONFIG": str(file)},
        host=host,
        port=port,
        public_url=f"http://{host}:{port}",
    )
    _log(settings)

    async def ready(house: House) -> None:
        _tell_address(file, host, port)  # only now, since another demo may hold the port and be the one to be found
        await sample.set_up(house, file, say)

    _run(lambda: _with_flows(settings, lambda: server.run(settings, ready)))


def _log(settings: Settings) -> None:
    try:
        logs.configure(settings.log_level, as_json=settings.log_json, file=settings.log_file, beside=True)
    except OSError as error:
        fail(f"THREADLINE_LOG_FILE (log_file): {settings.log_file}: {error.strerror}", WRONG_USE)


@contextmanager
def _traced(settings: Settings) -> Iterator[None]:
    """Traces, where the settings name a collector."""
    if settings.otlp_url is None:
        yield
        return
    told = {name: value.get_secret_value() for name, value in settings.otlp_headers.items()}
    here = f"{socket.gethostname()}:{settings.port}"
    try:
        traces.begin(
            settings.otlp_url,
            told,
            service="threadline",
            version=version("threadline"),
            share=settings.trace_share,
            instance=here,
        )
    except traces.TracesMissing as error:
        fail(f"THREADLINE_OTLP_URL (otlp_url): {error}", WRONG_USE)
    try:
        yield
    finally:
        traces.end()


def _run(run: Callable[[], None]) -> None:
    busy: list[OSError] = []
    silent: list[BaseException] = []
    try:
        run()
    except* SynthesisFailed as group:
        silent = list(_leaves(group))
    except* OSError as group:  # from the server's group of tasks, or on its own
        busy = [error for error in _leaves(group) if isinstance(error, OSError)]
        if not all(isinstance(error, socket.gaierror) or error.errno in _CANNOT_LISTEN for error in busy):
            raise
    if silent:
        fail(f"THREADLINE_DATA_DIR (data_dir): {silent[0]}", WRONG_USE)
    if busy:
        fail(
            f"cannot listen: {busy[0].strerror or busy[0]}; is Threadline running already? See THREADLINE_HOST, "
            "THREADLINE_PORT and THREADLINE_FASTAGI_PORT",
            WRONG_USE,
        )


def _with_flows(settings: Settings, run: Callable[[], None]) -> None:
    try:
        with _traced(settings):
            run()
    except FlowRefused as refused:
        if any(problem.code == "no-file" for problem in refused.problems):
            where = f"there are no flows at '{settings.flows}': run this in the folder that holds them"
            fail(f"{where}, or say with THREADLINE_FLOWS where they are", WRONG_USE)
        raise


def _leaves(group: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _kept_settings(folder: Path) -> Path:
    """The demo's settings file with a secret of its own, made once beside its database; other commands may use it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / settings_module.FILE
    if not file.exists():
        lines = {
            "database": f"sqlite:///{folder / 'threadline.db'}",
            "data_dir": str(folder),
            "secret": secrets.token_hex(32),
            "service_number": sample.SERVICE_NUMBER,
            "number_pools": sample.POOLS,
        }
        _write(file, lines)
    return file


def _tell_address(file: Path, host: str, port: int) -> None:
    """Write into the demo's settings where its pages are now, for other commands; all else in them stays."""
    lines = file.read_text().splitlines(keepends=True)
    tables = next((place for place, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    kept = [line for line in lines[:tables] if not re.match(r"\s*(host|port)\s*=", line)]
    _write(file, {"host": host, "port": port}, "".join(kept + lines[tables:]))


def _write(file: Path, settings: dict[str, Any], rest: str = "") -> None:
    """Put ``settings`` before the ``rest``, readable for this user only, whole or not at all."""
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text("".join(f"{name} = {_toml(value)}\n" for name, value in settings.items()) + rest)
    new.replace(file)


def _toml(value: Any) -> str:
    """Texts, numbers and lists are the same in TOML and JSON, tables are not."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value)
