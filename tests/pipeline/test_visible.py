"""The part that shows holds all that shows: no pixel of a frame depends on the rest."""

import math
from dataclasses import replace

import numpy as np
import pytest

from base.generator import WHOLE_PATCH, keep_visible
from base.geometry import Affine, Box, Landmarks, Rect
from blending.masks import MaskShape
from blending.methods import BLENDERS, BlendSettings
from blending.patch import Patch
from faces.face import Face, FaceTrack
from pipeline.framing import FaceFraming
from pipeline.mouths import Mouth, blend_mouth
from pipeline.visible import MARGIN, rect_in_patch, visible_rect
from stages.stage import OutputFrame
from tests.blending.seen_faces import in_box, portrait
from tests.cases import each
from video.yuv import Frame

WIDTH, HEIGHT = 240, 200
BOXES = {
    "small": Box(60.3, 104.1, 90.7, 130.2),
    "large": Box(10.5, 190.2, 40.6, 200.3),
    "over the border": Box(90.5, 212.0, 130.4, 251.5),
}


def face(box, roll=0.0, shift=(0.0, 0.0)):
    x, y = box.centre
    c, s = np.cos(roll), np.sin(roll)
    turned = Affine(c, -s, x - c * x + s * y + shift[0], s, c, y - s * x - c * y + shift[1])
    return Face(box, Landmarks.fixed(box).mapped(turned), 1.0)


def noise(seed, height, width):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def result(face, look, shown, frame):
    """The frame with a mouth that changed everywhere, of which only `shown` was computed."""
    given = FaceFraming().cut(frame, face.box)
    whole = noise(7, 96, 96)
    (pixels,) = keep_visible(whole[None], given[None], shown)
    output, mouth = OutputFrame(0, frame, face), Mouth(given, pixels)
    return blend_mouth(output, mouth, FaceFraming(), look).planes()


def same(one, other):
    return all(map(np.array_equal, one, other))


@each("method", BLENDERS)
@each("region", [0.2, 0.4, 0.6])
@each("box", BOXES.values())
def test_frames_are_the_same_whether_the_rest_was_computed(method, region, box):
    look = BlendSettings(method, MaskShape(region, 30), sharpen=1.0)
    faces = face(box), face(box, 0.3, (-2, 1)), face(box, -0.2, (3, -2))
    shown = visible_rect(FaceTrack.of((*faces, None)), look, WIDTH, HEIGHT)
    frame = Frame.of_picture(noise(1, HEIGHT, WIDTH))
    for one in faces:
        assert same(result(one, look, shown, frame), result(one, look, WHOLE_PATCH, frame))


@pytest.mark.parametrize("method", BLENDERS)
def test_they_are_the_same_with_lips_too(method):
    look, box = BlendSettings(method, MaskShape(0.6, 30), sharpen=1.0), BOXES["large"]
    faces = [in_box(portrait(), box, roll) for roll in (0.0, 0.3)]
    shown = visible_rect(faces, look, WIDTH, HEIGHT)
    assert method == "original" or shown != visible_rect(
        [replace(one, lips=None) for one in faces], look, WIDTH, HEIGHT
    )
    frame = Frame.of_picture(noise(1, HEIGHT, WIDTH))
    for one in faces:
        assert same(result(one, look, shown, frame), result(one, look, WHOLE_PATCH, frame))


def test_the_part_is_smaller_than_the_whole():
    shown = visible_rect(
        FaceTrack.of((face(BOXES["large"]),)), BlendSettings("ellipse", MaskShape(0.4)), 240, 200
    )
    width, height = shown.size
    assert width * height < 0.45 * 96 * 96
    assert shown.bottom > 0.78 * 96 > shown.top and shown.left < 48 < shown.right


@pytest.mark.parametrize("box", BOXES.values(), ids=[*BOXES])
def test_the_margin_holds_every_pixel_that_is_interpolated_from(box):
    """And without it a change just outside would show: on every side."""
    seen = Rect(100, 150, 135, 170) if box.left > 100 else Rect(70, 95, 100, 118)
    behind = rect_in_patch(seen, box)

    def onto(shown):
        pixels = keep_visible(noise(7, 96, 96)[None], noise(8, 96, 96)[None], shown)[0]
        patch = Patch.for_box(pixels, box, seen, noise(8, 96, 96))
        return patch.warp_pixels(np.zeros((*seen.size[::-1], 3), np.float32))

    assert np.array_equal(onto(behind), onto(WHOLE_PATCH))
    much = MARGIN + math.ceil(96 / min(box.width, box.height))  # and a pixel of the frame
    sides = {"top": much, "bottom": -much, "left": much, "right": -much}
    for side, inward in sides.items():
        less = replace(behind, **{side: getattr(behind, side) + inward})
        assert not np.array_equal(onto(less), onto(WHOLE_PATCH))


def test_every_frame_s_part_is_in_the_clip_s():
    look, box = BlendSettings("ellipse", MaskShape(0.2, 0)), BOXES["large"]
    moves = [(0, 0), (-20, -15), (20, -15), (-20, 15), (20, 15)]
    faces = [face(box, shift=move) for move in moves]
    alone = [visible_rect(FaceTrack.of((one,)), look, WIDTH, HEIGHT) for one in faces]
    assert visible_rect(FaceTrack.of(faces), look, WIDTH, HEIGHT) == Rect(
        min(one.top for one in alone),
        max(one.bottom for one in alone),
        min(one.left for one in alone),
        max(one.right for one in alone),
    )
    assert len({getattr(one, side) for one in alone for side in ("left", "right")}) == 6


def test_a_frame_without_a_face_shows_nothing_and_no_face_everything():
    look = BlendSettings("ellipse", MaskShape(0.4))
    one = face(BOXES["large"])
    alone = visible_rect(FaceTrack.of((one,)), look, WIDTH, HEIGHT)
    assert visible_rect(FaceTrack.of((None, one, None)), look, WIDTH, HEIGHT) == alone
    assert visible_rect(FaceTrack.of((None,)), look, WIDTH, HEIGHT) == WHOLE_PATCH


def test_a_face_at_the_picture_s_edge_shows_what_lies_inside():
    shown = visible_rect(
        FaceTrack.of((face(Box(20, 120, 190, 290)),)), BlendSettings("original"), WIDTH, HEIGHT
    )
    assert shown == Rect(0, 96, 0, 56)
