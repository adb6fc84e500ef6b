import numpy as np
import pytest

from base.geometry import Box, Landmarks
from faces.face import Face, FaceTrack
from tests.faces.scenes import face_at


def test_a_score_lies_between_0_and_1():
    box = Box(0, 10, 0, 10)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Face(box, Landmarks.fixed(box), 1.2)


def test_a_track_refuses_rows_that_are_no_face():
    valid = FaceTrack.of([face_at(50, 50, 20)]).rows
    for column, wrong in (
        (0, 1.1),
        (0, -0.1),
        (0, np.nan),
        (1, 80.0),
        (3, 60.0),
        (9, np.nan),
        (2, np.inf),
    ):
        rows = valid.copy()
        rows[0, column] = wrong
        with pytest.raises(ValueError, match="track"):
            FaceTrack(rows)
    for rows in (valid[0], valid[:, :4]):
        with pytest.raises(ValueError, match="numbers for every frame"):
            FaceTrack(rows)


def test_a_track_returns_its_faces_to_the_bit():
    faces = [face_at(50 / 3, 50, 20 / 7, 0.3), None, face_at(-10, 1e4, 0.1)]
    assert list(FaceTrack.of(faces)) == faces


def test_a_track_counts_the_frames_with_the_face():
    track = FaceTrack.of([face_at(50, 50, 20), None, face_at(52, 50, 20)])
    assert (len(track), track.face_count, track[1]) == (3, 2, None)
    assert [face is None for face in track] == [False, True, False]


def test_a_scaled_track_scales_boxes_and_landmarks():
    track = FaceTrack.of([face_at(50, 40, 20), None]).scaled(2.5)
    large = face_at(125, 100, 50)
    assert track[0].box.bottom == pytest.approx(large.box.bottom)
    assert np.allclose(track[0].landmarks.points(), large.landmarks.points())
    assert track[1] is None
