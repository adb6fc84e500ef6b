"""Whether a long computation is still wanted: it asks between its steps, wherever it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Check = Callable[[], None]  # raises where no more is wanted

_CHECKS: ContextVar[tuple[Check, ...]] = ContextVar("checks", default=())


def check_wanted() -> None:
    """Raise what ends the computation, if anything does."""
    for check in _CHECKS.get():
        check()


@contextmanager
def wanted_while(check: Check) -> Iterator[None]:
    """Inside, and in the threads of `prefetch` that begin inside, `check` is asked, too."""
    token = _CHECKS.set((*_CHECKS.get(), check))
    try:
        yield
    finally:
        _CHECKS.reset(token)
