"""The contrast between the lips grows as they part, whatever the light."""

import numpy as np
import pytest

from quality.comparison import ComparedFrame
from quality.opening import WIDTHS, mouth_opening, mouth_openings, opening_by_light
from tests.quality.drawn_faces import mouth_crop
from video.yuv import Frame


@pytest.mark.parametrize("teeth", [False, True])
def test_a_mouth_that_opens_is_more_open(teeth):
    values = [mouth_opening(*mouth_crop(gap, teeth)) for gap in (0, 2, 5, 9, 14)]
    assert (np.diff(values) > 0.005).all()


def test_light_counts_for_nothing():
    for gap in (0, 8):
        dim, bright = (mouth_opening(*mouth_crop(gap, light=light)) for light in (0.5, 1.0))
        assert dim == pytest.approx(bright, rel=0.05)


def test_a_mouth_is_looked_for_where_its_landmarks_are():
    here, there = mouth_crop(6), mouth_crop(6, shift=(7.0, -5.0))
    assert mouth_opening(*there) == pytest.approx(mouth_opening(*here), rel=0.02)


def test_a_landmark_that_trembles_does_not_open_the_mouth():
    crop, landmarks = mouth_crop(0)
    values = [mouth_opening(crop, landmarks + np.float32(shift)) for shift in np.linspace(-2, 2, 9)]
    assert np.ptp(values) < 0.01 < mouth_opening(*mouth_crop(3)) - max(values)


def test_a_frame_without_a_face_has_none():
    frame = Frame.of_picture(np.zeros((4, 4, 3), np.uint8))
    crop, landmarks = mouth_crop(5)
    with_face = ComparedFrame(0, frame, None, None, crop, None, landmarks)
    without = ComparedFrame(1, frame, None, None, None, None, None)
    assert np.isnan(opening_by_light(without))
    openings = mouth_openings([with_face, without])
    assert np.isnan(openings.result).tolist() == [False, True]
    assert (openings.seen_by, openings.lips_seen) == ("light", 0.0)
    assert openings.result[0] == pytest.approx(WIDTHS * mouth_opening(crop, landmarks))


def test_a_black_picture_is_no_error():
    _, landmarks = mouth_crop(0)
    assert mouth_opening(np.zeros((192, 192, 3), np.uint8), landmarks) == 0
