"""Cases of a parametrised test that prove little beyond its others."""

import pytest


def slow(*values, **about):
    """One case, which `make slow` alone runs."""
    return pytest.param(*values, marks=pytest.mark.slow, **about)


def rest_slow(cases, first=1):
    """The first cases; `make slow` alone runs the rest."""
    cases = list(cases)
    return [*cases[:first], *map(_slow_row, cases[first:])]


def _slow_row(case):
    if hasattr(case, "marks"):
        return case
    return pytest.param(*case if isinstance(case, tuple) else (case,), marks=pytest.mark.slow)
