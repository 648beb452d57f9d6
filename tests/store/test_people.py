from __future__ import annotations

import pytest

from router.agents.people import NewPerson, add
from router.errors import Refused
from router.store import people
from router.store.database import Database
from tests.agents.house import QUEUES, START, House


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_a_new_person_is_off_and_has_no_phone(house: House) -> None:
    person = NewPerson(login="anna", name=" Anna Agent ", queues=("sales", "sales"), password_hash="$argon2id$…")
    async with house.database.begin() as connection:
        person_id = await add(connection, person, QUEUES, START)
        row = await people.by_login(connection, "anna")
    assert row is not None
    assert (row.id, row.name, row.presence, row.phone, row.queues) == (person_id, "Anna Agent", "off", None, ["sales"])


async def test_a_login_is_given_once(house: House) -> None:
    await house.person("anna")
    with pytest.raises(Refused, match="login anna") as refused:
        await house.person("anna")
    assert refused.value.status == 409


async def test_each_wrong_field_is_named(house: House) -> None:
    person = NewPerson(login="Anna!", name="\n", role="boss", language="fr", queues=("default", "vip"))
    async with house.database.begin() as connection:
        with pytest.raises(Refused) as refused:
            await add(connection, person, QUEUES, START)
    fields = [error["field"] for error in refused.value.more["errors"]]
    assert fields == ["login", "name", "role", "language", "queues"]
    assert "there is no queue 'vip'; there are: default, sales" in refused.value.detail


async def test_who_is_ready_belongs_to_the_queue(house: House) -> None:
    anna = await house.person("anna", presence="ready")
    await house.person("bert", presence="paused")
    async with house.database.begin() as connection:
        await people.change(connection, anna, {"queues": ["default"]})
        assert [row.login for row in await people.ready_and_free(connection, "default")] == ["anna"]
        assert await people.ready_and_free(connection, "sales") == []
        assert [row.login for row in await people.everybody(connection)] == ["anna", "bert"]
