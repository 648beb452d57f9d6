"""Asterisk checks the signatures of caller numbers itself, set up as docs/assurance.md says, and the dialplan tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.system.conftest import SERVICE_NUMBER, MakeCaller
from tests.system.harness.agi_script import AgiScript
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.stir import Authority

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap")]

SHOWN = "+4940222"
CALLER = Identity(SHOWN, asserted=SHOWN)
QUEUE = [f'SET VARIABLE THREADLINE_{name} "{value}"' for name, value in (("QUEUE", "sales"), ("ROUTE", "queue"))]
_CONFIGURATION = {
    "modules_custom.conf": "load = res_stir_shaken.so\nload = res_pjsip_stir_shaken.so\n",
    "pjsip_custom.conf": "[trunk](+type=endpoint)\nstir_shaken_profile = trunk\n",
    # The last three let the certificate be here: of a real one they are left out.
    "stir_shaken.conf": """[verification]
ca_file = {inside}/authority.pem
cert_cache_dir = {inside}/certificates
x5u_deny = 0.0.0.0/0.0.0.0
x5u_permit = 127.0.0.0/8
relax_x5u_port_scheme_restrictions = yes

[trunk]
type = profile
endpoint_behavior = verify
""",
}

Sign = Callable[[str, str], str]
RunScript = Callable[..., AgiScript]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def asterisk(chroot: Path, authority: Authority) -> Iterator[Asterisk]:
    """An Asterisk of this file's own, which checks signatures."""
    private = Asterisk(chroot)
    private.install()
    inside = Path("/") / private.directory.relative_to(chroot)
    (private.directory / "certificates").mkdir()
    (private.directory / "authority.pem").write_bytes(authority.certificate)
    for name, text in _CONFIGURATION.items():
        (private.directory / "etc" / name).write_text(text.format(inside=inside))
    private.start()
    yield private
    private.stop()


@pytest.fixture(scope="module")
def sign(authority: Authority) -> Iterator[Sign]:
    """``sign(number, level)`` signs a call from a number, as a provider does that Asterisk trusts."""
    with authority.serving() as address:
        yield lambda number, level: authority.sign(number, SERVICE_NUMBER, level, address)


def told(ami: Ami, make_caller: MakeCaller, agi_script: RunScript, identity: Identity) -> list[str]:
    """What the dialplan tells the router of a call."""
    script = agi_script(lambda asked: QUEUE)
    make_caller(identity)
    ami.wait("QueueCallerJoin")
    return script.asked[0].arguments


@pytest.mark.parametrize("level", ["A", "C"])
def test_a_number_with_a_good_signature(
    sign: Sign, ami: Ami, make_caller: MakeCaller, agi_script: RunScript, level: str
) -> None:
    signed = replace(CALLER, signed=sign(SHOWN, level), verstat="TN-Validation-Passed-B")
    assert told(ami, make_caller, agi_script, signed) == ["started", f"TN-Validation-Passed-{level}"]


def test_a_signature_for_another_number(sign: Sign, ami: Ami, make_caller: MakeCaller, agi_script: RunScript) -> None:
    signed = replace(CALLER, signed=sign("+4940333", "A"), verstat="TN-Validation-Passed-A")
    assert told(ami, make_caller, agi_script, signed) == ["started", "TN-Validation-Failed"]


def test_a_signature_that_was_changed(sign: Sign, ami: Ami, make_caller: MakeCaller, agi_script: RunScript) -> None:
    token, _, rest = sign(SHOWN, "A").partition(";")
    changed = token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:]
    signed = replace(CALLER, signed=f"{changed};{rest}")
    assert told(ami, make_caller, agi_script, signed) == ["started", "TN-Validation-Failed"]


def test_without_a_signature_the_networks_word_counts(
    sign: Sign, ami: Ami, make_caller: MakeCaller, agi_script: RunScript
) -> None:
    unsigned = replace(CALLER, verstat="TN-Validation-Passed-B")
    assert told(ami, make_caller, agi_script, unsigned) == ["started", "TN-Validation-Passed-B"]


def test_a_withheld_number_stays_withheld_however_well_it_is_signed(
    sign: Sign, ami: Ami, make_caller: MakeCaller, agi_script: RunScript
) -> None:
    withheld = replace(Identity.withheld(SHOWN), signed=sign(SHOWN, "A"))
    assert told(ami, make_caller, agi_script, withheld) == ["started"]
