"""The flows that a process begins with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from router.flow.files import kept_files
from router.flow.problems import FlowRefused
from router.releases.flows import Flows
from router.releases.releases import Releases, UnknownRelease

log = structlog.get_logger(__name__)

FURTHEST_BACK = 20
"""Releases that are tried, should this version of the program not be able to run newer ones."""


async def released_flows(releases: Releases, by_number: Mapping[str, str], default: str) -> Flows:
    """The newest release that this version of the program can run.

    Raises `UnknownRelease` where there is none, `FlowRefused` where none can be run, and `ValueError` where the
    settings name a flow that it does not have.
    """
    refusal: FlowRefused | None = None
    for release in await releases.history(limit=FURTHEST_BACK):
        try:
            found = await asyncio.to_thread(kept_files, await releases.files_of(release.id))
        except FlowRefused as refused:
            refusal = refusal or refused
            log.error("this version cannot run a release of the flows", release=release.id, why=str(refused))
        else:
            return Flows(found.flows, by_number, default, release_id=release.id)
    raise refusal or UnknownRelease("nothing has been released yet")
