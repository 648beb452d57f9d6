"""What becomes of the lines Asterisk sends about a call."""

from __future__ import annotations

import pytest

from router.channels.agi.environment import Environment, parse_environment
from router.channels.agi.errors import RemoteProtocolError
from tests.channels.agi.asterisk import ENVIRONMENT


def parsed(**changes: str) -> Environment:
    return parse_environment({**ENVIRONMENT, **changes})


def test_what_a_call_brings() -> None:
    env = parsed(arg_1="transfer-ended", arg_2="TIMEOUT")
    assert env.uniqueid == "1700000000.1"
    assert env.channel == "PJSIP/trunk-00000001"
    assert env.caller_number == "+4930123456"
    assert env.caller_name == "Erika Muster"
    assert env.dialled == env.extension == "+4930987654"
    assert env.arguments == ("transfer-ended", "TIMEOUT")
    assert (env.script, env.language, env.context) == ("call", "de", "from-trunk")
    assert not env.withheld


def test_the_address_may_carry_a_query() -> None:
    env = parsed(network_script="flow/hot%20line?x=1&empty=&name=M%C3%BCller")
    assert env.script == "flow/hot line"
    assert env.query == {"x": "1", "empty": "", "name": "Müller"}
    assert parsed(network_script="?x=1").query == {"x": "1"}
    with pytest.raises(RemoteProtocolError):
        parsed(network_script="?" + "&".join(f"a{n}=1" for n in range(100)))


@pytest.mark.parametrize("presentation", ["32", "35", "64", "67", "96", "", "x", "-1", "9" * 50])
def test_a_suppressed_number_is_dropped(presentation: str) -> None:
    env = parsed(callingpres=presentation)
    assert env.withheld
    assert env.caller_number is None
    assert env.caller_name is None
    assert "30123456" not in repr(env)


@pytest.mark.parametrize("number", ["unknown", "Anonymous", "", " ", "restricted", "unavailable"])
def test_a_word_is_no_number(number: str) -> None:
    env = parsed(callerid=number, callingpres="0")
    assert env.withheld
    assert env.caller_number is None


def test_without_a_presentation_the_number_does_not_count() -> None:
    values = {name: value for name, value in ENVIRONMENT.items() if name != "callingpres"}
    assert parse_environment(values).withheld


@pytest.mark.parametrize("presentation", ["0", "1", "2", "3"])
def test_a_shown_number_counts_whoever_screened_it(presentation: str) -> None:
    assert parsed(callingpres=presentation).caller_number == "+4930123456"


def test_numbers_stay_out_of_what_is_printed() -> None:
    assert "30123456" not in repr(parsed())


def test_arguments_end_at_the_first_gap() -> None:
    assert parsed(arg_1="a", arg_2="", arg_4="d").arguments == ("a", "")


def test_unknown_means_absent() -> None:
    env = parsed(calleridname="unknown", dnid="unknown", callington="16")
    assert env.caller_name is None
    assert env.dialled is None
    assert env.number_type == 16


@pytest.mark.parametrize("uniqueid", ["x" * 151, "1\x1b[2J", "1 2", "ä.1", "1\r"])
def test_an_id_that_asterisk_never_makes_is_refused_before_it_is_stored_or_logged(uniqueid: str) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        parsed(uniqueid=uniqueid)
    assert uniqueid not in str(refused.value)
