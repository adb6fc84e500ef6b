import numpy as np
import pytest

from base.compiled import FOLDER, compile_cached
from base.openvino import ops, ov


class Counted:
    """A network that adds 1, and how often it was built."""

    def __init__(self):
        self.built = 0

    def __call__(self):
        self.built += 1
        data = ops.parameter([2], np.float32)
        return ov.Model([ops.add(data, np.float32(1))], [data])


def output(compiled):
    return compiled(np.float32([1, 2]))[0].tolist()


@pytest.fixture
def network():
    return Counted()


def test_it_is_built_once_and_then_read(network, tmp_path):
    first, second = (compile_cached(network, (b"a", b"b"), tmp_path) for _ in range(2))
    assert output(first) == output(second) == [2, 3] and network.built == 1
    compile_cached(network, (b"ab", b""), tmp_path)
    assert network.built == 2 and len(list((tmp_path / FOLDER).iterdir())) == 2


def test_a_damaged_entry_is_never_given_to_the_plugin(network, tmp_path):
    compile_cached(network, (b"a",), tmp_path)
    (entry,) = (tmp_path / FOLDER).iterdir()
    content = bytearray(entry.read_bytes())
    content[-1] ^= 1
    for damaged in (content, content[:40], b""):
        entry.write_bytes(damaged)
        assert output(compile_cached(network, (b"a",), tmp_path)) == [2, 3]
    assert network.built == 4


def test_without_a_folder_nothing_is_kept(network, tmp_path):
    (tmp_path / "file").write_text("no folder")
    for cache in (None, tmp_path / "file"):
        assert output(compile_cached(network, (b"a",), cache)) == [2, 3]
    assert network.built == 2 and [path.name for path in tmp_path.iterdir()] == ["file"]
