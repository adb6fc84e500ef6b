"""The result's frames beside the source's, and the face cut upright_transform out of both."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from base.geometry import Affine, Box, Landmarks
from faces.face import Face, FaceTrack
from quality import comparison
from quality.comparison import CROP_SIDE, Comparison, compared_frames, upright_transform
from tests.media import make_picture, make_video, number_of, numbered
from video.shape import Shape
from video.yuv import Frame

FACE = Landmarks((60, 50), (100, 50), (80, 70), (65, 90), (95, 90))


def rotated(landmarks, degrees):
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return landmarks.mapped(Affine(cos, -sin, 100, sin, cos, 60))


def still_track(landmarks, frames):
    return FaceTrack.of([Face(Box(20, 120, 40, 120), landmarks, 1.0)] * frames)


@pytest.mark.parametrize("degrees", [-50, 0, 30])
def test_a_face_stands_upright_in_its_crop(degrees):
    points = upright_transform(rotated(FACE, degrees))(rotated(FACE, degrees).points())
    assert points[0, 1] == pytest.approx(points[1, 1])
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    assert eyes == pytest.approx((CROP_SIDE / 2, comparison.EYES_ROW * CROP_SIDE))
    assert mouth == pytest.approx((CROP_SIDE / 2, comparison.MOUTH_ROW * CROP_SIDE))


def test_eyes_in_one_place_are_no_face():
    assert upright_transform(Landmarks((60, 50), (60, 50), (80, 70), (65, 90), (95, 90))) is None


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5, 6.0])
def test_a_crop_shows_each_point_where_its_landmark_is(scale):
    """In small faces, and in large ones, which are averaged first."""
    large = FACE.mapped(Affine(scale, 0, 7.3, 0, scale, 3.8))
    size = round(150 * scale) // 2 * 2
    picture = np.full((size, size, 3), 60, np.uint8)
    for x, y in large.points():
        spot = round(x * 256 - 128), round(y * 256 - 128)
        cv2.circle(picture, spot, round(4 * scale * 256), (220, 220, 220), -1, cv2.LINE_AA, 8)
    frame = comparison.compare_frame(
        0, Frame.of_picture(picture), None, Face(Box(0, 1, 0, 1), large, 1.0)
    )
    light = frame.crop[..., 1].astype(float) - 60
    for x, y in frame.landmarks:
        rows, columns = slice(int(y) - 9, int(y) + 11), slice(int(x) - 9, int(x) + 11)
        weight = light[rows, columns].clip(0)
        y_grid, x_grid = np.mgrid[rows, columns] + 0.5
        centre = (weight * x_grid).sum() / weight.sum(), (weight * y_grid).sum() / weight.sum()
        assert centre == pytest.approx((x, y), abs=0.3)


@pytest.mark.parametrize("scale", [0.8, 3.3])
@pytest.mark.parametrize("far", [0, 700])
def test_a_crop_has_the_colours_of_the_picture(scale, far):
    """Also where the frame does not name its matrix, and where only a part of it is averaged."""
    size = far + round(160 * scale) // 2 * 2
    blocks = np.random.default_rng(0).integers(40, 220, (9, 9, 3), np.uint8)
    picture = cv2.resize(blocks, (size, size), interpolation=cv2.INTER_LINEAR)
    frame = Frame.of_picture(picture)
    frame.av_frame.colorspace = 2
    landmarks = FACE.mapped(Affine(scale, 0, far, 0, scale, far))
    to_crop = upright_transform(landmarks)
    warped = cv2.warpAffine(
        frame.picture(),
        to_crop.warp_matrix(),
        (CROP_SIDE, CROP_SIDE),
        borderMode=cv2.BORDER_REPLICATE,
    )
    assert np.abs(comparison.cut_crop(frame, to_crop).astype(int) - warped).mean() < 1.5


def test_every_frame_stands_beside_what_the_loop_showed_there(tmp_path):
    source = make_video(tmp_path / "source.mp4", frames=5)
    result = make_video(tmp_path / "result.mp4", frames=12)
    frames = list(
        compared_frames(Comparison(result, source, loop="pingpong", faces=still_track(FACE, 5)))
    )
    assert [number_of(frame.result.picture()) for frame in frames] == list(range(12))
    sources = [number_of(frame.source.picture()) for frame in frames]
    assert sources == [0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3]


def test_other_rates_meet_at_the_same_times(tmp_path):
    source = make_video(tmp_path / "source.mp4", frames=10, rate=50)
    result = make_video(tmp_path / "result.mp4", frames=5, rate=25)
    frames = compared_frames(Comparison(result, source, faces=still_track(FACE, 10)))
    assert [number_of(frame.source.picture()) for frame in frames] == [0, 2, 4, 6, 8]


def test_a_still_stands_beside_every_frame(tmp_path):
    source = make_picture(tmp_path / "face.png", numbered(7), ".png")
    result = make_video(tmp_path / "result.mp4", frames=3)
    frames = list(
        compared_frames(Comparison(result, source, faces=still_track(FACE, 1), fps=Fraction(30)))
    )
    assert [number_of(frame.source.picture()) for frame in frames] == [7, 7, 7]
    assert all(frame.face is not None for frame in frames)


def test_a_source_of_another_size_is_not_compared(tmp_path):
    source = make_video(tmp_path / "source.mp4", frames=2, size=(64, 48))
    result = make_video(tmp_path / "result.mp4", frames=2, size=(32, 24))
    blind = Comparison(result, source, faces=still_track(FACE, 2), detector=NoFaces)
    assert [(frame.source, frame.face) for frame in compared_frames(blind)] == [(None, None)] * 2
    shaped = Comparison(result, source, shape=Shape(2), faces=still_track(FACE, 2))
    assert all(frame.source is not None for frame in compared_frames(shaped))


def test_faces_are_detected_where_none_are_given(tmp_path):
    result = make_video(tmp_path / "result.mp4", frames=3)
    assert [
        frame.face for frame in compared_frames(Comparison(result, detector=NoFaces, lips=None))
    ] == [None] * 3
    frames = list(compared_frames(Comparison(result, detector=OneFace, lips=None)))
    assert all(
        frame.crop.shape == (CROP_SIDE, CROP_SIDE, 3) and frame.source_crop is None
        for frame in frames
    )


class NoFaces:
    def detect(self, picture):
        return []

    def refine(self, picture, face):
        return None


class OneFace(NoFaces):
    def detect(self, picture):
        return [Face(Box(5, 45, 10, 50), Landmarks.fixed(Box(5, 45, 10, 50)), 1.0)]

    def refine(self, picture, face):
        return face
