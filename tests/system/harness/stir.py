"""Signed caller numbers (STIR/SHAKEN, RFC 8224, ATIS-1000074): an authority, its certificate, and signatures by it."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

_TN_AUTH_LIST = ObjectIdentifier("1.3.6.1.5.5.7.1.26")
_PROVIDER_1234 = bytes.fromhex("3008a0061604") + b"1234"


class Authority:
    """Signs a provider's certificate, and numbers as that provider."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        authority_key = ec.generate_private_key(ec.SECP256R1())
        issuer = _named("Authority of the tests")
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = (
            _certificate(issuer, issuer, authority_key.public_key())
            .add_extension(constraints, critical=True)
            .sign(authority_key, hashes.SHA256())
            .public_bytes(Encoding.PEM)
        )
        tn_auth_list = x509.UnrecognizedExtension(_TN_AUTH_LIST, _PROVIDER_1234)
        self._providers = (
            _certificate(_named("SHAKEN 1234"), issuer, self._key.public_key())
            .add_extension(tn_auth_list, critical=False)
            .sign(authority_key, hashes.SHA256())
            .public_bytes(Encoding.PEM)
        )

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address at which the provider's certificate is fetched."""
        certificate = self._providers

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(certificate)))
                self.end_headers()
                self.wfile.write(certificate)

            def log_message(self, format: str, *args: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/provider.pem"
            server.shutdown()

    def sign(self, number: str, dialled: str, level: str, address: str) -> str:
        """The header Identity for a call from ``number``; ``address`` is where the certificate is."""
        header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": address}
        claims = {
            "attest": level,
            "dest": {"tn": [dialled.lstrip("+")]},
            "iat": int(time.time()),
            "orig": {"tn": number.lstrip("+")},
            "origid": "5b0c3c2f-0a8f-4b0e-9a3d-6c1e2f4a5b6c",
        }
        signed = f"{_encoded(header)}.{_encoded(claims)}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = _base64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        return f"{signed}.{signature};info=<{address}>;alg=ES256;ppt=shaken"


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _encoded(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
