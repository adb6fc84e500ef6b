"""Networks stay loaded as long as their files are the same."""

import pytest

from base.errors import EngineError
from pipeline.movers.kept import kept_networks


class Loader:
    """Counts what it loads."""

    def __init__(self):
        self.loads = 0

    def __call__(self, place, *choices):
        self.loads += 1
        if not place.exists():
            raise EngineError(f"{place}: no such file")
        return place, choices


@pytest.mark.parametrize("in_a_folder", [False, True])
def test_what_is_the_same_is_loaded_once(tmp_path, in_a_folder):
    load, file = Loader(), tmp_path / "networks"
    file.write_bytes(b"one")
    place = tmp_path if in_a_folder else file
    assert kept_networks(load, place, "cpu", False) is kept_networks(load, place, "cpu", False)
    kept_networks(load, place, "cpu", True)
    assert load.loads == 2
    file.write_bytes(b"another one")
    kept_networks(load, place, "cpu", True)
    assert load.loads == 3


def test_what_cannot_be_loaded_is_tried_again(tmp_path):
    load, file = Loader(), tmp_path / "networks"
    with pytest.raises(EngineError):
        kept_networks(load, file)
    file.write_bytes(b"one")
    assert kept_networks(load, file) == (file, ())
