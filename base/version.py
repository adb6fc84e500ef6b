"""The version that reports, events and --version state."""

__version__ = "0.1.0"
