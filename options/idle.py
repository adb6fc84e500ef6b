"""What --idle allows: a living photo without speech."""

from collections.abc import Mapping

from base.errors import UsageError


def check_idle(seconds: float, others: Mapping[str, object]) -> None:
    """UsageError for options, by name, that say something of a speech that is not there."""
    wrong = [name for name, value in others.items() if value is not None]
    if seconds and wrong:
        raise UsageError(f"--idle is without speech: leave --{wrong[0]} out")
