"""Settings: every mistake is named, nothing is guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from router.matching.parameters import DEFAULT
from router.settings import Settings, SettingsRefused, load


def refusal(environment: dict[str, str], folder: Path) -> str:
    with pytest.raises(SettingsRefused) as refused:
        load(environment, folder)
    return str(refused.value)


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "threadline.toml").write_text('port = 9000\nregion = "AT"\nphones = ["PJSIP/101"]\n')
    settings = load({"THREADLINE_PORT": "9001"}, tmp_path)
    assert (settings.port, settings.region, settings.phones) == (9001, "AT", ("PJSIP/101",))


def test_lists_and_tables_are_json_in_variables(tmp_path: Path) -> None:
    variables = {"THREADLINE_PHONES": '["PJSIP/101"]', "THREADLINE_TWILIO_QUEUES": '{"sales": "queue:Sales"}'}
    settings = load(variables, tmp_path)
    assert settings.phones == ("PJSIP/101",)
    assert settings.twilio_queues == {"sales": "queue:Sales"}


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "threadline.toml").write_text("colour = 'red'\n")
    text = refusal(
        {
            "THREADLINE_PROT": "1",
            "THREADLINE_PORT": "99999",
            "THREADLINE_SECRET": "hunter2",
            "THREADLINE_PHONES": "[PJSIP/101]",
            "THREADLINE_PUBLIC_URL": "example.org",
        },
        tmp_path,
    )
    for name in ("THREADLINE_PROT", "THREADLINE_PORT", "THREADLINE_SECRET", "THREADLINE_PHONES", "THREADLINE_COLOUR"):
        assert name in text
    assert "http://" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("PHONES", "PJSIP/101", 'is a list, written as JSON in a variable, such as ["PJSIP/101", "PJSIP/102"]'),
        ("TRUSTED_PROXIES", "10.0.0.7", 'is a list, written as JSON in a variable, such as ["10.0.0.7"]'),
        ("OLD_SECRETS", "hunter2", 'is a list, written as JSON in a variable, such as ["ONE", "ANOTHER"]'),
        ("WEBHOOKS", "crm", 'is a table, written as JSON in a variable, such as {"NAME": "VALUE"}'),
    ],
)
def test_what_is_to_be_written_for_a_list_is_told(tmp_path: Path, name: str, given: str, says: str) -> None:
    assert refusal({f"THREADLINE_{name}": given}, tmp_path) == f"THREADLINE_{name} ({name.lower()}): {says}"


@pytest.mark.parametrize("name", ["sales]\n[default", "sales.west", "Sales West", "a,b", "", "x" * 41])
def test_a_queue_that_asterisk_could_not_take_is_refused(tmp_path: Path, name: str) -> None:
    assert "THREADLINE_QUEUES" in refusal({"THREADLINE_QUEUES": json.dumps(["default", name])}, tmp_path)


def test_a_file_that_is_named_must_be_there_and_readable(tmp_path: Path) -> None:
    assert "is not there" in refusal({"THREADLINE_CONFIG": str(tmp_path / "no.toml")}, tmp_path)
    (tmp_path / "bad.toml").write_text("port = \n")
    assert "bad.toml" in refusal({"THREADLINE_CONFIG": str(tmp_path / "bad.toml")}, tmp_path)


def test_other_programs_variables_are_none_of_ours(tmp_path: Path) -> None:
    assert load({"PATH": "/bin", "PORT": "1"}, tmp_path) == Settings()


def test_secrets_do_not_show(tmp_path: Path) -> None:
    settings = load({"THREADLINE_SECRET": "s" * 40, "THREADLINE_AMI_SECRET": "hunter2"}, tmp_path)
    assert "ssss" not in repr(settings)
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"THREADLINE_PORT": "8090"}, "http://127.0.0.1:8090"),
        ({"THREADLINE_HOST": "0.0.0.0"}, "http://127.0.0.1:8080"),
        ({"THREADLINE_HOST": "::1"}, "http://[::1]:8080"),
        ({"THREADLINE_PORT": "8090", "THREADLINE_PUBLIC_URL": "https://calls.example"}, "https://calls.example"),
    ],
)
def test_links_lead_to_where_the_service_listens(given: dict[str, str], address: str, tmp_path: Path) -> None:
    assert load(given, tmp_path).public_url == address


def test_a_bad_port_is_the_only_complaint(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused) as refused:
        load({"THREADLINE_PORT": "many"}, tmp_path)
    assert str(refused.value).startswith("THREADLINE_PORT (port):")
    assert len(str(refused.value).splitlines()) == 1


def test_an_empty_secret_is_none(tmp_path: Path) -> None:
    names = ("THREADLINE_SECRET", "THREADLINE_AMI_SECRET", "THREADLINE_TWILIO_AUTH_TOKEN")
    settings = load(dict.fromkeys(names, ""), tmp_path)
    assert (settings.secret, settings.ami_secret, settings.twilio_auth_token) == (None, None, None)


def test_old_secrets_are_as_long_as_the_present_one_and_as_secret(tmp_path: Path) -> None:
    old = '["' + "o" * 40 + '"]'
    settings = load({"THREADLINE_OLD_SECRETS": old}, tmp_path)
    assert [secret.get_secret_value() for secret in settings.old_secrets] == ["o" * 40]
    assert "oooo" not in repr(settings)
    assert load({"THREADLINE_OLD_SECRETS": ""}, tmp_path).old_secrets == ()
    text = refusal({"THREADLINE_OLD_SECRETS": '["hunter2"]'}, tmp_path)
    assert text == "THREADLINE_OLD_SECRETS (old_secrets): each needs at least 32 characters"


def test_likely_is_not_above_sure() -> None:
    wrong = refusal({"THREADLINE_MATCH_SURE": "0.9", "THREADLINE_MATCH_LIKELY": "0.95"}, Path("/nonexistent"))
    assert wrong == "THREADLINE_MATCH_LIKELY (match_likely): is above match_sure"


def test_the_thresholds_are_those_of_the_table() -> None:
    settings = load({}, Path("/nonexistent"))
    assert (settings.match_sure, settings.match_likely, settings.match_lead) == (
        DEFAULT.sure,
        DEFAULT.likely,
        DEFAULT.lead,
    )


TEXTS = {
    "THREADLINE_TWILIO_ACCOUNT_SID": "AC" + "5" * 32,
    "THREADLINE_TWILIO_AUTH_TOKEN": "t" * 32,
    "THREADLINE_TWILIO_TEXT_SENDER": "+491573599000",
}


def test_text_messages_need_an_account_its_token_and_a_sender(tmp_path: Path) -> None:
    assert load(TEXTS, tmp_path).sends_texts
    assert not load({}, tmp_path).sends_texts
    assert not load(dict.fromkeys(TEXTS, ""), tmp_path).sends_texts, "an environment file with nothing behind the ="
    for name in list(TEXTS)[:2]:
        text = refusal({each: value for each, value in TEXTS.items() if each != name}, tmp_path)
        assert text.startswith("THREADLINE_TWILIO_TEXT_SENDER (twilio_text_sender): needs")
    for sender in ("0171 123", "a name too long for it", "Wörter"):
        assert "TEXT_SENDER" in refusal(TEXTS | {"THREADLINE_TWILIO_TEXT_SENDER": sender}, tmp_path)
    over = {"THREADLINE_TWILIO_API_URL": "http://twilio.example.net"}
    assert "https://" in refusal(TEXTS | over, tmp_path), "the token is not sent in the clear"


@pytest.mark.parametrize("entry", ["XX", "de", "49", "+0", "+491713920", "", "DE AT"])
def test_destinations_are_countries_and_beginnings_of_numbers(tmp_path: Path, entry: str) -> None:
    good = load({"THREADLINE_DESTINATIONS": '["DE", "+43664"]'}, tmp_path)
    assert good.destinations == ("DE", "+43664")
    assert "THREADLINE_DESTINATIONS" in refusal({"THREADLINE_DESTINATIONS": f'["{entry}"]'}, tmp_path)
