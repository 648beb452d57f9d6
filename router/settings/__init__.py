"""The only reader of the environment: ``THREADLINE_*`` variables, over ``threadline.toml`` in the working directory.

An unknown or bad setting stops the start with its name and the reason (`SettingsRefused`).
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from router.settings.asterisk import AsteriskSettings
from router.settings.callbacks import CallbackSettings
from router.settings.codes import CodeSettings
from router.settings.crm import CrmSettings
from router.settings.desk import DeskSettings
from router.settings.flows import FlowSettings
from router.settings.limits import LimitSettings
from router.settings.mail import MailSettings
from router.settings.serving import Serving
from router.settings.sign_in import SignInSettings
from router.settings.speech import SpeechSettings
from router.settings.supervising import SupervisingSettings
from router.settings.twilio import TwilioSettings

PREFIX = "THREADLINE_"
FILE = "threadline.toml"
_NOT_SETTINGS = frozenset({"THREADLINE_API_KEY", "THREADLINE_CONFIG", "THREADLINE_TEST_CACHE"})


class SettingsRefused(Exception):
    """A setting is unknown or bad; the text says which and why, one line each."""


class Settings(  # the last one stands first in lists of all
    LimitSettings,
    CallbackSettings,
    MailSettings,
    DeskSettings,
    CrmSettings,
    TwilioSettings,
    SpeechSettings,
    SupervisingSettings,
    SignInSettings,
    AsteriskSettings,
    CodeSettings,
    FlowSettings,
    Serving,
):
    """What an operator may set, a file for each subject. Lists and tables are JSON in a variable, TOML in the file."""

    @property
    def prompts_address(self) -> str:
        """Where Asterisk fetches prompts."""
        return self.prompt_url or f"http://{self.host}:{self.port}"


def load(environment: Mapping[str, str] | None = None, folder: Path = Path(), **over: Any) -> Settings:
    """The settings: ``over``, over ``THREADLINE_*`` in ``environment``, over ``threadline.toml`` in ``folder``.

    ``THREADLINE_CONFIG`` names another file. Raises `SettingsRefused`.
    """
    environment = os.environ if environment is None else environment
    values = _from_file(environment.get("THREADLINE_CONFIG"), folder)
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    wrong: list[str] = []
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in _NOT_SETTINGS:
            continue
        if variable not in names:
            wrong.append(f"{variable}: there is no such setting")
        else:
            values[names[variable]] = _parsed(text)
    if (collector := environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")) and not values.get("otlp_url"):
        values["otlp_url"] = collector
    values |= over
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsRefused("\n".join([*wrong, *_reasons(error)])) from None
    if wrong:
        raise SettingsRefused("\n".join(wrong))
    return settings


def without_file(environment: Mapping[str, str] | None = None, folder: Path = Path()) -> str:
    """Where `load` looked for a file and found none, for a message; empty where there is one."""
    environment = os.environ if environment is None else environment
    if environment.get("THREADLINE_CONFIG") or (folder / FILE).exists():
        return ""
    return f", and no settings were found: there is no {FILE} in {folder.absolute()}, and THREADLINE_CONFIG names none"


def _from_file(named: str | None, folder: Path) -> dict[str, Any]:
    path = Path(named) if named else folder / FILE
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        if named:
            raise SettingsRefused(f"{path}: THREADLINE_CONFIG names a file that is not there") from None
        return {}
    except OSError as error:
        raise SettingsRefused(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{path}: {error}") from None


def _parsed(text: str) -> Any:
    """Lists and tables are JSON; anything else is the text itself. Bad JSON is left for the field to refuse."""
    if text[:1] in "[{":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _reasons(error: ValidationError) -> list[str]:
    reasons = []
    for detail in error.errors(include_url=False, include_input=False):
        if detail["type"] == "default_factory_not_called":  # follows from another one, which is told
            continue
        name = str(detail["loc"][0]) if detail["loc"] else "settings"
        known = name in Settings.model_fields
        message = _message(str(detail["type"]), str(detail["msg"]), name) if known else "there is no such setting"
        reasons.append(f"{PREFIX}{name.upper()} ({name}): {message}")
    return reasons


def _message(kind: str, said: str, name: str) -> str:
    """What is to be written, where something else was than a list or a table; else what pydantic says."""
    if kind not in _WRITTEN:
        return said.removeprefix("Value error, ")
    what, example = _WRITTEN[kind]
    examples = Settings.model_fields[name].examples
    return f"is a {what}, written as JSON in a variable, such as {json.dumps(examples[0]) if examples else example}"


_LIST = ("list", '["ONE", "ANOTHER"]')
_WRITTEN = {"tuple_type": _LIST, "list_type": _LIST, "dict_type": ("table", '{"NAME": "VALUE"}')}
