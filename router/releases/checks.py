"""Whether a set of files may be released: all files together, with the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from router.engine.scenario_set import scenarios_in
from router.flow.files import MOST_FILES, Files, FlowSet, check_files, kept_files
from router.flow.problems import FlowRefused, Problem
from router.flow.surroundings import Surroundings

NEEDED = "flow-needed"
"""The code of the problem that a flow would be gone which the settings name."""

Shown = Callable[[str], str]
"""How a path is written in problems."""


def as_it_is(path: str) -> str:
    """A path as problems name it on pages."""
    return path


class Checks:
    """``around`` tells what flows are checked against, ``needed`` where the settings name a flow, by its name."""

    def __init__(self, around: Callable[[], Surroundings], needed: Mapping[str, str]) -> None:
        self._around = around
        self._needed = needed

    async def passed(self, files: Files, path: str, *, stood: Files, shown: Shown = as_it_is) -> FlowSet:
        """The checked set; what the settings miss in it is told of the file at ``path``. Raises `FlowRefused`.

        ``stood`` are files that are, or were, in use. What was wrong with one of them already (because a queue is gone
        from the settings, or this version asks for more) is a warning where that file stays: it must not hinder others
        from being mended or taken back.
        """
        if len(files) > MOST_FILES:
            raise FlowRefused([Problem(shown(path), 1, 1, "too-many-files", f"there are at most {MOST_FILES} files")])
        # Beside the event loop: it takes a while, and what is around is read from the disk.
        flow_set = await asyncio.to_thread(self._checked, files, stood, shown)
        lost = [
            Problem(shown(path), 1, 1, NEEDED, f"there would be no flow '{name}' ({where})")
            for name, where in self._needed.items()
            if name not in flow_set.flows
        ]
        # Scenarios are no reason to keep a flow from callers, but one that is written just now has to be right.
        scenarios = await asyncio.to_thread(lambda: scenarios_in(flow_set, shown)[1])
        wrong = [problem for problem in scenarios if problem.file == shown(path)]
        if lost or wrong:
            raise FlowRefused([*lost, *wrong, *flow_set.warnings])
        warnings = (*flow_set.warnings, *(replace(problem, warning=True) for problem in scenarios))
        return replace(flow_set, warnings=tuple(sorted(warnings)))

    def _checked(self, files: Files, stood: Files, shown: Shown) -> FlowSet:
        around = self._around()
        try:
            return check_files(files, around, shown)
        except FlowRefused as refused:
            errors = {problem for problem in refused.problems if not problem.warning}
            same = {shown(path) for path, text in files.items() if stood.get(path) == text}
            if any(error.file not in same for error in errors) or not errors <= _wrong_with(stood, around, shown):
                raise
            warnings = tuple(sorted(replace(problem, warning=True) for problem in refused.problems))
            return replace(kept_files(files), warnings=warnings)


def _wrong_with(files: Files, around: Surroundings, shown: Shown) -> frozenset[Problem]:
    try:
        check_files(files, around, shown)
    except FlowRefused as refused:
        return frozenset(refused.problems)
    return frozenset()
