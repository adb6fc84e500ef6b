"""Frames of a larger size."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from base.geometry import Box, Landmarks
from faces.face import Face
from stages.names import UPSCALERS
from stages.stage import OutputFrame, StageScene, VideoFormat
from stages.upscale import INTERPOLATIONS, UpscaleSettings, load_upscale, upscaled
from video.yuv import Frame, frame_from_planes, layout_of

BOX = Box(10.0, 50.0, 20.0, 60.0)
FACE = Face(BOX, Landmarks.fixed(BOX), 1.0)


def noise(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def scene(width, height):
    frame = Frame.of_picture(noise(width, height))
    return StageScene(VideoFormat(width, height, Fraction(25)), frame, still=False)


@pytest.mark.parametrize("name", UPSCALERS)
@pytest.mark.parametrize("factor", [2, 4])
def test_every_plane_is_enlarged_by_the_factor(name, factor):
    frame = Frame.of_picture(cv2.GaussianBlur(noise(64, 48), (0, 0), 4))
    larger = upscaled(frame, factor, INTERPOLATIONS[name])
    assert (larger.width, larger.height) == (64 * factor, 48 * factor)
    assert larger.tags == frame.tags and larger.layout == frame.layout
    for small, large in zip(frame.planes(), larger.planes(), strict=True):
        again = cv2.resize(large, small.shape[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(again.astype(int) - small).max() <= 3


def test_chroma_of_odd_sizes_stays_in_its_place():
    layout = layout_of("yuv420p")
    ramp = np.add.outer(np.arange(16) * 4, np.arange(18) * 4).astype(np.uint8)
    planes = [np.zeros((31, 35), np.uint8), ramp, ramp]
    frame = frame_from_planes(planes, layout, Frame.of_picture(noise(64, 64)))
    larger = upscaled(frame, 2, cv2.INTER_LINEAR)
    assert [plane.shape for plane in larger.planes()] == [(62, 70), (31, 35), (31, 35)]
    middle = larger.planes()[1][2:-2, 2:-2].astype(int)
    rows, columns = np.indices(middle.shape) + 2
    assert np.abs(middle - (4 * ((rows - 0.5) / 2 + (columns - 0.5) / 2))).max() <= 1


def test_ten_bits_stay_within_ten_bits():
    layout = layout_of("yuv420p10le")
    edges = np.kron(np.eye(8), np.ones((4, 4))).astype(np.uint16) * 1023
    planes = [edges, edges[::2, ::2], edges[::2, ::2]]
    frame = frame_from_planes(planes, layout, Frame.of_picture(noise(32, 32)))
    larger = upscaled(frame, 4, cv2.INTER_LANCZOS4)
    assert larger.layout == layout
    assert max(plane.max() for plane in larger.planes()) == 1023


def test_the_face_is_where_it_then_is_and_a_repeated_frame_is_enlarged_once():
    stage = load_upscale(UpscaleSettings(4), scene(64, 64))
    frame = Frame.of_picture(noise(64, 64))
    first, second, third = stage(
        iter(
            [OutputFrame(0, frame, FACE), OutputFrame(1, frame, None), OutputFrame(2, frame, FACE)]
        )
    )
    assert first.face == FACE.scaled(4) and second.face is None
    assert first.frame is second.frame is third.frame
    assert stage.output(VideoFormat(64, 64, Fraction(25))) == VideoFormat(256, 256, Fraction(25))
