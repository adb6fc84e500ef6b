"""What all tests of workers use."""

from tests.jobs import inputs

__all__ = ["inputs"]
