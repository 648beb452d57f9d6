"""The desk stands on the same house as the sign-in pages."""

from tests.web.conftest import house

__all__ = ["house"]
