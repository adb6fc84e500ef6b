import numpy as np
import pytest

from base.errors import UsageError
from faces.face import Face, FaceTrack
from faces.smoothing import SMOOTH_MODES, Smoothing, local_fit, smooth_track
from tests.cases import each
from tests.faces.scenes import centres, face_at

PLAIN = Smoothing()
TEMPORAL = [Smoothing(temporal=True, window=w, mode=m) for w in (1, 3, 9) for m in SMOOTH_MODES]
EVERY = [PLAIN, *TEMPORAL]


def moving(count, position=lambda i: 100 + 3 * i, jitter=0.0):
    """A track whose centre x is `position(frame)`, with noise relative to its width of 100."""
    noise = np.random.default_rng(5).normal(0, 100 * jitter, (count, 2))
    return FaceTrack.of(
        face_at(position(i) + noise[i, 0], 80 + noise[i, 1], 100) for i in range(count)
    )


def roughness(track):
    """The mean second difference of the centres."""
    return np.abs(np.diff(centres(track), 2, axis=0)).mean()


@each("smoothing", EVERY)
@each("count", [1, 2, 3, 4, 5, 6, 30])
def test_even_motion_is_kept_to_both_ends_however_few_boxes(count, smoothing):
    """Nothing lags, and tracks of fewer than five faces are no special case."""
    track = moving(count)
    assert np.allclose(centres(smooth_track(track, [0], smoothing)), centres(track), atol=1e-6)


@pytest.mark.parametrize("smoothing", EVERY, ids=str)
def test_the_past_counts_as_much_as_the_future(smoothing):
    """A clip played backwards gives the track backwards."""
    track = moving(40, lambda i: 100 + 20 * np.sin(i / 4), jitter=0.01)
    backwards = FaceTrack(track.rows[::-1])
    forth, back = (centres(smooth_track(each, [0], smoothing)) for each in (track, backwards))
    assert np.allclose(forth, back[::-1])


@pytest.mark.parametrize("smoothing", EVERY, ids=str)
def test_shots_are_not_mixed_at_a_cut(smoothing):
    """Two shots in one track are smoothed as each alone."""
    first, second = moving(12, jitter=0.02), moving(9, lambda i: 300 - 2 * i, jitter=0.01)
    both = smooth_track(FaceTrack.of([*first, *second]), [0, 12], smoothing)
    assert list(both)[:12] == list(smooth_track(first, [0], smoothing))
    assert list(both)[12:] == list(smooth_track(second, [0], smoothing))


def test_a_cut_behind_the_end_changes_nothing():
    """A source may be longer than its sound."""
    track = moving(12, jitter=0.02)
    assert list(smooth_track(track, [0, 15], PLAIN)) == list(smooth_track(track, [0], PLAIN))


def test_a_frame_without_the_face_separates_runs_as_a_cut_does():
    first, second = moving(12, jitter=0.02), moving(9, lambda i: 300 - 2 * i, jitter=0.01)
    both = smooth_track(FaceTrack.of([*first, None, *second]), [0], PLAIN)
    assert both[12] is None
    assert list(both)[:12] == list(smooth_track(first, [0], PLAIN))
    assert list(both)[13:] == list(smooth_track(second, [0], PLAIN))


def test_the_jitter_of_a_resting_face_is_removed():
    track = moving(200, lambda i: 100, jitter=0.003)
    assert roughness(smooth_track(track, [0], PLAIN)) < 0.15 * roughness(track)


def test_a_nod_is_neither_flattened_nor_late():
    path = 100 + 20 * np.sin(2 * np.pi * np.arange(90) / 15)  # two nods a second
    x = centres(smooth_track(moving(90, path.__getitem__, jitter=0.002), [0], PLAIN))[:, 0] - 100
    lags = {lag: np.dot(x[10:-10], np.roll(path - 100, lag)[10:-10]) for lag in range(-4, 5)}
    assert max(lags, key=lags.get) == 0
    assert 0.93 < x.std() / path.std() < 1.02


def test_box_and_landmarks_move_together():
    """In every mode they are smoothed as one, since the face is cut and pasted by both."""
    track = moving(40, lambda i: 100 + 15 * np.sin(i / 2), jitter=0.01)
    for smoothing in TEMPORAL:
        after = smooth_track(track, [0], smoothing)
        assert not np.allclose(centres(after), centres(track), atol=0.5)
        for face in after:
            parts = face.landmarks.points() - face.box.centre
            assert np.allclose(parts, track[0].landmarks.points() - track[0].box.centre, atol=1e-6)


def test_stronger_modes_are_calmer():
    track = moving(60, lambda i: 100 + 5 * np.sin(i / 2), jitter=0.01)
    remaining = [
        roughness(smooth_track(track, [0], Smoothing(temporal=True, mode=mode)))
        for mode in SMOOTH_MODES
    ]
    assert remaining == sorted(remaining, reverse=True)
    assert remaining[0] < roughness(smooth_track(track, [0], PLAIN))


def test_nosmooth_changes_nothing():
    track = moving(20, jitter=0.02)
    assert smooth_track(track, [0], Smoothing(remove_jitter=False)) == track


def test_sizes_stay_positive_and_scores_stay():
    faces = [face_at(100, 80, width, 0.8) for width in (5, 300, 5, 300, 4, 5)]
    after = smooth_track(FaceTrack.of(faces), [0], PLAIN)
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


def test_fitting_in_blocks_changes_nothing(monkeypatch):
    track = moving(100, lambda i: 100 + 20 * np.sin(i / 4), jitter=0.01)
    for smoothing in EVERY:
        whole = smooth_track(track, [0], smoothing)
        with monkeypatch.context() as patch:
            patch.setattr("faces.smoothing.BLOCK", 7)
            assert np.allclose(smooth_track(track, [0], smoothing).rows, whole.rows, atol=1e-9)
