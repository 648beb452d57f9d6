"""The administration stands on the same house as the sign-in pages, or on the whole application."""

from tests.api.conftest import folder, service
from tests.web.conftest import house

__all__ = ["folder", "house", "service"]
