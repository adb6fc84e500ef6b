import weakref
from dataclasses import replace

import cv2
import numpy as np
import pytest

from base.errors import UsageError
from base.geometry import Box, Landmarks
from faces.face import Face, FaceTrack
from faces.gaps import bridge_gaps, drop_doubtful_runs, extend_to_shot_ends
from faces.smoothing import Smoothing
from faces.track import TrackSettings
from tests.faces.scenes import (
    BLUE,
    GREEN,
    RED,
    RectangleDetector,
    centres,
    face_at,
    painted,
    scene,
    track,
    track_in_box,
)

RAW = Smoothing(remove_jitter=False)


def xs(faces):
    return centres(faces)[:, 0]


def test_frames_without_a_face_have_none_and_the_others_keep_theirs(mtcnn, portrait):
    blank = np.full_like(portrait, 120)
    faces = track([portrait, portrait, *[blank] * 8, portrait], mtcnn)
    assert [face is None for face in faces] == [False] * 2 + [True] * 8 + [False]


def test_no_face_anywhere_is_an_empty_track(mtcnn):
    faces = track([np.full((90, 160, 3), 90, np.uint8)] * 7, mtcnn)
    assert (len(faces), faces.face_count) == (7, 0)


def test_no_pictures_give_no_faces():
    assert len(track([], RectangleDetector())) == 0


def test_a_still_has_its_face(mtcnn, portrait):
    (face,) = track([portrait], mtcnn)
    assert face.box.left < face.landmarks.nose[0] < face.box.right


@pytest.mark.parametrize("stride", [1, 3, 5])
def test_the_track_stays_with_one_person(stride):
    """Scores and sizes that change from frame to frame do not move the track to another person."""
    turn = iter(range(10_000))
    detector = RectangleDetector(
        lambda colour: 0.91 + 0.08 * (next(turn) // 3 % 2 == (colour == RED))
    )
    pictures = [
        painted((RED, 80 + i, 120, 50), (GREEN, 230, 120, 44 + 12 * (i % 2))) for i in range(40)
    ]
    faces = track(pictures, detector, TrackSettings(stride=stride, select="left"))
    assert np.allclose(xs(faces), 80 + np.arange(40), atol=2)


def test_the_track_stays_with_one_of_two_real_faces(mtcnn, portrait):
    small = cv2.resize(portrait[:, ::-1], (220, 220), interpolation=cv2.INTER_AREA)
    pictures = [scene(560, 300, (portrait, 2 * i, 0), (small, 320 - 2 * i, 40)) for i in range(12)]
    left = track(pictures, mtcnn)
    right = track(pictures, mtcnn, TrackSettings(select="right"))
    assert left.face_count == right.face_count == 12
    assert np.all(np.diff(xs(left)) > 0) and np.all(np.diff(xs(right)) < 0)


def test_after_a_cut_the_person_is_recognised_by_appearance():
    """The rule alone would select the other person, who is larger there."""
    first = [painted((RED, 80, 120, 60), (GREEN, 230, 120, 50))] * 6
    second = [painted((GREEN, 90, 120, 80), (RED, 250, 120, 50), ground=200)] * 6
    assert np.allclose(xs(track(first + second, RectangleDetector())), [80] * 6 + [250] * 6, atol=1)


def test_when_the_person_leaves_nobody_else_is_followed():
    """A bystander of the shot does not take over; the person is followed again on return."""
    both = painted((RED, 80, 120, 60), (GREEN, 230, 120, 50))
    alone = painted((GREEN, 230, 120, 50))
    back = painted((RED, 100, 120, 60), (GREEN, 230, 120, 50))
    faces = track([both] * 7 + [alone] * 12 + [back] * 5, RectangleDetector())
    assert np.isnan(xs(faces)[7:19]).all()
    assert np.allclose(xs(faces)[[0, 6, 19, 23]], [80, 80, 100, 100], atol=1)


def test_the_person_comes_back_where_it_was_lost():
    """Of two faces that appear, the nearer one is followed, whatever the rule says."""
    alone, nobody = painted((RED, 80, 120, 50)), painted()
    two = painted((BLUE, 100, 120, 50), (GREEN, 230, 120, 70))
    faces = track([alone] * 6 + [nobody] * 8 + [two] * 6, RectangleDetector())
    assert np.allclose(xs(faces)[14:], 100, atol=1)


def test_a_detection_corrects_a_face_that_drifts():
    class Drifting(RectangleDetector):
        def refine(self, picture, face):
            refined = super().refine(picture, face)
            shift = face.box.centre[0] + 2 - refined.box.centre[0]
            return replace(refined, box=refined.box.padded(0, 0, -shift, shift))

    faces = track([painted((RED, 100, 120, 50))] * 40, Drifting(), TrackSettings(smoothing=RAW))
    assert np.abs(xs(faces) - 100).max() <= 20


def test_an_uncertain_face_is_not_followed_for_long():
    class Credulous(RectangleDetector):
        def refine(self, picture, face):
            return super().refine(picture, face) or Face(face.box, face.landmarks, 0.7)

    pictures = [painted((RED, 100, 120, 50))] * 8 + [painted()] * 30
    faces = track(pictures, Credulous())
    assert not np.isnan(xs(faces)[:8]).any()
    assert np.isnan(xs(faces)[13:]).all()


def test_boxes_of_two_shots_are_not_mixed():
    """The frames at a cut are as exact as any other."""
    pictures = [painted((RED, 80, 120, 60))] * 9 + [painted((RED, 100, 110, 40), ground=190)] * 9
    faces = track(pictures, RectangleDetector())
    assert np.allclose(xs(faces), [80] * 9 + [100] * 9, atol=0.2)


@pytest.mark.parametrize("stride", [1, 2, 5, 8])
def test_boxes_follow_the_face_between_detections(stride):
    """No box stays until the next detection."""
    detector = RectangleDetector()
    pictures = [painted((RED, 60 + 4 * i, 120, 50)) for i in range(40)]
    faces = track(pictures, detector, TrackSettings(stride=stride, smoothing=RAW))
    assert np.allclose(xs(faces), 60 + 4 * np.arange(40), atol=1)
    assert detector.detections == pytest.approx(40 / stride, abs=1)


def test_boxes_of_a_real_face_follow_it_between_detections(mtcnn, portrait):
    pictures = [scene(420, 288, (portrait, 4 * i, 0)) for i in range(16)]
    steps = np.diff(xs(track(pictures, mtcnn)))
    assert np.allclose(steps, 4, atol=1)


def test_box_and_landmarks_of_a_real_face_are_smoothed_together(mtcnn, portrait):
    """The mouth keeps its place in the box, however strongly both are smoothed."""
    shifts = 10 * np.sin(np.arange(20) / 2)
    pictures = [scene(340, 288, (portrait, 20 + x, 0)) for x in shifts]
    strong = Smoothing(temporal=True, window=5, mode="strong")
    faces = track(pictures, mtcnn, TrackSettings(smoothing=strong))
    mouth = np.array([face.landmarks.mouth_centre for face in faces])
    assert np.std(mouth - centres(faces), axis=0).max() < 0.01 * faces[0].box.width
    assert np.std(xs(faces)) < 0.7 * np.std(shifts)


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    pictures = [painted((RED, 60 + 4 * i, 120, 50)) for i in range(30)]
    for index in [*range(6, 9), *range(15, 25)]:
        pictures[index] = painted()
    faces = track(pictures, RectangleDetector(), TrackSettings(smoothing=RAW))
    assert np.allclose(xs(faces)[:15], 60 + 4 * np.arange(15), atol=1)
    assert np.isnan(xs(faces)[15:25]).all()
    assert not np.isnan(xs(faces)[25:]).any()


def test_no_gap_is_bridged_across_a_cut():
    before, after = face_at(100, 100, 50), face_at(110, 100, 50)
    gap = FaceTrack.of((before, None, None, after))
    assert bridge_gaps(gap, [0], 2).face_count == 4
    assert bridge_gaps(gap, [0], 1) == gap
    for cut in (1, 2, 3):
        assert bridge_gaps(gap, [0, cut], 5) == gap
    far = FaceTrack.of((before, None, face_at(300, 100, 50)))
    assert bridge_gaps(far, [0], 5) == far


def test_an_uncertain_face_gives_way_to_a_certain_one():
    """Folded hands may look like a face for a moment; an uncertain face is better than none."""
    detector = RectangleDetector({RED: 0.75, GREEN: 0.99, BLUE: 0.8}.__getitem__)
    hands, person = painted((RED, 80, 120, 60)), painted((RED, 80, 120, 60), (GREEN, 230, 120, 40))
    faces = track([hands] * 7 + [person] * 10, detector)
    assert np.isnan(xs(faces)[:7]).all()
    assert np.allclose(xs(faces)[10:], 230, atol=1)
    assert track([hands] * 4, detector).face_count == 4


def test_doubtful_runs_stay_if_there_are_no_others():
    doubtful, certain = face_at(100, 100, 50, 0.7), face_at(100, 100, 50, 0.95)
    assert drop_doubtful_runs(FaceTrack.of((doubtful, None, doubtful)), [0]).face_count == 2
    assert drop_doubtful_runs(FaceTrack.of((doubtful, None, doubtful, certain)), [0])[0] is None
    assert (
        drop_doubtful_runs(FaceTrack.of((doubtful, None, doubtful, certain)), [0]).face_count == 2
    )


def test_a_numbered_face_is_followed_as_soon_as_there_are_so_many():
    pictures = [painted((RED, 80, 120, 50))] * 4
    pictures += [painted((RED, 80, 120, 50), (GREEN, 230, 120, 50))] * 6
    faces = track(pictures, RectangleDetector(), TrackSettings(select="1"))
    assert np.isnan(xs(faces)[:4]).all()
    assert np.allclose(xs(faces)[4:], 230, atol=1)


def test_jitter_is_removed_unless_nosmooth():
    pictures = [painted((RED, 100, 120, 80))] * 60
    smooth, raw = (
        track(pictures, RectangleDetector(jitter=0.003), TrackSettings(smoothing=smoothing))
        for smoothing in (Smoothing(), RAW)
    )
    jitter = [np.abs(np.diff(xs(faces), 2)).mean() for faces in (smooth, raw)]
    assert jitter[0] < 0.2 * jitter[1]


def test_pictures_are_taken_one_at_a_time():
    alive = weakref.WeakSet()
    most = 0

    class WatchedPicture(np.ndarray):
        """A picture that a WeakSet can hold."""

        __hash__ = object.__hash__

    def pictures():
        nonlocal most
        for index in range(30):
            picture = painted((RED, 100 + index, 120, 50)).view(WatchedPicture)
            alive.add(picture)
            most = max(most, len(alive))
            yield picture

    assert track(pictures(), RectangleDetector()).face_count == 30
    assert most <= 3


def test_pictures_are_not_changed(mtcnn, portrait):
    before = portrait.copy()
    track([portrait] * 3, mtcnn)
    assert np.array_equal(portrait, before)


@pytest.mark.parametrize(
    ("wrong", "flag"),
    [({"stride": 0}, "stride"), ({"select": "tall"}, "select"), ({"longest_gap": -1}, "gap")],
)
def test_wrong_settings_are_refused(wrong, flag):
    with pytest.raises(UsageError, match=flag):
        TrackSettings(**wrong)


def test_a_fixed_box_stays_and_gets_the_face_s_landmarks(mtcnn, portrait):
    (face,) = track([portrait], mtcnn)
    box = Box(face.box.top - 5, face.box.bottom + 12, face.box.left - 6, face.box.right + 4)
    faces = track_in_box(box, [portrait, scene(288, 288, (portrait, 3, 2))], mtcnn)
    assert [f.box for f in faces] == [box, box]
    error = faces[0].landmarks.points() - face.landmarks.points()
    assert np.abs(error).max() < 0.05 * box.width
    assert np.allclose(
        np.subtract(faces[1].landmarks.nose, faces[0].landmarks.nose), (3, 2), atol=1.5
    )


def test_a_fixed_box_without_a_face_has_the_average_face_s_landmarks(mtcnn, portrait):
    box = Box(10, 60, 5, 45)
    blank = [np.full_like(portrait, 90)] * 3
    for faces in (track_in_box(box, blank, mtcnn), track_in_box(box, iter(blank), None)):
        assert [face.landmarks for face in faces] == [Landmarks.fixed(box)] * 3


def test_in_a_fixed_box_every_gap_of_a_shot_is_bridged():
    box = face_at(100, 120, 50).box
    visible, next_shot = painted((RED, 104, 120, 50)), painted(ground=220)
    faces = track_in_box(
        box,
        [painted(), visible, *[painted()] * 9, visible, painted(), next_shot],
        RectangleDetector(),
    )
    noses = np.array([face.landmarks.nose[0] for face in faces])
    assert np.allclose(noses[:-1], 104, atol=0.2)
    assert faces[-1].landmarks == Landmarks.fixed(box)


def test_extending_stays_within_shots():
    a, b = face_at(100, 100, 50), face_at(200, 100, 50)
    faces = extend_to_shot_ends(FaceTrack.of((None, a, None, None, b, None, None)), [0, 3, 6])
    assert tuple(faces) == (a, a, a, b, b, b, None)
