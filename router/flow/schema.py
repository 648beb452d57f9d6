"""JSON Schema of flows and shared files, with which editors complete and check them: made from the models.

A schema knows the shape of one file. What refers to what, expressions and ways only checking knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from router.flow.model import FlowText, Language
from router.flow.nodes import AnyStep
from router.flow.shared import SharedText

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = 1
NAMES = ("flow", "shared")

_TITLES = {"flow": "Threadline flow", "shared": "Shared pieces of Threadline flows"}
_MODELS: Mapping[str, type[BaseModel]] = {"flow": FlowText, "shared": SharedText}
_LANGUAGES = {"de": "German", "en": "English"}
ABOUT: Mapping[str, str] = {
    "note": "for those who read the flow",
    "label": "what agents read of it",
    "type": "what kind of step this is",
    "text": "what the caller hears: words in each language, or the name of a prompt",
    "next": "the step to go on with",
    "otherwise": "the step to go on with where nothing else fits",
    "invalid": "what the caller hears when the input cannot be used",
    "tries": "how often the caller is asked in all",
    "timeout": "seconds that are waited at most",
    "next_timeout": "seconds between two keys",
    "language": "the language to go on in",
    "options": "what each key does",
    "keys": "keys with a way of their own",
    "words": "what chooses it when spoken",
    "queue": "the queue to wait in",
    "offer_queue": "whether the queue that the offer names goes first",
    "priority": "higher is served first",
    "by": "how the caller may answer",
    "offer_skills": "whether what the offer asks for is added to the skills",
    "whisper": "what the agent alone hears before the two are connected",
    "into": "the name of the input (inputs.NAME)",
    "name": "the name by which settings and other flows know it",
    "version": "of the format",
    "languages": "languages that callers may hear; the first is the one to begin in",
    "language_by_prefix": "the language by the beginning of the caller number, longest first",
    "default_queue": "where a caller goes whatever goes wrong",
    "start": "the step that a call begins with",
    "hours": "opening hours, by name",
    "prompts": "what is said, by name",
    "queues": "the queues, by name: what counts for transfers to them, and how their callers are served",
    "texts": "texts that agents send from their desk, by name",
    "steps": "the steps, by name",
    "recording": "a recorded file LANGUAGE/NAME.wav, played instead where there is one",
    "if": "a condition in CEL, such as match.assurance >= 2",
    "hung_up": "the step to go on with when the caller hangs up while the flow talks",
    "webhook": "the system to ask, by its name in the settings",
    "personal": "whether what it answers is personal, and may be said from L3 on only",
    "number": "what the caller hears when asked for a number",
    "confirm": "what the caller hears after the number that was keyed in",
    "when_text": "what the caller hears before the times to choose from",
    "min_digits": "the fewest digits that count",
    "max_digits": "the digits after which the input ends by itself",
    "flow": "the name of the flow to go on with",
    "code": "the input that holds a callback code",
    "long": "what counts as a long wait, and where to go then",
    "to": "to the number that the call comes from, or the one on file",
    "again": "the key that has a new code sent",
    "digits": "digits of the code",
    "minutes": "how long the code holds",
    "max_seconds": "the longest message",
    "max_silence": "seconds of silence that end the message",
    "during": "the name of opening hours",
    "open": "the step to go on with when it is open",
    "closed": "the step to go on with when it is closed",
    "cases": "conditions and their ways; the first that holds decides",
}
"""What fields of these names are for, where they do not say so themselves."""


def schema(name: str = "flow") -> dict[str, Any]:
    """The schema of ``flow`` or ``shared`` files, with an address that stays the same (`path_of`)."""
    made = _MODELS[name].model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions = made.pop("$defs", {})
    names = _names(definitions)
    tidied = {names[old]: _tidied(each, names) for old, each in definitions.items()}
    for title, each in tidied.items():
        each["title"] = title.replace("step-", "step: ")
    top = {"$schema": DIALECT, "$id": f"urn:threadline:schemas:{name}-{VERSION}", **_tidied(made, names)}
    return {**top, "title": _TITLES[name], "$defs": tidied}


def path_of(name: str) -> str:
    """Where the service has the schema, below its public address."""
    return f"/schemas/{name}-{VERSION}.json"


def _names(definitions: Mapping[str, Any]) -> dict[str, str]:
    """A definition for each type of step goes by its type, any other by its own name."""
    steps = {kind.__name__: _type_of(kind) for kind in get_args(get_args(AnyStep)[0])}
    names = {}
    for old, definition in definitions.items():
        kind = definition.get("properties", {}).get("type", {}).get("const")
        names[old] = f"step-{kind}" if kind in steps.values() else str(definition.get("title", old))
    return names


def _type_of(kind: type[BaseModel]) -> str:
    return str(get_args(kind.model_fields["type"].annotation)[0])


def _tidied(node: Any, names: Mapping[str, str]) -> Any:
    """Without what Pydantic says only for programs; objects know no fields but those that are named."""
    if isinstance(node, list):
        return [_tidied(each, names) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {**node, "$ref": f"#/$defs/{names[node['$ref'].rpartition('/')[2]]}"}
    made = {
        key: _tidied(value, names)
        for key, value in node.items()
        if key not in ("title", "discriminator", "properties") and (key, value) != ("default", None)
    }
    if "description" in made:
        made["description"] = " ".join(str(made["description"]).replace("``", "`").split())
    if "properties" in node:
        made["properties"] = {name: _property(name, each, names) for name, each in node["properties"].items()}
        if set(node["properties"]) == {"recording"}:
            return _words(made)
    if "patternProperties" in made:
        made["additionalProperties"] = False
    return made


def _property(name: str, node: Any, names: Mapping[str, str]) -> Any:
    made = _tidied(node, names)
    if name == "language":
        made["anyOf"] = [{"enum": list(get_args(Language))}, *made.get("anyOf", [])[1:]]
    if made.get("description", "step") == "step" and name in ABOUT:
        made["description"] = ABOUT[name]
    elif made.get("description") == "step" or any(each.get("description") == "step" for each in made.get("anyOf", ())):
        made["description"] = "the step to go on with"
    return made


def _words(made: dict[str, Any]) -> dict[str, Any]:
    """Words in the languages that there are, so that editors name them."""
    text = made.pop("additionalProperties")
    languages = {code: {**text, "description": f"in {_LANGUAGES.get(code, code)}"} for code in get_args(Language)}
    return {**made, "properties": {**languages, **made["properties"]}, "additionalProperties": False}
