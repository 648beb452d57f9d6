"""The command ``threadline``: one file for each group of commands, gathered here.

Exit codes: 0 fine, 1 the answer is no, 2 used wrongly.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from router import logs
from router.cli import housekeeping, output
from router.cli.auditing import audit
from router.cli.codes import app as codes
from router.cli.dial import dial
from router.cli.doctor import doctor
from router.cli.flow import app as flow
from router.cli.hearing import hear
from router.cli.match import app as match
from router.cli.messages import app as messages
from router.cli.people import app as people
from router.cli.pools import app as pools
from router.cli.queues import app as queues
from router.cli.queues_twilio import twilio
from router.cli.serve import demo, serve
from router.cli.speech import app as speech
from router.flow.problems import FlowRefused
from router.settings import SettingsRefused
from router.web.assets import AssetsNotBuilt

app = typer.Typer(
    help="Answers a service number, works out which message a call is about, and shows the offer to the right agent.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        output.say(f"threadline {version_of('threadline')}")
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Quiet unless something is wrong; `serve` sets logging up anew from its settings."""
    logs.configure("warning", as_json=False)


app.command()(serve)
app.command()(demo)
app.add_typer(flow, name="flow")
app.command()(dial)
app.add_typer(match, name="match")
app.command()(hear)
app.add_typer(messages, name="messages")
app.add_typer(pools, name="pools")
queues.command()(twilio)
app.add_typer(queues, name="queues")
app.add_typer(codes, name="codes")
app.add_typer(speech, name="speech")
app.add_typer(housekeeping.keys, name="keys")
app.add_typer(people, name="people")
app.add_typer(housekeeping.database, name="db")
app.command()(audit)
app.command()(doctor)


PRIVATE = 0o077
"""The umask: what is stored of customers and calls is for the user alone that runs the program. Asterisk, as another
user, is given its prompts over HTTP."""


def main() -> None:
    """Run the command; what an operator set or wrote wrongly is told without a stack trace."""
    os.umask(PRIVATE)
    try:
        app()
    except SettingsRefused as error:
        print(f"The settings are not right:\n{error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except AssetsNotBuilt as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except FlowRefused as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(1)
