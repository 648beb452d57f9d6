"""Every text is there in both languages, and the templates ask only for texts that exist."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from router.core.match import EvidenceKind
from router.desk.card import CardState, Label
from router.desk.routes import PAUSE_REASONS
from router.web.texts import ALL, Texts, preferred

ROUTER = Path(__file__).parents[2] / "router"
TEMPLATES = sorted(ROUTER.glob("*/templates/*.html"))


@pytest.mark.parametrize("key", ALL)
def test_both_languages_say_the_same_with_the_same_values(key: str) -> None:
    german, english = ALL[key]
    assert german.strip() and english.strip()
    assert _values(german) == _values(english)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: "/".join(path.parts[-3:]))
def test_templates_ask_only_for_texts_that_exist(template: Path) -> None:
    source = template.read_text("utf-8")
    asked = re.findall(r"\bt\(\s*'([^']+)'(?!\s*~)", source) + re.findall(r"'([a-z_]+\.[a-z_.]+)'\s+if\s", source)
    asked += re.findall(r"\belse\s+'([a-z_]+\.[a-z_.]+)'", source)
    assert [key for key in asked if key not in ALL and not key.endswith(".")] == []


def test_every_kind_of_evidence_state_and_reason_has_words() -> None:
    keys = [f"evidence.{kind.value}.{side}" for kind in EvidenceKind for side in ("for", "against")]
    keys += [f"quality.kind.{kind.value}" for kind in EvidenceKind]
    keys += [f"card.label.{label.value}" for label in Label] + [f"card.state.{state.value}" for state in CardState]
    keys += [f"desk.reason.{reason}" for reason in PAUSE_REASONS]
    assert [key for key in keys if key not in ALL] == []


def test_desk_and_administration_use_one_word_for_a_likely_caller() -> None:
    assert [text.lower() for text in ALL["card.probably"]] == list(ALL["admin.decision.likely"])


def test_scripts_ask_only_for_texts_that_exist() -> None:
    sources = ROUTER / "web" / "src"
    for pattern, prefix in (("desk/*.js", "desk.js."), ("testphone.js", "phone.js.")):
        known, scripts = Texts("de").under(prefix), sorted(sources.glob(pattern))
        asked = {key for script in scripts for key in re.findall(r"\btexts\.(\w+)", script.read_text("utf-8"))}
        assert asked and sorted(asked - set(known)) == []


def test_the_editor_asks_only_for_texts_that_exist() -> None:
    scripts = [ROUTER / "web" / "src" / "floweditor.js", *(ROUTER / "web" / "src" / "flows").glob("*.js")]
    asked = {key for script in scripts for key in re.findall(r"\btexts\.(\w+)", script.read_text("utf-8"))}
    known = Texts("de").under("flows.js.")
    assert sorted(asked - set(known)) == []


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-CH, en;q=0.5", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr, de;q=0.4, en;q=0.2", "de"),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=nonsense", "en"),
        ("fr", "en"),
        ("", "en"),
        (None, "en"),
        ("de," * 10_000, "de"),
    ],
)
def test_the_browsers_language_is_understood(header: str | None, language: str) -> None:
    assert preferred(header) == language


def _values(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
