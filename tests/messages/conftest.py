"""A database and a registrar with a clock and random digits that tests can foresee."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from router.matching.codes import CodeKeys
from router.messages.handles import HandleRules
from router.messages.registrar import Registrar
from router.store.database import Database

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def keys() -> CodeKeys:
    return CodeKeys("a secret of the tests, long enough to pass")


@pytest.fixture
def rules() -> HandleRules:
    return HandleRules("DE", "+4930555000", 10, timedelta(days=90), 3)


@pytest.fixture
def draw() -> Callable[[int], str]:
    source = random.Random(4)
    return lambda count: "".join(source.choices("0123456789", k=count))


@pytest.fixture
def registrar(database: Database, keys: CodeKeys, rules: HandleRules, draw: Callable[[int], str]) -> Registrar:
    return Registrar(database, keys, rules, lambda: NOW, draw=draw)
