"""FastAPI routes that only validate and answer: `python -m bench.speed.webhook_servers KIND PORT`."""

from __future__ import annotations

import base64
import hmac
import sys
from urllib.parse import parse_qsl

import uvicorn
from fastapi import FastAPI, Request, Response
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from bench.speed.house import TOKEN
from bench.speed.webhooks import PATH

_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response><Dial>+493023125199</Dial></Response>'


def application(kind: str, port: int) -> FastAPI:
    """``validator``: checks as Twilio's library does; ``plain``: what a signature is of, and nothing else."""
    app = FastAPI()
    address = f"http://127.0.0.1:{port}{PATH}"
    validator = RequestValidator(TOKEN)

    def validated(form: dict[str, str], signature: str) -> bool:
        return bool(validator.validate(address, form, signature))

    def plainly(form: dict[str, str], signature: str) -> bool:
        text = address + "".join(name + form[name] for name in sorted(form))
        made = base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), "sha1")).decode()
        return hmac.compare_digest(made, signature)

    fits = validated if kind == "validator" else plainly

    @app.post(PATH)
    async def voice(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if not fits(form, request.headers.get("X-Twilio-Signature", "")):
            return Response(status_code=403)
        return Response(_ANSWER, media_type="application/xml")

    return app


def main() -> None:
    """Serve until ended."""
    kind, port = sys.argv[1], int(sys.argv[2])
    uvicorn.run(
        application(kind, port), host="127.0.0.1", port=port, loop="uvloop", http="httptools", log_level="warning"
    )


if __name__ == "__main__":
    main()
