"""Which recogniser the settings mean, and the ear of the house made with it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from router.calls.webhooks import keys_of
from router.settings import Settings, SettingsRefused
from router.speech.recognition.ear import Ear
from router.speech.recognition.http import HttpRecogniser
from router.speech.recognition.recogniser import Recogniser
from router.speech.recognition.vosk import VoskRecogniser
from router.speech.recognition.whisper.model import NAME, is_there
from router.speech.recognition.whisper.recogniser import Whisper, command_of, default_workers

Kind = Literal["whisper", "vosk", "http"]

AT_ONCE = 16
"""Callers whom a recogniser elsewhere hears at one time."""
WAITING = 64
"""Callers who wait for their turn; with more, the deadline would pass anyway."""


def model_folder(settings: Settings) -> Path:
    """Where Whisper's model is, or is put when it is installed."""
    return settings.speech_model or settings.data_dir / "speech" / NAME


def library_there() -> bool:
    """Whether what runs Whisper's model is installed."""
    return find_spec("ctranslate2") is not None


def chosen(settings: Settings) -> Kind | None:
    """The recogniser in use; None: nobody listens."""
    match settings.recogniser:
        case "auto":
            return "whisper" if library_there() and is_there(model_folder(settings)) else None
        case "none":
            return None
        case named:
            return named


def ear_of(settings: Settings) -> Ear | None:
    """The ear, not yet begun with; None where there is no recogniser. Raises `SettingsRefused`."""
    if chosen(settings) is None:
        return None
    recogniser = recogniser_of(settings)
    at_once = recogniser.workers if isinstance(recogniser, Whisper) else AT_ONCE
    return Ear(recogniser, at_once=at_once, waiting=WAITING, seconds=settings.recognition_seconds)


def recogniser_of(settings: Settings) -> Recogniser:
    """The recogniser in use, of which there must be one, not yet begun with. Raises `SettingsRefused`."""
    match chosen(settings):
        case "vosk":
            return VoskRecogniser(settings.vosk_url)
        case "http":
            return _over_http(settings)
        case _:
            return whisper_of(settings)


def _over_http(settings: Settings) -> HttpRecogniser:
    address, secret = settings.recogniser_url, settings.recogniser_secret
    if address is None or secret is None:
        raise SettingsRefused("THREADLINE_RECOGNISER_URL (recogniser_url): is needed where the recogniser is 'http'")
    try:
        return HttpRecogniser(address, keys_of(secret.get_secret_value()))
    except ValueError as error:
        raise SettingsRefused(f"THREADLINE_RECOGNISER_SECRET (recogniser_secret): {error}") from None


def whisper_of(settings: Settings) -> Whisper:
    """Whisper with the model of the settings. Raises `SettingsRefused` where it is not installed."""
    folder, other = model_folder(settings), settings.speech_model
    if not is_there(folder):
        way = "it holds no Whisper model converted for CTranslate2" if other else "run 'threadline speech install'"
        raise SettingsRefused(f"THREADLINE_RECOGNISER (recogniser): there is no model in {folder}: {way}")
    if not library_there():
        raise SettingsRefused(
            "THREADLINE_RECOGNISER (recogniser): ctranslate2 is not installed: run 'threadline speech install'"
        )
    workers = settings.speech_workers or default_workers()
    command = command_of(folder, installed=other is None)
    return Whisper(command, workers=workers, seconds=settings.recognition_seconds)
