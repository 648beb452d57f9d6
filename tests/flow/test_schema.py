"""The JSON Schema for editors: takes every good flow, refuses what has another shape, and explains every field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from router.flow.files import FileKind, kind_of
from router.flow.load import load_set, read_folder
from router.flow.nodes import AnyStep
from router.flow.problems import FlowRefused
from router.flow.schema import NAMES, schema
from router.flow.source import read
from tests.flow.test_broken_flows import CASES, found

PROJECT = Path(__file__).parents[2]
GOOD = [PROJECT / "ivr_flows", PROJECT / "tests" / "scenarios" / "flows"]
SHAPE = {"unknown-field", "missing-field", "unknown-type"}
VALIDATORS = {name: Draft202012Validator(schema(name)) for name in NAMES}


def wrong(text: str, name: str = "flow") -> list[str]:
    return [error.message for error in VALIDATORS[name].iter_errors(read(text, "x.yaml").data)]


def good_files() -> Iterator[tuple[str, str]]:
    for folder in GOOD:
        for path, text in read_folder(folder).items():
            if kind_of(path) is not FileKind.SCENARIO:
                yield "shared" if kind_of(path) is FileKind.SHARED else "flow", text


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


def test_every_good_flow_fits() -> None:
    for folder in GOOD:
        load_set(folder)
    assert [message for name, text in good_files() for message in wrong(text, name)] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.suffix == ".yaml"], ids=lambda case: case.stem)
def test_a_flow_of_another_shape_does_not_fit(case: Path) -> None:
    codes = {problem.code for problem in found(case)}
    try:
        read(case.read_bytes().decode("utf-8-sig", "replace"), case.name)
    except FlowRefused:
        return  # no value to look at
    refused = bool(wrong(case.read_text("utf-8-sig")))
    if codes & SHAPE:
        assert refused
    if codes and not codes & {*SHAPE, "wrong-value", "duplicate-key", "alias", "tag", "yaml", "unknown-language"}:
        assert not refused, "a schema knows the shape alone"


def test_each_type_of_step_has_its_own_definition() -> None:
    definitions = schema()["$defs"]
    types = {get_args(kind.model_fields["type"].annotation)[0] for kind in get_args(get_args(AnyStep)[0])}
    for name in types:
        definition = definitions[f"step-{name}"]
        assert definition["properties"]["type"]["const"] == name
        assert definition["description"]
        assert definition["additionalProperties"] is False
        assert set(definition["required"]) >= {"type"}


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_explained(name: str) -> None:
    made = schema(name)
    missing = [
        f"{owner}.{field}"
        for owner, each in {"": made, **made["$defs"]}.items()
        for field, about in each.get("properties", {}).items()
        if not about.get("description")
    ]
    assert missing == [], "say what it is for: Field(description=…), or ABOUT of router/flow/schema.py"
