"""What we sign or issue ourselves, forged: callback codes, sealed codes, session cookies, keys, links, the cookie of a
sign-in that has begun, webhooks we send. Not one with anything changed is taken for the real one."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime

import pytest

from router.matching.codes import CodeKeys, make, normalise, well_formed
from router.web.oidc import begun
from tests.api.service import ORIGIN, Service

pytestmark = pytest.mark.sqlite_only
SEED = 7
ANY = string.ascii_letters + string.digits + "_-.=+/ \0é"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


def changed(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text))
    match chance.randrange(4):
        case 0:
            return text[:place] + chance.choice(ANY) + text[place + 1 :]
        case 1:
            return text[:place] + text[place + 1 :]
        case 2:
            return text[:place] + chance.choice(ANY) + text[place:]
        case _:
            return text[:place] + text[place:].swapcase()


def test_no_callback_code_with_a_digit_changed_is_well_formed_and_none_has_the_hash_of_another() -> None:
    chance, keys = random.Random(SEED), CodeKeys("s" * 32)
    known = {}
    for _ in range(500):
        code = make(9, lambda digits: "".join(chance.choices(string.digits, k=digits)))
        assert well_formed(code)
        known[keys.code_hash(code)] = code
        for place in range(len(code)):
            for digit in set(string.digits) - {code[place]}:
                assert not well_formed(code[:place] + digit + code[place + 1 :])
    for _ in range(5000):
        guess = "".join(chance.choices(string.digits, k=10))
        assert known.get(keys.code_hash(guess), guess) == guess
    for text in ("", "-", "９" * 10, "1e9", "+4930", "\0", "1" * 5000):
        normalise(text)


def test_no_sealed_code_with_a_bit_changed_is_opened() -> None:
    chance, keys = random.Random(SEED), CodeKeys("s" * 32)
    sealed = keys.seal("1234567890", "m" * 32)
    assert keys.unseal(sealed, "m" * 32) == "1234567890"
    assert keys.unseal(sealed, "n" * 32) is None
    for _ in range(5000):
        bits = bytearray(sealed)
        bits[chance.randrange(len(bits))] ^= 1 << chance.randrange(8)
        assert (
            keys.unseal(bytes(bits[: chance.choice([len(bits), len(bits), chance.randrange(len(bits))])]), "m" * 32)
            is None
        )


def test_no_cookie_of_a_sign_in_that_has_begun_is_taken_when_anything_of_it_is_changed() -> None:
    chance, key = random.Random(SEED), b"k" * 32
    made = begun.begin("/desk", NOW, lambda size: "x" * size)
    cookie = begun.sealed(made, key)
    assert begun.unsealed(cookie, key, NOW) is not None
    for _ in range(5000):
        forged = changed(chance, cookie)
        if forged != cookie:
            assert begun.unsealed(forged, key, NOW) is None, forged
    assert begun.unsealed(cookie, b"x" * 32, NOW) is None


async def test_no_key_and_no_session_with_anything_changed_gets_in(service: Service) -> None:
    chance, key = random.Random(SEED), await service.key("match")
    async with service.client() as client:
        for _ in range(150):
            forged = changed(chance, key)
            if forged.strip() == key or not forged.isascii():
                continue
            headers = {"Authorization": f"Bearer {forged}".replace("\0", "%00")}
            assert (await client.post("/v1/match", json={}, headers=headers)).status_code == 401, forged
    async with service.signed_in("agent") as browser:
        token = next(iter(browser.cookies.jar)).value or ""
        assert (await browser.get("/desk")).status_code == 200
    async with service.client(Origin=ORIGIN) as client:
        for _ in range(150):
            forged = "".join(char for char in changed(chance, token) if char.isascii() and char.isalnum())
            if forged == token:
                continue
            answer = await client.get("/desk", headers={"Cookie": f"threadline={forged}"})
            assert answer.status_code in (303, 401), forged
