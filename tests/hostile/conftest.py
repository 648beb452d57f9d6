"""The whole application, as the tests of the API have it."""

from __future__ import annotations

from tests.api.conftest import folder, service

__all__ = ["folder", "service"]
