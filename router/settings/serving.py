"""What the service is as a whole: addresses, database, secrets, logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator

from router.settings.types import LEAST_SECRET, Group, OptionalAddress, OptionalSecret, Port, WebAddress, own_address


class Serving(Group):
    """What the service is as a whole: addresses, database, secrets, logs."""

    host: str = Field("127.0.0.1", description="Address that HTTP listens on.")
    port: Port = Field(8080, description="Port that HTTP listens on.")
    public_url: WebAddress = Field(
        default_factory=own_address,
        description="Address under which Twilio and browsers reach us; signatures are checked against it. "
        "`http://HOST:PORT` where not set.",
    )
    database: str = Field(
        "sqlite:///threadline.db", description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
    )
    secret: OptionalSecret = Field(
        None,
        description="At least 32 characters; the keys for codes and sign-ins come from it. Keep it: codes die with it.",
    )
    old_secrets: tuple[SecretStr, ...] = Field(
        (),
        description="Secrets used before, the latest first: codes issued under them still count, until "
        "`threadline codes rotate` has renewed them.",
    )
    data_dir: Path = Field(Path("data"), description="Where prompts and other files are kept.")
    stop_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        60,
        description="Seconds that calls in progress have when the service is told to stop (SIGTERM). New ones go to "
        "other processes meanwhile; it ends as soon as none is left, or when it is told again.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    log_json: bool = Field(False, description="One JSON object a line, for log collectors (docs/logs.md).")
    log_file: Path | None = Field(
        None, description="File that is logged to; none: standard error, which journald and Docker keep."
    )

    otlp_url: OptionalAddress = Field(
        None,
        description="OTLP/HTTP collector that traces go to, such as http://127.0.0.1:4318 (docs/traces.md); none: "
        "there are no traces. `OTEL_EXPORTER_OTLP_ENDPOINT` counts, too.",
    )
    otlp_headers: dict[str, SecretStr] = Field(
        {}, description='What the collector wants to be told with them: {"authorization": "Basic …"}.'
    )
    trace_share: float = Field(1.0, ge=0.0, le=1.0, description="Share of traces that are kept, 0 to 1.")

    @field_validator("log_file", mode="before")
    @classmethod
    def _empty_is_standard_error(cls, file: Any) -> Any:
        return None if file == "" else file

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
