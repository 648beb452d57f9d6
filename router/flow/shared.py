"""Pieces that several flows share: hours, prompts and queues in files of their own, referred to by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from router.flow.nodes.base import Name, Words
from router.flow.opening import Hours


class Queue(BaseModel):
    """A queue as flows know it: what counts for a `transfer` to it that says nothing else itself. ``note`` is for the
    people who read the flows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: str = ""
    timeout: Annotated[int, Field(ge=5, le=3600, description="seconds that callers wait at most")] = 600
    priority: Annotated[int, Field(ge=0, le=100, description="higher is served first")] = 0
    skills: tuple[Name, ...] = Field((), description="list of text: what the agent should be able to do")


class SharedText(BaseModel):
    """A file under ``shared/``, as an admin writes it; the fields are the YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    hours: dict[Name, Hours] = {}
    prompts: dict[Name, Words] = {}
    queues: dict[Name, Queue] = {}


@dataclass(frozen=True, slots=True)
class Shared:
    """The pieces of all files under ``shared/``, by name."""

    hours: Mapping[str, Hours] = field(default_factory=dict)
    prompts: Mapping[str, Words] = field(default_factory=dict)
    queues: Mapping[str, Queue] = field(default_factory=dict)


NOTHING_SHARED = Shared()
