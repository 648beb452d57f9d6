"""Who hears what callers say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from router.settings.types import EmptyIsUnset, Group, OptionalSecret, Port, SafeAddress, SocketAddress, here


class SpeechSettings(Group):
    """Who hears what callers say."""

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
    recogniser_url: Annotated[SafeAddress | None, EmptyIsUnset] = Field(
        None, description="Address of a recogniser that is asked over HTTP (docs/speech.md)."
    )
    recogniser_secret: OptionalSecret = Field(
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

    @field_validator("recogniser_secret")
    @classmethod
    def _signed(cls, secret: SecretStr | None, known: ValidationInfo) -> SecretStr | None:
        if secret is None and known.data.get("recogniser_url") is not None:
            raise ValueError("is needed with recogniser_url; docs/speech.md says how to make one")
        return secret

    @property
    def audiosocket_told(self) -> str:
        """Where Asterisk is told to bring the sound of calls, as HOST:PORT."""
        return self.audiosocket_address or f"{here(self.audiosocket_host)}:{self.audiosocket_port}"
