"""Checking CEL expressions of flows before a caller meets them: names, types, what they give and what they cost.

Google's own compiler of CEL knows the type of every variable and tells all mistakes with their columns, in both ways of
a ``a ? b : c`` and behind every ``||``. What runs in a call is another implementation (`router.flow.expressions`), so
what the two do not share is refused here, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cel
from cel_expr_python import cel as typed  # type: ignore[import-untyped]
from google.protobuf import descriptor_pb2, descriptor_pool, struct_pb2

from router.flow import terms
from router.flow.expressions import MOST_CHARACTERS
from router.flow.formula_words import FUNCTIONS, Names, in_words, kind
from router.flow.nodes.base import Formula
from router.flow.problems import nearest
from router.flow.variables import SAMPLE, VARIABLES

MOST_REPEATED = 100
"""How often a pattern of `matches` may repeat something, all its counts multiplied: compiling it takes time."""

_MACROS = ("all", "exists", "exists_one", "map", "filter")
_QUOTED = re.compile(f"{terms.COMMENT}|{terms.STRING}", re.DOTALL)
_TOKEN = re.compile(
    rf"(?P<string>{_QUOTED.pattern})|\.\s*(?P<macro>{'|'.join(_MACROS)})\s*\(|(?P<open>[(\[{{])|(?P<close>[)\]}}])",
    re.DOTALL,
)
_MATCHES = re.compile(rf"\.\s*matches\s*\(\s*(?P<pattern>{terms.STRING}\s*\))?", re.DOTALL)
_MESSAGE = re.compile(r"[A-Za-z0-9_]\s*\{")
_COUNT = re.compile(r"\{(\d*),?(\d*)\}")
_REPORTED = re.compile(r"^(?:[A-Z_]+: )?ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?: \[[A-Z_]+\])?$", re.MULTILINE)
_EMPTY_VALUE = re.compile(r"""\bvars\.(\w+)\s*[=!]=\s*(?:''|"")""")
_VISITS = re.compile(r"\bvisits\.(\w+)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MIXED = re.compile(r"found no matching overload for '_(==|!=|<|<=|>|>=)_' applied to '\((int|double), (int|double)\)'")


class Mistake(NamedTuple):
    """What is wrong, and how many characters into the expression."""

    offset: int
    message: str


@dataclass(frozen=True, slots=True)
class Known:
    """The names that a flow has. ``inputs`` and ``values`` are None where not all that fills them could be read.
    ``values`` come with the expressions that say what is noted; None for what another system answers."""

    steps: Iterable[str]
    inputs: Iterable[str] | None
    values: Mapping[str, Sequence[Formula | None]] | None


class FormulaCheck:
    """Checks the expressions of one flow."""

    def __init__(self, known: Known) -> None:
        groups = _groups(known)
        if known.values:
            groups["vars"] = _value_types(groups, known.values)
        self._names = Names(groups, tuple(name for name, value in SAMPLE.items() if not isinstance(value, Mapping)))
        unknown = [name for name, names in (("inputs", known.inputs), ("vars", known.values)) if names is None]
        self._env = typed.NewEnv(_pool(groups), variables=_variables(unknown))
        self._inputs = dict.fromkeys(known.inputs or (), "1")

    def mistakes(self, formula: Formula) -> list[Mistake]:
        """All that is wrong with ``formula``."""
        text = formula.text
        if len(text) > MOST_CHARACTERS:
            return [Mistake(0, f"is longer than {MOST_CHARACTERS} characters; make several steps of it")]
        if not text.isprintable() and re.search(r"[^\S\n\t ]|[\x00-\x08\x7f\ud800-\udfff]", text):
            return [Mistake(0, "holds characters that cannot be seen; write it anew")]
        found, gives = self._compiled(text)
        if found:
            return found
        found = list(_costs(text))
        if found:
            return found
        return list(self._run(formula, gives))

    def _compiled(self, text: str) -> tuple[list[Mistake], str | None]:
        """The compiler's mistakes, and what the expression gives where it knows that."""
        try:
            return [], str(self._env.compile(_EMPTY_VALUE.sub(self._noted, text)).return_type().name())
        except RuntimeError as error:
            told = str(error)
        reported = [each for each in _REPORTED.findall(told) if each[0] != "-1"]  # else of no place in the text
        if not reported:
            return [Mistake(0, "is nested too deeply; make several cases or steps of it")], None
        found: list[Mistake] = []
        syntax = "Syntax error" in reported[0][2]
        for line, column, message in reported[:1] if syntax else reported:
            if not _MIXED.fullmatch(message) and "'*error*'" not in message:
                found.append(Mistake(*in_words(text, _offset(text, int(line), int(column)), message, self._names)))
        return found, None

    def _samples(self, text: str) -> dict[str, Any]:
        """A value for each variable; of the many steps only those that ``text`` speaks of."""
        return {**SAMPLE, "inputs": self._inputs, "visits": dict.fromkeys(_VISITS.findall(text), 0)}

    def _noted(self, found: re.Match[str]) -> str:
        """Something of the same length for `vars.NAME == ""`: whatever its type, what cannot be worked out is empty."""
        return "true".ljust(len(found[0])) if found[1] in self._names.groups["vars"] else found[0]

    def _run(self, formula: Formula, gives: str | None) -> Iterator[Mistake]:
        """What only the implementation tells that runs in calls; and whether the result is what is needed."""
        try:
            program = cel.compile(formula.text)
        except ValueError:
            yield Mistake(0, "cannot be read")
            return
        strange = [name for name in program.functions() if name.isidentifier() and name not in FUNCTIONS]
        if strange:
            name = strange[0]
            yield Mistake(formula.text.find(name), f"no function '{name}'{nearest(name, FUNCTIONS)}")
            return
        try:
            sample = _KINDS.get(type(program.execute(self._samples(formula.text))), "DYN")
        except ZeroDivisionError:
            yield Mistake(0, "divides by what may be 0; ask before whether it is, as in a > 0 && b / a > 1")
            return
        except Exception:  # depends on what the variables really are
            sample = "DYN"
        gives = gives or sample  # not known where numbers of two kinds are compared, which the compiler does not like
        if gives != "DYN" and gives.partition("<")[0] not in _WANTED[formula.gives][0]:
            wanted, way_out = _WANTED[formula.gives][1:]
            yield Mistake(0, f"gives {kind(gives.lower())}, and {wanted} is needed{way_out}")


_KINDS: Mapping[type, str] = {bool: "BOOL", int: "INT", float: "DOUBLE", str: "STRING", list: "LIST"}
_WANTED: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "condition": (("BOOL",), "true or false", ": compare it with something, such as match.assurance >= 2"),
    "value": (("BOOL", "INT", "DOUBLE", "STRING"), "a text, a number, or true or false", ""),
    "number": (("INT", "DOUBLE"), "a number", ""),
    "text": (("STRING",), "a text", ": string(…) makes one of a number"),
    "said": (
        ("BOOL", "INT", "UINT", "DOUBLE", "STRING", "LIST", "TIMESTAMP", "DURATION"),
        "something that can be said",
        ": name one of its fields",
    ),
}


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return min(start + column - 1, len(text))


# -- what it costs ------------------------------------------------------------------------------------------------


def _costs(text: str) -> Iterator[Mistake]:
    """What could make a call wait: loops in loops, and patterns that take long to prepare."""
    open_macros: list[bool] = []
    bare = list(text)
    for found in _TOKEN.finditer(text):
        if found["string"]:
            bare[found.start() : found.end()] = " " * (found.end() - found.start())
        elif found["close"]:
            open_macros = open_macros[:-1]
        elif found["open"]:
            open_macros.append(False)
        else:
            if any(open_macros):
                name = found["macro"]
                yield Mistake(found.start("macro"), f"{name}() stands inside another one; that may take too long")
            open_macros.append(True)
    if message := _MESSAGE.search("".join(bare)):
        yield Mistake(message.start(), "'{' has no meaning behind a name")
    for found in _MATCHES.finditer(text):
        yield from _pattern(text, found)


def _pattern(text: str, found: re.Match[str]) -> Iterator[Mistake]:
    pattern = found["pattern"]
    if pattern is None:
        if not _inside_string(text, found.start()):
            yield Mistake(found.start() + 1, "matches() needs its pattern right there, in quotes")
        return
    repeated = 1
    for least, most in _COUNT.findall(pattern):
        repeated *= max(int(least or 1), int(most or 1), 1)
    if repeated > MOST_REPEATED:
        yield Mistake(
            found.start("pattern"), f"the pattern repeats something {repeated} times; at most {MOST_REPEATED}"
        )
        return
    try:
        cel.evaluate(f"''.matches({pattern}")
    except Exception:
        yield Mistake(found.start("pattern"), "the pattern is not a regular expression")


def _inside_string(text: str, at: int) -> bool:
    return any(found.start() <= at < found.end() for found in _QUOTED.finditer(text))


# -- the types of the variables -----------------------------------------------------------------------------------

_PACKAGE = "threadline"
_FIELD = descriptor_pb2.FieldDescriptorProto
_FIELDS: Mapping[type, Any] = {
    bool: _FIELD.TYPE_BOOL,
    int: _FIELD.TYPE_INT64,
    float: _FIELD.TYPE_DOUBLE,
    str: _FIELD.TYPE_STRING,
    list: _FIELD.TYPE_STRING,
}
_TYPES = {str: typed.Type.STRING, int: typed.Type.INT, bool: typed.Type.BOOL}
_ANYTHING = ".google.protobuf.Value"


def _groups(known: Known) -> dict[str, dict[str, Any]]:
    """The fields of each group of variables, each with a sample of its type; None for what may be anything."""
    groups: dict[str, dict[str, Any]] = {
        "visits": {name: 0 for name in known.steps if _NAME.fullmatch(name)},
        "inputs": {name: "" for name in known.inputs or () if _NAME.fullmatch(name)},
        "vars": {name: None for name in known.values or () if _NAME.fullmatch(name)},
    }
    for each in VARIABLES:
        group, _, name = each.path.partition(".")
        if name:
            groups.setdefault(group, {})[name] = each.sample
    return groups


def _value_types(
    groups: Mapping[str, Mapping[str, Any]], values: Mapping[str, Sequence[Formula | None]]
) -> dict[str, Any]:
    """A sample of the type of each value, where all who note it agree; None where they do not."""
    env = typed.NewEnv(_pool(groups), variables=_variables(()))
    return {
        name: _common([_type_of(env, formula) for formula in formulas])
        for name, formulas in values.items()
        if name in groups["vars"]
    }


def _type_of(env: Any, formula: Formula | None) -> Any:
    try:
        return _SAMPLES.get(env.compile(formula.text).return_type().name()) if formula else None
    except (RuntimeError, TypeError):  # not right, which is told elsewhere
        return None


def _common(samples: Sequence[Any]) -> Any:
    return samples[0] if len({type(sample) for sample in samples}) == 1 else None


_SAMPLES: Mapping[str, Any] = {"BOOL": False, "INT": 0, "DOUBLE": 0.0, "STRING": ""}


def _pool(groups: Mapping[str, Mapping[str, Any]]) -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="threadline.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.append("google/protobuf/struct.proto")
    for group, fields in groups.items():
        message = file.message_type.add(name=group)
        message.options.deprecated_legacy_json_field_conflicts = True  # a_1 beside a1: nobody makes JSON of it
        for number, (name, sample) in enumerate(fields.items(), 1):
            _add(message, name, _numbered(number), sample)
    pool = descriptor_pool.DescriptorPool()
    beside = descriptor_pb2.FileDescriptorProto()
    struct_pb2.DESCRIPTOR.CopyToProto(beside)
    pool.Add(beside)
    pool.Add(file)
    return pool


def _numbered(number: int) -> int:
    """Protocol buffers keep 19,000 to 19,999 for themselves."""
    return number if number < 19_000 else number + 1_000


def _add(message: descriptor_pb2.DescriptorProto, name: str, number: int, sample: Any) -> None:
    field = message.field.add(name=name, number=number)
    field.label = _FIELD.LABEL_REPEATED if isinstance(sample, list) else _FIELD.LABEL_OPTIONAL
    if sample is None or sample == {}:
        field.type = _FIELD.TYPE_MESSAGE
        field.type_name = _ANYTHING if sample is None else ".google.protobuf.Struct"
    else:
        field.type = _FIELDS[type(sample)]


def _variables(unknown: Iterable[str]) -> dict[str, Any]:
    variables = {
        name: typed.Type(f"{_PACKAGE}.{name}") if isinstance(sample, Mapping) else _TYPES[type(sample)]
        for name, sample in SAMPLE.items()
    }
    return {**variables, **dict.fromkeys(unknown, typed.Type.DYN)}
