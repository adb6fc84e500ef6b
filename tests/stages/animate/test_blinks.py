import numpy as np
import pytest

from stages.animate.blinks import MARGIN, Blink, Blinks
from tests.slow import rest_slow

FPS = 25.0


def closed(blinks, seconds, fps=FPS):
    """(frames,): how far the eyes are closed."""
    return np.array([blinks.at(frame / fps) for frame in range(round(seconds * fps))])


def spans(closure):
    """First and last frame of each blink that is seen."""
    seen = np.flatnonzero(np.diff(np.r_[0, closure > 0.05, 0]))
    return seen.reshape(-1, 2)


@pytest.mark.parametrize("seed", rest_slow(range(6), 2))
def test_eyes_blink_as_often_and_as_long_as_peoples(seed):
    blinks = Blinks.of(np.random.default_rng(seed), 180, FPS)
    found = spans(closed(blinks, 180, 200))
    assert 3 * 12 <= len(found) <= 3 * 20
    lengths = (found[:, 1] - found[:, 0]) / 200
    assert lengths.min() >= 0.1 and lengths.max() <= 0.3


def test_gaps_between_blinks_are_uneven():
    found = spans(closed(Blinks.of(np.random.default_rng(1), 300, FPS), 300))
    gaps = np.diff(found[:, 0]) / FPS
    assert gaps.std() > 0.35 * gaps.mean() and gaps.min() > 0.4


@pytest.mark.parametrize("fps", [24.0, 25.0, 30000 / 1001, 60.0])
def test_every_blink_closes_the_eyes_in_a_frame(fps):
    closure = closed(Blinks.of(np.random.default_rng(2), 60, fps), 60, fps)
    for first, last in spans(closure):
        assert closure[first:last].max() == 1


def test_lids_fall_faster_than_they_rise():
    closure = closed(Blinks.of(np.random.default_rng(3), 60, FPS), 60, 500)
    for first, last in spans(closure):
        peak = first + int(np.argmax(closure[first:last]))
        assert peak - first < last - peak


@pytest.mark.parametrize("seconds", [0.04, 0.5, 1, 2, 4, 10])
def test_none_is_cut_off_by_the_ends(seconds):
    for seed in range(20):
        blinks = Blinks.of(np.random.default_rng(seed), seconds, FPS).blinks
        assert all(blink.start > 0 and blink.end < seconds for blink in blinks)
        assert len(blinks) <= max(1, seconds / 60 * 20)
    assert MARGIN > 0.3


def test_a_blink_begins_and_ends_open():
    blink = Blink(1.0, 0.08, 0.02, 0.12)
    assert [blink.at(blink.start), blink.at(blink.end)] == pytest.approx([0, 0])
    assert blink.at(1.0) == 1
    assert 0 < blink.at(0.95) < 1
