"""Cases of a parametrised test that prove little beyond its others."""

import pytest


def slow(*values, **about):
    """One case, which `make slow` alone runs."""
    return pytest.param(*values, marks=pytest.mark.slow, **about)
