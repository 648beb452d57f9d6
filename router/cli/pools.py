"""``threadline pools``: the service numbers that are leased to messages and campaigns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from router import settings as settings_module
from router.app import there, utc_now
from router.cli import output
from router.cli.output import counted, say
from router.core.phone import e164
from router.messages import leasing
from router.messages.handles import HandleRules
from router.messages.leasing import NumberState, PoolState
from router.messages.pools import State
from router.messages.registration import as_sent

app = typer.Typer(invoke_without_command=True)


@app.callback()
def show(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="The pools as JSON.")] = False
) -> None:
    """Service numbers leased to messages and campaigns: each pool with its free, leased and resting numbers.

    Exit code 1 when a pool has no free number: its messages get the general service number.

    Example: threadline pools
    """
    if context.invoked_subcommand is not None:
        return
    pools = asyncio.run(_overview())
    if json:
        output.as_json([_as_json(pool) for pool in pools])
    else:
        _show(pools)
    if any(not pool.count(State.FREE) for pool in pools):
        raise typer.Exit(output.NO)


@app.command()
def release(number: Annotated[str, typer.Argument(help="The number, in any spelling.")]) -> None:
    """End the lease of a number early: its quarantine begins now. Exit code 1 when it is not leased.

    Example: threadline pools release "030 23125 101"
    """
    settings = settings_module.load()
    rules = HandleRules.of(settings)
    found = e164(number, settings.region)
    if found is None:
        output.fail(f"'{number[:40]}' is not a telephone number in full", output.WRONG_USE)

    async def run() -> bool:
        async with there(settings) as store, store.begin() as connection:
            return await leasing.release(connection, rules.pools, found, utc_now())

    if not asyncio.run(run()):
        output.fail(f"{found} is not leased")
    say(f"the lease of {found} has ended; it is in quarantine for {counted(rules.pools.quarantine.days, 'day')}")


async def _overview() -> list[PoolState]:
    settings = settings_module.load()
    rules = HandleRules.of(settings)
    async with there(settings) as store, store.read() as connection:
        return await leasing.overview(connection, rules.pools, utc_now())


def _show(pools: Sequence[PoolState]) -> None:
    if not pools:
        say("no pools are set up; THREADLINE_NUMBER_POOLS names them")
    for pool in pools:
        counts = ", ".join(f"{pool.count(state)} {_WORDS[state]}" for state in State)
        missed = f"; {counted(pool.overflows, 'message')} of the last 7 days found none" if pool.overflows else ""
        say(f"{pool.name}: {counts}{missed}")
        for each in pool.numbers:
            say(f"  {each.number:<16} {_line(each)}".rstrip())


_WORDS = {State.FREE: "free", State.LEASED: "leased", State.QUARANTINE: "in quarantine"}


def _line(number: NumberState) -> str:
    lease = number.lease
    if lease is None:
        return "free"
    whose = f"campaign {lease.campaign}" if lease.campaign is not None else f"message {lease.message_id}"
    if number.state is State.LEASED:
        return f"leased until {_local(lease.until)} to {whose}"
    return f"in quarantine until {_local(lease.free_at)} after {whose}"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _as_json(pool: PoolState) -> dict[str, Any]:
    return {
        "pool": pool.name,
        **{state.value: pool.count(state) for state in State},
        "overflows": pool.overflows,
        "numbers": [_number_as_json(each) for each in pool.numbers],
    }


def _number_as_json(number: NumberState) -> dict[str, Any]:
    lease = number.lease
    return {
        "number": number.number,
        "state": number.state.value,
        "campaign": lease.campaign if lease else None,
        "message_id": lease.message_id if lease else None,
        "until": as_sent(lease.until) if lease else None,
        "free_at": as_sent(lease.free_at) if lease else None,
    }
