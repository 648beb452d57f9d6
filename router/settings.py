"""The only reader of the environment: ``THREADLINE_*`` variables, over ``threadline.toml`` in the working directory.

An unknown or bad setting stops the start with its name and the reason (`SettingsRefused`).
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

PREFIX = "THREADLINE_"
FILE = "threadline.toml"
_NOT_SETTINGS = frozenset({"THREADLINE_API_KEY", "THREADLINE_CONFIG", "THREADLINE_TEST_CACHE"})

LEAST_SECRET = 32
"""Characters of a secret."""

Port = Annotated[int, Field(ge=1, le=65535)]


def _web_address(address: str) -> str:
    if not address.startswith(("http://", "https://")) or any(char.isspace() for char in address):
        raise ValueError("an address begins with http:// or https://")
    return address.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_web_address)]


def _safe_address(address: str) -> str:
    host = urlsplit(address).hostname
    if not address.startswith("https://") and host not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("an address begins with https://, but for one on this machine")
    return address


SafeAddress = Annotated[WebAddress, AfterValidator(_safe_address)]


def _socket_address(address: str) -> str:
    if not address.startswith(("ws://", "wss://")) or any(char.isspace() for char in address):
        raise ValueError("an address begins with ws:// or wss://")
    return address


SocketAddress = Annotated[str, AfterValidator(_socket_address)]

_TEXT_SENDER = r"^(\+[1-9][0-9]{6,14}|MG[0-9a-fA-F]{32}|[A-Za-z0-9 ]{2,11})$"


def _destination(entry: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}|\+[1-9][0-9]{0,6}", entry) or (
        entry[0] != "+" and entry not in phonenumbers.SUPPORTED_REGIONS
    ):
        raise ValueError(f"'{entry[:20]}' is not a country such as DE or the beginning of a number such as +43")
    return entry


Destination = Annotated[str, AfterValidator(_destination)]


def _own_address(known: dict[str, Any]) -> str:
    """Where a browser on this machine reaches us; ``known`` are the settings before this one."""
    return f"http://{_here(known['host'])}:{known['port']}"


def _here(host: str) -> str:
    """How something on this machine reaches what listens on ``host``, as part of an address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{host}]" if ":" in host else host


class SettingsRefused(Exception):
    """A setting is unknown or bad; the text says which and why, one line each."""


class Settings(BaseModel):
    """What an operator may set. Lists and tables are JSON in a variable, TOML in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address that HTTP listens on.")
    port: Port = Field(8080, description="Port that HTTP listens on.")
    public_url: WebAddress = Field(
        default_factory=_own_address,
        description="Address under which Twilio and browsers reach us; signatures are checked against it. "
        "`http://HOST:PORT` where not set.",
    )
    fastagi_host: str = Field("127.0.0.1", description="Address that FastAGI listens on.")
    fastagi_port: Port = Field(4573, description="Port that FastAGI listens on.")
    fastagi_calls: Annotated[int, Field(ge=1, le=100_000)] = Field(
        5000, description="Calls over FastAGI at one time; one more goes to Asterisk's default queue."
    )
    database: str = Field(
        "sqlite:///threadline.db", description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
    )
    secret: SecretStr | None = Field(
        None,
        description="At least 32 characters; the keys for codes and sign-ins come from it. Keep it: codes die with it.",
    )
    old_secrets: tuple[SecretStr, ...] = Field(
        (),
        description="Secrets used before, the latest first: codes issued under them still count, until "
        "`threadline codes rotate` has renewed them.",
    )
    data_dir: Path = Field(Path("data"), description="Where prompts and other files are kept.")
    flows: Path = Field(
        Path("ivr_flows"), description="The flow file or folder; what changes in it is released (docs/publishing.md)."
    )
    flow: str = Field("hotline", description="The flow for a service number that `service_numbers` does not name.")
    service_numbers: dict[str, str] = Field(
        {}, description='The flow for each service number: {"+4930123456": "hotline"}.'
    )
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = Field(
        "DE", description="Country of numbers in national form."
    )
    disclosure: Literal["normal", "strict"] = Field("normal", description="`strict` shows at L1 the campaign only.")
    prompt_url: WebAddress | None = Field(
        None, description="Address under which Asterisk fetches prompts; `http://HOST:PORT` where not set."
    )
    recordings: Path = Field(Path("recordings"), description="Folder of recorded prompts: LANGUAGE/NAME.wav.")
    code_digits: Annotated[int, Field(ge=6, le=14)] = Field(
        10,
        description="The shortest length of a callback code, check digit included; more live codes make longer ones.",
    )
    code_guesses_a_day: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        200, description="Wrong codes in 24 hours in all; after them no code counts until it is fewer again."
    )
    code_guesses_per_caller: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10, description="Wrong codes in 24 hours from one caller number."
    )
    code_guesses_per_trunk: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        100, description="Wrong codes in 24 hours on one trunk of Asterisk or one account at Twilio."
    )
    code_expected_hits: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1,
        description="Codes that a guesser who uses up `code_guesses_a_day` may find in 30 days, on average; "
        "the length of codes follows from it.",
    )
    code_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        90, description="Days a callback code holds where the offer names no end."
    )
    code_grace_days: Annotated[int, Field(ge=0, le=365)] = Field(
        30, description="Days a callback code holds after its offer has ended: people call about that, too."
    )
    match_sure: Annotated[float, Field(ge=0.5, lt=1)] = Field(
        0.995, description="From this probability a call is `sure` to be about a message."
    )
    match_likely: Annotated[float, Field(ge=0.1, lt=1)] = Field(
        0.6, description="From this probability a message is named as `likely`; not above `match_sure`."
    )
    match_lead: Annotated[float, Field(ge=1.1, le=1000)] = Field(
        2.5, description="How many times likelier than the second the first must be to be named."
    )
    replay_days: Annotated[int, Field(ge=0, le=90)] = Field(
        7,
        description="Days that what happened in calls is kept, without numbers and codes, to run them again on changed "
        "flows; 0: nothing is kept.",
    )
    tel_pauses: Annotated[int, Field(ge=1, le=8)] = Field(
        3, description="Pauses (commas, about 2 s each) in a tel link between number and code."
    )
    service_number: str | None = Field(None, description="The service number printed in messages that name none.")
    number_pools: dict[str, tuple[str, ...]] = Field(
        {},
        description="Service numbers that each stand for one message or campaign at a time, by the name of their pool: "
        '{"spring": ["+493012345601", "+493012345602"]}.',
    )
    number_quarantine_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        30, description="Days a number of a pool is nobody's after its lease: callers of the old message still come."
    )
    ami_host: str = Field("127.0.0.1", description="Host of Asterisk's manager interface.")
    ami_port: Port = Field(5038, description="Port of Asterisk's manager interface.")
    ami_username: str = Field("threadline", description="User of the manager interface.")
    ami_secret: SecretStr | None = Field(
        None, description="Password of that user; without it no agent's phone is followed."
    )
    phones: tuple[str, ...] = Field((), description='Phones that agents may choose: ["PJSIP/101", "PJSIP/102"].')
    queues: tuple[str, ...] = Field(("default", "sales", "service"), description="Queues that agents may belong to.")
    recogniser: Literal["auto", "whisper", "vosk", "http", "none"] = Field(
        "auto",
        description="Who makes words of what callers say (docs/speech.md); `auto`: Whisper where `threadline speech "
        "install` has put it, else nobody.",
    )
    speech_model: Path | None = Field(
        None, description="Folder of another Whisper model, converted for CTranslate2, than the one installed."
    )
    speech_workers: Annotated[int, Field(ge=1, le=64)] | None = Field(
        None, description="Processes that Whisper works in, each on one core; as many as cores, at most 4, if not set."
    )
    recognition_seconds: Annotated[float, Field(ge=0.5, le=15)] = Field(
        6.0, description="After so many seconds without words the call goes on with keys."
    )
    vosk_url: SocketAddress = Field(
        "ws://127.0.0.1:2700", description="Address of a Vosk server; `{language}` in it stands for `de`, `en`."
    )
    recogniser_url: SafeAddress | None = Field(
        None, description="Address of a recogniser that is asked over HTTP (docs/speech.md)."
    )
    recogniser_secret: SecretStr | None = Field(
        None,
        validate_default=True,
        description="What requests to it are signed with: `whsec_…`, several with spaces between them.",
    )
    audiosocket_host: str = Field("127.0.0.1", description="Address that AudioSocket listens on.")
    audiosocket_port: Port = Field(4574, description="Port that AudioSocket listens on.")
    audiosocket_address: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,253}:[0-9]{1,5}$")] | None = Field(
        None,
        description="Where Asterisk reaches AudioSocket, as HOST:PORT; where we listen, if not set.",
    )
    speech_recording_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        30, description="Days that recordings of what callers said are kept, where a flow says so."
    )
    twilio_auth_token: SecretStr | None = Field(
        None, description="Twilio's auth token; without it its webhooks are refused."
    )
    twilio_queues: dict[str, str] = Field(
        {}, description="Where Twilio takes the callers of a queue: a number, a sip: address or `queue:NAME`."
    )
    webhooks: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], SafeAddress] = Field(
        {}, description='Other systems that flows may ask, by name: {"crm": "https://crm.example.net/threadline"}.'
    )
    webhook_secrets: dict[str, SecretStr] = Field(
        {},
        validate_default=True,
        description="What requests to each of them are signed with: `whsec_…`, several with spaces between them.",
    )
    twilio_account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")] | None = Field(
        None, description="Twilio's account that sends text messages."
    )
    twilio_text_sender: Annotated[str, Field(pattern=_TEXT_SENDER)] | None = Field(
        None,
        description="What text messages come from: a number of that account (E.164), a messaging service (`MG…`) or a "
        "name of up to 11 letters; without it none are sent. Needs the account and the auth token.",
    )
    twilio_api_url: SafeAddress = Field("https://api.twilio.com", description="Address of Twilio's API.")
    destinations: tuple[Destination, ...] = Field(
        (),
        description="Where text messages may go and who may be called back: countries and beginnings of numbers, "
        '["DE", "+43"]; the country of `region` where empty. Premium numbers never.',
    )
    texts_per_number: Annotated[int, Field(ge=1, le=1000)] = Field(
        6, description="Text messages to one number in 24 hours; after them none is sent to it."
    )
    texts_a_day: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        1000, description="Text messages in 24 hours in all; after them none is sent."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    log_json: bool = Field(False, description="One JSON object a line, for log collectors.")

    @field_validator(
        "secret",
        "ami_secret",
        "twilio_auth_token",
        "twilio_account_sid",
        "twilio_text_sender",
        "recogniser_url",
        "recogniser_secret",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, secret: Any) -> Any:
        """An environment file names secrets that are not used with nothing behind the ``=``."""
        return None if secret == "" else secret

    @field_validator("webhook_secrets")
    @classmethod
    def _one_for_each(cls, secrets: dict[str, SecretStr], known: ValidationInfo) -> dict[str, SecretStr]:
        for name in known.data.get("webhooks", {}):
            if name not in secrets:
                raise ValueError(f"has none for '{name}'; every webhook needs one")
        return secrets

    @field_validator("recogniser_secret")
    @classmethod
    def _signed(cls, secret: SecretStr | None, known: ValidationInfo) -> SecretStr | None:
        if secret is None and known.data.get("recogniser_url") is not None:
            raise ValueError("is needed with recogniser_url; docs/speech.md says how to make one")
        return secret

    @field_validator("twilio_text_sender")
    @classmethod
    def _can_send_texts(cls, sender: str | None, known: ValidationInfo) -> str | None:
        if sender and not (known.data.get("twilio_account_sid") and known.data.get("twilio_auth_token")):
            raise ValueError("needs twilio_account_sid and twilio_auth_token")
        if sender and sender[0] != "+" and not any(char.isalpha() for char in sender):
            raise ValueError("is no name without a letter; a number is written like +491573599000")
        return sender

    @field_validator("match_likely")
    @classmethod
    def _likely_before_sure(cls, likely: float, known: ValidationInfo) -> float:
        if likely > known.data.get("match_sure", 1.0):
            raise ValueError("is above match_sure")
        return likely

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < LEAST_SECRET:
            raise ValueError(f"needs at least {LEAST_SECRET} characters")
        return secret

    @field_validator("old_secrets", mode="before")
    @classmethod
    def _empty_is_none(cls, secrets: Any) -> Any:
        return () if secrets == "" else secrets

    @field_validator("old_secrets")
    @classmethod
    def _each_long_enough(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(secret.get_secret_value()) < LEAST_SECRET for secret in secrets):
            raise ValueError(f"each needs at least {LEAST_SECRET} characters")
        return secrets

    @property
    def sends_texts(self) -> bool:
        """Whether somebody sends text messages."""
        return self.twilio_text_sender is not None

    @property
    def audiosocket_told(self) -> str:
        """Where Asterisk is told to bring the sound of calls, as HOST:PORT."""
        return self.audiosocket_address or f"{_here(self.audiosocket_host)}:{self.audiosocket_port}"

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
    values |= over
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsRefused("\n".join([*wrong, *_reasons(error)])) from None
    if wrong:
        raise SettingsRefused("\n".join(wrong))
    return settings


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
        message = str(detail["msg"]).removeprefix("Value error, ") if known else "there is no such setting"
        reasons.append(f"{PREFIX}{name.upper()} ({name}): {message}")
    return reasons
