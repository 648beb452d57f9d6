"""What flows are checked against, from the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.channels.surroundings import known_beforehand, surroundings_of
from router.core.abilities import Ability
from router.settings import Settings, load

TWILIO = {"twilio_auth_token": "t" * 32}
AMI = {"ami_secret": "s" * 32}


def recordings(folder: Path) -> Path:
    (folder / "de").mkdir()
    (folder / "de" / "greeting.wav").write_bytes(b"")
    (folder / "de" / "notes.txt").write_bytes(b"")
    return folder


def test_the_service_knows_its_queues_webhooks_and_recordings(tmp_path: Path) -> None:
    settings = load(
        {}, tmp_path, queues=["sales"], twilio_queues={"night": "queue:night"}, recordings=recordings(tmp_path)
    )
    around = surroundings_of(settings)
    assert around.queues == {"sales", "night"}
    assert around.webhooks == set()
    assert around.texts is False
    assert around.recordings == {("de", "greeting")}


@pytest.mark.parametrize(
    ("secrets", "channels"),
    [({}, {"asterisk"}), (TWILIO, {"twilio"}), (AMI, {"asterisk"}), ({**AMI, **TWILIO}, {"asterisk", "twilio"})],
)
def test_channels_in_use_are_those_set_up(secrets: dict[str, str], channels: set[str], tmp_path: Path) -> None:
    around = surroundings_of(load({}, tmp_path, **secrets))
    assert set(around.channels) == channels
    assert all(Ability.WHISPER in able for name, able in around.channels.items() if name == "asterisk")


def test_where_there_are_no_recordings_none_is_known(tmp_path: Path) -> None:
    assert surroundings_of(load({}, tmp_path, recordings=tmp_path / "nowhere")).recordings == set()


def test_the_command_line_holds_flows_to_nothing_that_nobody_has_named(tmp_path: Path) -> None:
    for settings in (None, load({}, tmp_path)):
        around = known_beforehand(settings, (), None)
        assert (around.queues, around.webhooks, around.texts, around.recordings) == (None, None, None, None)
        assert around.channels == {}


def test_the_command_line_takes_what_it_is_told_and_what_the_settings_name(tmp_path: Path) -> None:
    settings: Settings = load({}, tmp_path, queues=["sales"], **TWILIO)
    around = known_beforehand(settings, (), recordings(tmp_path))
    assert around.queues == {"sales"}
    assert around.recordings == {("de", "greeting")}
    assert set(around.channels) == {"twilio"}
    assert set(known_beforehand(settings, ["asterisk"], None).channels) == {"asterisk"}
