"""Pieces that flows share: hours, prompts, queues and canned texts in files of their own, referred to by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from router.flow.nodes.base import Name, Words
from router.flow.opening import Hours
from router.flow.queues import CannedText, Queue


class SharedText(BaseModel):
    """A file under ``shared/``, as an admin writes it; the fields are the YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    hours: dict[Name, Hours] = {}
    prompts: dict[Name, Words] = {}
    queues: dict[Name, Queue] = {}
    texts: dict[Name, CannedText] = {}


@dataclass(frozen=True, slots=True)
class Shared:
    """The pieces of all files under ``shared/``, by name."""

    hours: Mapping[str, Hours] = field(default_factory=dict)
    prompts: Mapping[str, Words] = field(default_factory=dict)
    queues: Mapping[str, Queue] = field(default_factory=dict)
    texts: Mapping[str, CannedText] = field(default_factory=dict)


NOTHING_SHARED = Shared()
