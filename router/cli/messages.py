"""``threadline messages``: register what was sent, from a file."""

from __future__ import annotations

import typer

app = typer.Typer(help="Messages that were sent.", no_args_is_help=True)
