"""The contrast between the lips grows as they part, whatever the light."""

import numpy as np
import pytest

from quality.opening import opening, opening_of, openings
from quality.view import Sight
from tests.quality.faces_drawn import face
from video.yuv import Frame


@pytest.mark.parametrize("teeth", [False, True])
def test_a_mouth_that_opens_is_more_open(teeth):
    values = [opening(*face(gap, teeth)) for gap in (0, 2, 5, 9, 14)]
    assert (np.diff(values) > 0.005).all()


def test_light_counts_for_nothing():
    for gap in (0, 8):
        assert opening(*face(gap, light=0.5)) == pytest.approx(opening(*face(gap)), rel=0.05)


def test_a_mouth_is_looked_for_where_its_landmarks_are():
    here, there = face(6), face(6, place=(7.0, -5.0))
    assert opening(*there) == pytest.approx(opening(*here), rel=0.02)


def test_a_landmark_that_trembles_does_not_open_the_mouth():
    crop, landmarks = face(0)
    seen = [opening(crop, landmarks + np.float32(shift)) for shift in np.linspace(-2, 2, 9)]
    assert np.ptp(seen) < 0.01 < opening(*face(3)) - max(seen)


def test_a_frame_without_a_face_has_none():
    frame = Frame.of_picture(np.zeros((4, 4, 3), np.uint8))
    crop, landmarks = face(5)
    seen = Sight(0, frame, None, None, crop, None, landmarks)
    unseen = Sight(1, frame, None, None, None, None, None)
    assert np.isnan(opening_of(unseen))
    assert np.isnan(openings([seen, unseen])).tolist() == [False, True]


def test_a_black_picture_is_no_error():
    _, landmarks = face(0)
    assert opening(np.zeros((192, 192, 3), np.uint8), landmarks) == 0
