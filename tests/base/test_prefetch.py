import threading
from contextlib import closing

import pytest

from base.prefetch import check_wanted, prefetch, wanted_while


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


def test_a_long_computation_hears_that_it_is_not_wanted():
    """Also two threads away, where the one between waits for it."""
    begun, asked = threading.Event(), []

    def endless():
        begun.set()
        while True:
            asked.append(True)
            check_wanted()
        yield

    def between():
        with closing(prefetch(endless())) as inner:
            yield 1
            yield from inner

    with closing(prefetch(between())) as items:
        next(items)
        assert begun.wait(10)
    assert asked


def test_a_check_of_the_consumer_ends_what_runs_ahead():
    def refuse():
        raise RuntimeError("no more")

    def asking():
        check_wanted()
        yield 1

    with wanted_while(refuse), pytest.raises(RuntimeError, match="no more"):
        list(prefetch(asking()))
    assert list(prefetch(asking())) == [1]
