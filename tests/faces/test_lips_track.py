import numpy as np
import pytest

from base.lips import POINTS, Lips
from faces.face import FaceTrack
from faces.lips_smoothing import LONGEST_GAP, STABLE, smooth_lips
from faces.lips_track import LipsTrack, in_steps
from faces.smoothing import Smoothing
from tests.faces.scenes import face_at

SHAPE = np.random.default_rng(7).uniform(-50, 50, (POINTS, 2))
INNER = slice(20, 31)
MIDDLE = np.array([300, 240])
PLAIN = Smoothing()


def track_of(points, missing=()):
    """A track with lips at these points, (frames, POINTS, 2); none in the frames `missing`."""
    places, steps = in_steps(points)
    places[list(missing)] = np.nan
    rows = FaceTrack.of(face_at(300, 200, 100) for _ in points).rows
    return FaceTrack(rows, LipsTrack(places, steps))


def still(frames, noise=0.0, seed=1):
    points = np.tile(SHAPE + MIDDLE, (frames, 1, 1))
    return points + np.random.default_rng(seed).normal(0, noise or 1e-9, points.shape)


def smoothed(points, cuts=(0,), smoothing=PLAIN, missing=()):
    track = track_of(points, missing)
    smooth_lips(track, list(cuts), smoothing)
    return track.lips.points(slice(None))


def test_lips_are_kept_to_a_hundredth_of_a_pixel():
    face = face_at(300, 200, 100)
    points = (SHAPE * 3 + [700.3, -20]).astype(np.float32)
    track = FaceTrack.of([None, face, type(face)(face.box, face.landmarks, 1.0, Lips(points))])
    assert track[0] is None and track[1].lips is None
    assert np.abs(track[2].lips.points - points).max() < 0.01
    assert track[-1].lips.points.shape == (POINTS, 2)


def test_a_track_without_lips_holds_none():
    assert FaceTrack.of([face_at(50, 50, 20), None]).lips is None


def test_scaled_lips_are_larger_and_share_their_steps():
    track = track_of(still(2))
    large = track.scaled(2.5)
    assert np.allclose(large[1].lips.points, 2.5 * track[1].lips.points, atol=0.01)
    assert large.lips.steps is track.lips.steps


def test_equal_tracks_have_equal_lips():
    assert track_of(still(3)) == track_of(still(3)) != track_of(still(3) + 1)
    assert track_of(still(3)) != FaceTrack(track_of(still(3)).rows)


@pytest.mark.parametrize(
    ("places", "steps"),
    [
        (np.ones((2, 3)), np.zeros((3, POINTS, 2))),
        (np.ones((2, 2)), np.zeros((2, POINTS, 2))),
        (np.array([[1, np.nan, 1]]), np.zeros((1, POINTS, 2))),
        (np.array([[1, 1, 0]]), np.zeros((1, POINTS, 2))),
    ],
)
def test_what_is_no_track_of_lips_is_refused(places, steps):
    with pytest.raises(ValueError, match="track"):
        LipsTrack(places.astype(np.float32), steps.astype(np.int16))
    with pytest.raises(ValueError, match="other frames"):
        FaceTrack(FaceTrack.of([None]).rows, track_of(still(2)).lips)


def test_the_tremble_of_resting_lips_is_removed():
    rough = [
        np.abs(np.diff(points, 2, axis=0)).mean()
        for points in (smoothed(still(120, 0.04)), still(120, 0.04))
    ]
    assert rough[0] < 0.3 * rough[1]


@pytest.mark.parametrize("speed", [1, 3, 5])
def test_openings_keep_their_peaks(speed):
    """Of five a second, 95 %; nothing lags."""
    opening = 6 * (1 - np.cos(2 * np.pi * speed * np.arange(75) / 25)) / 2
    points = still(75, 0.03)
    points[:, INNER, 1] += opening[:, None]
    after = smoothed(points)[:, INNER, 1].mean(1)
    before = opening + (SHAPE + MIDDLE)[INNER, 1].mean()
    kept = np.ptp(after[10:-10]) / np.ptp(before[10:-10])
    assert 0.95 < kept < 1.05 and np.abs(after - before).max() < 0.3


def test_a_nod_is_neither_flattened_nor_late():
    nod = 25 * np.sin(2 * np.pi * np.arange(60) / 12)
    points = still(60, 0.03) + np.stack([0 * nod, nod], 1)[:, None]
    assert np.abs(smoothed(points) - points).mean() < 0.15


def test_the_head_s_motion_is_that_of_points_that_do_not_speak():
    """A jaw that drops is the lips' own motion, not the head's."""
    points = still(40)
    chin = [row for row in range(POINTS) if row not in STABLE]
    points[20, chin, 1] += 30
    after = smoothed(points)
    assert np.abs(after[:, STABLE] - points[:, STABLE]).max() < 0.02


def test_lips_are_not_mixed_across_a_cut_or_a_gap():
    first, second = still(12, 0.3), still(20, 0.3, 2) + MIDDLE / 5
    alone = np.concatenate([smoothed(first), smoothed(second)])
    both = np.concatenate([first, second])
    assert np.allclose(smoothed(both, [0, 12]), alone, atol=0.01)
    gap = still(LONGEST_GAP + 1)
    apart = smoothed(np.concatenate([first, gap, second]), missing=range(12, 13 + LONGEST_GAP))
    assert np.isnan(apart[12 : 13 + LONGEST_GAP]).all()
    assert np.allclose(np.delete(apart, range(12, 13 + LONGEST_GAP), 0), alone, atol=0.01)


def test_a_short_gap_is_bridged_within_a_shot_only():
    points = still(30) + np.arange(30)[:, None, None] * [3, 1]
    after = smoothed(points, missing=range(10, 13))
    assert np.allclose(after, points, atol=0.05)
    assert np.isnan(smoothed(points, [0, 12], missing=range(10, 13))[10:13]).all()


@pytest.mark.parametrize(
    "smoothing", [PLAIN, Smoothing(temporal=True, window=5), Smoothing(False, True)]
)
def test_fitting_in_blocks_changes_nothing(monkeypatch, smoothing):
    points = still(100, 0.3) + 9 * np.sin(np.arange(100) / 4)[:, None, None]
    whole = smoothed(points, smoothing=smoothing)
    monkeypatch.setattr("faces.lips_smoothing.BLOCK", 7)
    assert np.allclose(smoothed(points, smoothing=smoothing), whole, atol=0.01)
    assert not np.allclose(whole, points, atol=0.05)


def test_nosmooth_changes_nothing():
    points = still(20, 0.3)
    assert np.allclose(
        smoothed(points, smoothing=Smoothing(remove_jitter=False)), points, atol=0.01
    )


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_frames_are_no_special_case(count):
    points = still(count)
    assert np.allclose(smoothed(points), points, atol=0.01)
