"""What there is of versions: releases and drafts, what a check found, and why somebody was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from router.flow.files import FlowSet
from router.flow.problems import Problem
from router.store.flow_versions import DraftRow, ReleaseRow


class Origin(StrEnum):
    """Where a release comes from."""

    FOLDER = "folder"
    """Files changed in the folder of flows."""
    PUBLISH = "publish"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Release:
    """A set of flow files that new calls run, until there is a newer one. Numbers count up from 1. ``changed`` are the
    paths in which it differs from the one before; ``person_id`` is None where no page was used."""

    id: int
    set_id: str
    origin: Origin
    changed: tuple[str, ...]
    person_id: str | None
    comment: str
    at: datetime

    @classmethod
    def of(cls, row: ReleaseRow) -> Release:
        """The release a row tells of."""
        changed = tuple(row.changed)
        return cls(row.id, row.set_id, Origin(row.origin), changed, row.person_id, row.comment, row.at)


@dataclass(frozen=True, slots=True)
class Draft:
    """A text of one file that no caller meets yet; each saving is a draft of its own. ``based_on`` is the draft it was
    made from, ``release_id`` the release that its author had before them. ``closed_at``: published or thrown away."""

    id: int
    path: str
    text: str
    revision: str
    based_on: int | None
    release_id: int
    person_id: str | None
    comment: str
    at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, row: DraftRow) -> Draft:
        """The draft a row tells of."""
        return cls(
            row.id,
            row.path,
            row.text,
            row.revision,
            row.based_on,
            row.release_id,
            row.person_id,
            row.comment,
            row.at,
            row.closed_at,
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a set of files. ``flow_set`` is None where it cannot be released."""

    problems: tuple[Problem, ...]
    flow_set: FlowSet | None


class Outdated(Exception):
    """Somebody else saved or published meanwhile; nothing was changed. ``draft`` is the newest open draft of the file
    (None: there is none), ``release`` the newest release."""

    def __init__(self, path: str, draft: Draft | None, release: Release) -> None:
        super().__init__(f"{path} was changed by somebody else meanwhile")
        self.path = path
        self.draft = draft
        self.release = release


class UnknownRelease(LookupError):
    """There is no release of that number, or none at all yet."""


class UnknownDraft(LookupError):
    """There is no draft of that number."""


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The paths whose texts are not the same in both, sorted; a file that only one has is among them."""
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))
