from contextlib import closing

import pytest

from base.memory import peak_memory_mb
from pipeline.report import Clock


def test_each_passes_items_on_and_closes_its_source():
    closed = []

    def source():
        try:
            yield from range(10)
        finally:
            closed.append(True)

    clock = Clock()
    with closing(clock.each("counting", source())) as items:
        assert [next(items), next(items)] == [0, 1]
    assert closed and "counting" in clock.stages


def test_time_counts_even_if_a_stage_fails():
    clock = Clock()
    with pytest.raises(OSError), clock.stage("reading"):
        raise OSError
    assert clock.stages["reading"] >= 0


def test_peak_memory_is_that_of_this_process():
    assert 10 < peak_memory_mb() < 100_000
