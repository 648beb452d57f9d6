"""A hundred thousand forged signatures, and what is right but for one thing: twilio's own validator is the oracle."""

from __future__ import annotations

import base64
import hmac
import random
from urllib.parse import parse_qsl, urlencode

from pydantic import SecretStr
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from router.channels.twilio.form import Form, Misunderstood, read
from router.channels.twilio.signature import Signatures
from router.errors import Refused
from tests.channels.twilio.phone import PUBLIC_URL, TOKEN, call_fields

SEED = 7
FORGED = 100_000
HELD_AGAINST = 4_000
"""So many of them are shown to twilio's validator as well: it takes its time."""
PATH = "/channels/twilio/voice"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ \n\0é"

signatures = Signatures(SecretStr(TOKEN), PUBLIC_URL)
oracle = RequestValidator(TOKEN)


def signed(query: str, fields: list[tuple[str, str]], token: str = TOKEN) -> str:
    url = f"{PUBLIC_URL}{PATH}" + (f"?{query}" if query else "")
    return str(RequestValidator(token).compute_signature(url, Form(fields)))


def passes(query: str, form: Form | str, signature: str) -> bool:
    try:
        signatures.check(PATH, query, form, signature)
    except Refused as refused:
        assert refused.status == 403
        return False
    return True


def mutated(chance: random.Random, text: str) -> str:
    """``text`` with one to three things wrong."""
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(text) + 1)
        match chance.randrange(7):
            case 0:
                text = text[:place] + chance.choice(ALPHABET) + text[place:]
            case 1:
                text = text[:place] + text[place + 1 :]
            case 2:
                text = text[:place] + chance.choice(ALPHABET) + text[place + 1 :]
            case 3:
                text = text.swapcase()
            case 4:
                text = text[:place]
            case 5:
                text = text[place:] + text[:place]
            case _:
                text = base64.b64encode(chance.randbytes(20)).decode()
    return text


def test_not_one_of_a_hundred_thousand_forged_signatures_is_accepted() -> None:
    chance = random.Random(SEED)
    fields = sorted(call_fields("+4930231250011").items())[:4]  # more of them only cost time here
    form = Form(fields)
    right = signed("", fields)
    assert passes("", form, right)
    accepted, held = [], 0
    url = f"{PUBLIC_URL}{PATH}"
    for number in range(FORGED):
        forged = mutated(chance, right)
        if forged == right:
            continue
        if passes("", form, forged):
            accepted.append(forged)
        if number % (FORGED // HELD_AGAINST) == 0 and forged.isascii():
            held += 1
            assert not oracle.validate(url, form, forged), forged
    print(f"seed {SEED}: {FORGED} forged, {held} of them held against twilio's validator")
    assert accepted == []


def test_what_is_signed_counts_only_as_it_was_signed() -> None:
    """Fields and addresses with something changed pass where twilio's validator lets them pass, and nowhere else."""
    chance = random.Random(SEED)
    told = sorted(call_fields("+4930231250011", Digits="1234567890").items())
    disagreed, passed = [], 0
    for _ in range(3000):
        query = chance.choice(["", "call=" + "1" * 32 + "&seq=1&for=ask", "bodySHA256=" + "0" * 64])
        right = signed(query, told)
        body = urlencode(told)
        if chance.random() < 0.8:
            body = mutated(chance, body)
        if chance.random() < 0.3:
            query = mutated(chance, query or "a=1").replace("\n", "").replace("\0", "")
        try:
            form = read(body.encode("utf-8", "surrogatepass"))
        except Misunderstood:
            continue
        url = f"{PUBLIC_URL}{PATH}" + (f"?{query}" if query else "")
        try:
            expected = bool(oracle.validate(url, form, right))
        except (ValueError, TypeError):
            expected = False
        passed += expected
        if passes(query, form, right) != expected:
            disagreed.append((query, body))
        assert not expected or sorted(form_pairs(form)) == sorted(told) or same_text(form, told), (
            "twilio's own weakness"
        )
    assert disagreed == []
    assert passed > 100


def form_pairs(form: Form) -> list[tuple[str, str]]:
    return [(name, value) for name in dict.fromkeys(form) for value in form.getlist(name)]


def same_text(form: Form, told: list[tuple[str, str]]) -> bool:
    """Twilio signs names and values without anything between them, each value of a name once, in their order."""
    return "".join(map("".join, sorted(set(form_pairs(form))))) == "".join(map("".join, sorted(told)))


def test_signed_with_anything_but_the_token_is_not_signed() -> None:
    fields = sorted(call_fields("+4930231250011").items())
    form = Form(fields)
    for token in (TOKEN[:-1], TOKEN + "x", TOKEN.swapcase() + " ", "", "0" * 32, "None"):
        assert not passes("", form, signed("", fields, token)), token
    url = f"{PUBLIC_URL}{PATH}"
    text = url + "".join(name + value for name, value in fields)
    for digest in ("md5", "sha256", "sha512"):
        assert not passes("", form, base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), digest)).decode())
    assert parse_qsl(urlencode(fields), keep_blank_values=True) == fields
