import threading
from contextlib import closing

import pytest

from base.prefetch import prefetch


@pytest.fixture(autouse=True)
def no_thread_left():
    yield
    assert not [t for t in threading.enumerate() if t.name == "prefetch"]


def test_keeps_order():
    assert list(prefetch((i for i in range(100)), depth=2)) == list(range(100))


def test_an_error_in_the_source_reaches_the_caller():
    def source():
        yield 1
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        list(prefetch(source()))


def test_an_error_in_the_caller_stops_the_thread():
    made, closed = [], []

    def source():
        try:
            for i in range(1000):
                made.append(i)
                yield i
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError, match="boom"), closing(prefetch(source(), depth=4)) as items:
        for i in items:
            if i == 5:
                raise RuntimeError("boom")
    assert closed and len(made) < 100
