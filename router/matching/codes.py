"""Callback codes: how they are made, written and read, and the keys under which they are stored.

A code is random digits and a Damm check digit at the end. The check digit finds every wrong digit and every swap of
neighbours before anything is looked up; it adds no secrecy. The database holds a keyed hash, to find a message by its
code, and the code sealed, to give it again to a sender who repeats a registration. Both keys come from the secret in
the settings, so that a copy of the database alone gives away no code. How long codes are: `router.matching.budget`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from stdnum import damm

SHORTEST, LONGEST = 6, 14
"""Digits a code may have, its check digit included."""
MOST_TEXT = 60
"""Characters looked at; longer is no code."""

_SEPARATORS = dict.fromkeys(map(ord, " \t-.\u00a0\u2007\u2009\u200a\u202f\u2010\u2011\u2012\u2013\u2014\u2015\u2212"))
_MOST_DRAWS = 100


def make(digits: int, random_digits: Callable[[int], str]) -> str:
    """A new code of ``digits`` digits, the check digit included. ``random_digits(n)`` gives n random digits.

    It never begins with 0, because spreadsheets drop leading zeros on the way to the printer. Raises `ValueError` for
    a length outside `SHORTEST` to `LONGEST`, and for a random source that gives nothing but zeros or no digits.
    """
    if not SHORTEST <= digits <= LONGEST:
        raise ValueError(f"a code has {SHORTEST} to {LONGEST} digits")
    for _ in range(_MOST_DRAWS):
        drawn = random_digits(digits - 1)
        if len(drawn) != digits - 1 or not _all_digits(drawn):
            raise ValueError("the random source did not give the digits asked for")
        if drawn[0] != "0":
            return drawn + str(damm.calc_check_digit(drawn))
    raise ValueError("the random source gives nothing but zeros")


def normalise(text: str) -> str | None:
    """The digits of a code as typed or keyed in, without spaces, points, hyphens and dashes; None for anything else.

    Only ASCII digits count: other scripts' digits look alike and would be compared in vain.
    """
    if len(text) > MOST_TEXT:
        return None
    digits = text.translate(_SEPARATORS)
    return digits if _all_digits(digits) else None


def well_formed(code: str, digits: int | None = None) -> bool:
    """Whether ``code`` (see `normalise`) has the right length and check digit. ``digits`` None: any length we issue."""
    right_length = SHORTEST <= len(code) <= LONGEST if digits is None else len(code) == digits
    return right_length and _all_digits(code) and bool(damm.is_valid(code))


def grouped(code: str) -> str:
    """The code for people, in groups of three and, towards the end, four: ten digits are printed 3-3-4.

    >>> grouped("4821390657")
    '482 139 0657'
    """
    groups = max(len(code) // 3, 1)
    cuts = [3 * n for n in range(groups)]
    ends = [*cuts[1:], len(code)]
    if len(code) % 3 == 2 and groups > 1:
        ends[-2] += 1
        cuts[-1] += 1
    return " ".join(code[start:end] for start, end in zip(cuts, ends, strict=True))


def _all_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


class CodeKeys:
    """The keys for codes, derived from the installation's secret (HKDF-SHA256, RFC 5869, one label each).

    ``old`` are secrets used before, the latest first: codes issued under them are found and read, new ones are not made
    with them.
    """

    __slots__ = ("_caller", "_old", "_one_time", "_present", "_texted", "check", "old_checks")

    def __init__(self, secret: str, old: Sequence[str] = ()) -> None:
        self._present = _Pair(secret)
        self._old = tuple(_Pair(each) for each in old)
        self._caller = _derived(secret, b"threadline wrong codes caller", 32)
        self._one_time = _derived(secret, b"threadline one-time codes", 32)
        self._texted = _derived(secret, b"threadline text messages number", 32)
        self.check = _derived(secret, b"threadline secret check", 32)
        """32 bytes by which the secret is known again; nothing else is made from them."""
        self.old_checks = tuple(_derived(each, b"threadline secret check", 32) for each in old)

    def code_hash(self, code: str) -> bytes:
        """32 bytes by which a new code is stored and found again (HMAC-SHA256); ``code`` as `normalise` gives it."""
        return self._present.hash(code)

    def code_hashes(self, code: str) -> tuple[bytes, ...]:
        """What a code may be stored under: by the present secret first, then by the old ones."""
        return (self._present.hash(code), *self.old_hashes(code))

    def old_hashes(self, code: str) -> tuple[bytes, ...]:
        """What a code issued under an old secret is stored under; empty where there is none."""
        return tuple(pair.hash(code) for pair in self._old)

    def seal(self, code: str, message_id: str) -> bytes:
        """The code encrypted for storing with its message (AES-SIV, RFC 5297: needs no nonce)."""
        return self._present.seal.encrypt(code.encode(), [message_id.encode()])

    def unseal(self, sealed: bytes, message_id: str) -> str | None:
        """The code again; None when it was sealed under another secret, for another message, or was changed."""
        opened = (pair.open(sealed, message_id) for pair in (self._present, *self._old))
        return next((code for code in opened if code is not None), None)

    def is_present(self, sealed: bytes, message_id: str) -> bool:
        """Whether the code was sealed under the present secret."""
        return self._present.open(sealed, message_id) is not None

    def caller_hash(self, number: str) -> bytes:
        """32 bytes that stand for a caller number where wrong codes are counted, and do not give it away."""
        return hmac.digest(self._caller, number.encode(), hashlib.sha256)

    def one_time_hash(self, code: str, call_id: str) -> bytes:
        """32 bytes under which the one-time code of a call is stored; the same code of another call has others."""
        return hmac.digest(self._one_time, f"{call_id}:{code}".encode(), hashlib.sha256)

    def texted_hash(self, number: str) -> bytes:
        """32 bytes that stand for a number where text messages are counted, and do not give it away."""
        return hmac.digest(self._texted, number.encode(), hashlib.sha256)

    def __repr__(self) -> str:
        return "CodeKeys(…)"


class _Pair:
    """What one secret gives: the key to look codes up by, and the one to seal them with."""

    __slots__ = ("_lookup", "seal")

    def __init__(self, secret: str) -> None:
        self._lookup = _derived(secret, b"threadline callback code lookup", 32)
        self.seal = AESSIV(_derived(secret, b"threadline callback code seal", 64))

    def hash(self, code: str) -> bytes:
        return hmac.digest(self._lookup, code.encode(), hashlib.sha256)

    def open(self, sealed: bytes, message_id: str) -> str | None:
        try:
            return self.seal.decrypt(sealed, [message_id.encode()]).decode()
        except InvalidTag:
            return None


def _derived(secret: str, label: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=label).derive(secret.encode())
