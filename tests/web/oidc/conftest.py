"""A service whose pages need not be built."""

from tests.api.conftest import folder

__all__ = ["folder"]
