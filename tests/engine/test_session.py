"""The session as a value: changed only into a new one."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from router.core.events import WITHHELD
from router.engine.session import Session, State

SESSION = Session("call-1", "hotline", "0" * 16, "asterisk", WITHHELD, None, "de")


def test_a_changed_session_is_a_new_one_with_all_else_the_same() -> None:
    changed = SESSION.but(step="greet", state=State.QUEUE)
    assert changed == replace(SESSION, step="greet", state=State.QUEUE)
    assert SESSION.step is None
    assert SESSION.but() == SESSION
    assert {each.name for each in fields(SESSION.but())} == {each.name for each in fields(Session)}


def test_a_field_that_there_is_not_cannot_be_changed() -> None:
    with pytest.raises(TypeError, match="no 'stepp'"):
        SESSION.but(stepp="greet")
