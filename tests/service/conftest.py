"""What all tests of the service use."""

from tests.jobs import inputs

__all__ = ["inputs"]
