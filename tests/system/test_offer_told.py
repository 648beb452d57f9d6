"""An offer told to its caller alone: heard in the call, and left nowhere when it is over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.system.conftest import MakeCaller
from tests.system.harness.caller import Identity
from tests.system.harness.media import Sound
from tests.system.harness.office import TELLING, Office
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "espeak-ng")]

TITLE = "Ökostrom Wintertarif"


def made_for_calls(office: Office) -> list[Path]:
    return list((Path(office.router.environment["THREADLINE_DATA_DIR"]) / "prompts" / "once").glob("*.wav"))


def test_the_offer_is_heard_by_a_proved_caller_and_left_nowhere(office: Office, make_caller: MakeCaller) -> None:
    code = office.register(
        TITLE,
        "030 23125 018",
        customer={"external_id": "c-told", "name": "Erika Muster"},
        offer={"title": TITLE, "valid_until": "2099-06-30T23:59:59+02:00", "facts": {"price": 12.5}},
    )["callback_code"]
    before = set(made_for_calls(office))
    caller = make_caller(Identity("+493023125018"), TELLING)
    until(lambda: caller.media.first(Sound.OTHER), 20, "the question is heard")
    caller.press(code + "#")
    keyed = until(lambda: not caller.media.keying and caller.media.heard[-1].at, 15, "the code is keyed in")
    made = until(lambda: set(made_for_calls(office)) - before, 20, "the offer is spoken for this call")
    assert all(path.stat().st_mode & 0o077 == 0 for path in made)
    until(lambda: caller.media.first(Sound.OTHER, keyed + 0.5), 20, "the offer is heard")
    until(lambda: caller.media.longest_silence(keyed + 3, caller.media.heard[-1].at) > 1, 30, "told to the end")
    caller.press("1")
    caller.ended(15)
    office.at_rest()
    (row,) = office.router.rows("select id, session, reply from calls order by started_at desc limit 1")
    assert [each["step"] for each in json.loads(row[1])["trace"]][-3:] == ["tell", "tell", "bye"]
    assert TITLE not in row[2]
    assert "Erika Muster" not in row[1] + row[2]
    assert TITLE not in office.router.log
