import numpy as np
import pytest

from base.errors import UsageError
from faces.face import Face, FaceTrack
from faces.smoothing import SMOOTH_MODES, Smoothing, local_fit, smoothed
from tests.faces.scenes import centres, face_at

PLAIN = Smoothing()
TEMPORAL = [Smoothing(temporal=True, window=w, mode=m) for w in (1, 3, 9) for m in SMOOTH_MODES]
EVERY = [PLAIN, *TEMPORAL]


def moving(count, way=lambda i: 100 + 3 * i, tremble=0.0):
    noise = np.random.default_rng(5).normal(0, 100 * tremble, (count, 2))
    return FaceTrack.of(face_at(way(i) + noise[i, 0], 80 + noise[i, 1], 100) for i in range(count))


def tremble(track):
    """How far each centre lies from the middle of its neighbours."""
    return np.abs(np.diff(centres(track), 2, axis=0)).mean()


@pytest.mark.parametrize("smoothing", EVERY, ids=str)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 30])
def test_even_motion_is_kept_to_both_ends_however_few_boxes(count, smoothing):
    """(mistake 12) Nothing lags, and fewer than five boxes are no special case."""
    track = moving(count)
    assert np.allclose(centres(smoothed(track, [0], smoothing)), centres(track), atol=1e-6)


@pytest.mark.parametrize("smoothing", EVERY, ids=str)
def test_the_past_counts_as_much_as_the_future(smoothing):
    """(mistake 12) A clip played backwards gives the track backwards."""
    track = moving(40, lambda i: 100 + 20 * np.sin(i / 4), tremble=0.01)
    backwards = FaceTrack(track.rows[::-1])
    forth, back = (centres(smoothed(each, [0], smoothing)) for each in (track, backwards))
    assert np.allclose(forth, back[::-1])


@pytest.mark.parametrize("smoothing", EVERY, ids=str)
def test_shots_are_not_mixed_at_a_cut(smoothing):
    """(mistake 12) Two shots together are smoothed as each alone."""
    one, two = moving(12, tremble=0.02), moving(9, lambda i: 300 - 2 * i, tremble=0.01)
    both = smoothed(FaceTrack.of([*one, *two]), [0, 12], smoothing)
    assert list(both)[:12] == list(smoothed(one, [0], smoothing))
    assert list(both)[12:] == list(smoothed(two, [0], smoothing))


def test_a_cut_behind_the_end_parts_nothing():
    """Of a source that is longer than its sound."""
    track = moving(12, tremble=0.02)
    assert list(smoothed(track, [0, 15], PLAIN)) == list(smoothed(track, [0], PLAIN))


def test_a_loss_parts_the_track_as_a_cut_does():
    """(mistake 12)"""
    one, two = moving(12, tremble=0.02), moving(9, lambda i: 300 - 2 * i, tremble=0.01)
    both = smoothed(FaceTrack.of([*one, None, *two]), [0], PLAIN)
    assert both[12] is None
    assert list(both)[:12] == list(smoothed(one, [0], PLAIN))
    assert list(both)[13:] == list(smoothed(two, [0], PLAIN))


def test_a_resting_face_stops_trembling():
    track = moving(200, lambda i: 100, tremble=0.003)
    assert tremble(smoothed(track, [0], PLAIN)) < 0.15 * tremble(track)


def test_a_nod_is_neither_flattened_nor_late():
    way = 100 + 20 * np.sin(2 * np.pi * np.arange(90) / 15)  # two nods a second
    x = centres(smoothed(moving(90, way.__getitem__, tremble=0.002), [0], PLAIN))[:, 0] - 100
    lags = {lag: np.dot(x[10:-10], np.roll(way - 100, lag)[10:-10]) for lag in range(-4, 5)}
    assert max(lags, key=lags.get) == 0
    assert 0.93 < x.std() / way.std() < 1.02


def test_box_and_landmarks_move_together():
    """(mistake 17) What is cut out and where it is pasted is steadied as one, in every mode."""
    track = moving(40, lambda i: 100 + 15 * np.sin(i / 2), tremble=0.01)
    for smoothing in TEMPORAL:
        after = smoothed(track, [0], smoothing)
        assert not np.allclose(centres(after), centres(track), atol=0.5)
        for face in after:
            parts = face.landmarks.points() - face.box.centre
            assert np.allclose(parts, track[0].landmarks.points() - track[0].box.centre, atol=1e-6)


def test_stronger_modes_are_calmer():
    track = moving(60, lambda i: 100 + 5 * np.sin(i / 2), tremble=0.01)
    left = [
        tremble(smoothed(track, [0], Smoothing(temporal=True, mode=mode))) for mode in SMOOTH_MODES
    ]
    assert left == sorted(left, reverse=True)
    assert left[0] < tremble(smoothed(track, [0], PLAIN))


def test_nosmooth_changes_nothing():
    track = moving(20, tremble=0.02)
    assert smoothed(track, [0], Smoothing(steady=False)) == track


def test_sizes_stay_positive_and_scores_stay():
    faces = [face_at(100, 80, width, 0.8) for width in (5, 300, 5, 300, 4, 5)]
    after = smoothed(FaceTrack.of(faces), [0], PLAIN)
    assert all(face.box.width > 0 and face.score == 0.8 for face in after)
    assert all(isinstance(face, Face) for face in after)


def test_the_fit_of_a_parabola_is_the_parabola():
    times = np.arange(25.0)[:, None]
    rows = 3 + 0.5 * times - 0.1 * times**2
    assert np.allclose(local_fit(rows, 2.0, degree=2), rows)


@pytest.mark.parametrize("wrong", [{"window": 0}, {"mode": "heavy"}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(UsageError, match="--smooth"):
        Smoothing(**wrong)


def test_a_long_track_is_fitted_in_blocks_that_nobody_sees(monkeypatch):
    track = moving(100, lambda i: 100 + 20 * np.sin(i / 4), tremble=0.01)
    for smoothing in EVERY:
        whole = smoothed(track, [0], smoothing)
        with monkeypatch.context() as patch:
            patch.setattr("faces.smoothing.BLOCK", 7)
            assert np.allclose(smoothed(track, [0], smoothing).rows, whole.rows, atol=1e-9)
