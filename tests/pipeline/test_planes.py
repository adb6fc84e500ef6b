"""Faces are cut from a frame's planes and blended into them as they would be in BGR."""

from functools import lru_cache

import cv2
import numpy as np
import pytest

from base.geometry import Affine, Box, Landmarks
from blending.masks import MaskShape
from blending.methods import BlendSettings
from blending.patch import SIDE, Patch, cut_square
from faces.face import Face
from faces.lips import Square, see_lips
from pipeline.framing import Change, FaceFraming
from tests.cases import each
from tests.talking import PORTRAIT
from video.yuv import ColorTags, Frame, new_av_frame

BOX = Box(123.0, 367.8, 172.8, 342.4)
LANDMARKS = [[216.2, 201], [302, 207.2], [257.2, 257.6], [211, 277.4], [298.2, 283.8]]
HD, SD, FULL, HDR = (1, 1, 1, 1), (6, 1, 6, 6), (5, 2, 1, 1), (9, 1, 9, 16)
LAYOUTS = [
    ("yuv420p", HD),
    ("yuv420p", SD),
    ("yuv420p", FULL),
    ("yuv422p", HD),
    ("yuv444p", HD),
    ("yuv440p", HD),
    ("yuv411p", HD),
    ("yuv410p", HD),
    ("gray", HD),
    ("yuv420p10le", HDR),
    ("yuv444p12le", HD),
    ("yuv420p16le", FULL),
]


@lru_cache
def portrait():
    """Softened and with less contrast, so that no colour leaves BGR; its face with lips."""
    picture = cv2.imread(str(PORTRAIT))
    mesh = see_lips(picture, Square((257.0, 245.0), 370.0, 0.06))
    face = Face(BOX, Landmarks.of(np.array(LANDMARKS, np.float64)), 1.0, mesh.lips)
    soft = cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float32)
    return (60 + 0.55 * soft).astype(np.uint8), face


@lru_cache
def frame_of(layout, tags, scale=1.5, odd=False, left=0, bottom=None):
    """The portrait scaled and cropped, and its face there."""
    picture, face = portrait()
    side = round(512 * scale) // 4 * 4 + odd
    to_frame = Affine(side / 512, 0, -left, 0, side / 512, 0)
    picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)[:bottom, left:]
    av_frame = new_av_frame(picture.shape[1], picture.shape[0], layout)
    ColorTags(*tags).apply_to(av_frame)
    frame = Frame(av_frame)
    frame._fill(np.ascontiguousarray(picture))
    corners = to_frame(np.array([(BOX.left, BOX.top), (BOX.right, BOX.bottom)]))
    box, landmarks = Box.around(corners), face.landmarks.mapped(to_frame)
    return frame, Face(box, landmarks, 1.0, face.lips.mapped(to_frame))


def speaking(source):
    """The source's face with an open mouth, and a little noise and another tone all over."""
    patch = cv2.GaussianBlur(source, (0, 0), 0.7).astype(np.float32) * 0.98 + (4, 1, -3)
    cv2.ellipse(patch, (48, 70), (14, 7), 0, 0, 360, (90, 85, 105), -1)
    cv2.ellipse(patch, (48, 67), (10, 2), 0, 0, 360, (165, 170, 175), -1)
    noise = np.random.default_rng(3).standard_normal(patch.shape)
    return np.clip(cv2.GaussianBlur(patch + 6 * noise, (0, 0), 1), 0, 255).astype(np.uint8)


def levels_between(frame, other):
    """The largest difference of any plane, in levels of 255."""
    unit = 1 << (frame.layout.bits - 8)
    pairs = zip(frame.planes(), other.planes(), strict=True)
    return max(np.abs(a.astype(int) - b).max() for a, b in pairs) / unit


def blended_in_bgr(change, settings):
    face, frame = change.face, change.frame
    outline = settings.outline(face.box, face.landmarks, face.lips)
    rect = outline.bounds.inside(frame.width, frame.height)
    patch = Patch.for_box(change.patch, face.box, rect, change.source)
    region = settings.blend(patch, frame.region(rect), outline.mask(rect), face.box)
    return frame.with_region(rect, region)


def check_blend(frame, face, settings):
    framing = FaceFraming()
    source = framing.cut(frame, framing.place(face))
    change = Change(frame, face, source, speaking(source))
    blended = framing.blend(change, settings)
    assert levels_between(blended, frame) > 20
    assert levels_between(blended, blended_in_bgr(change, settings)) <= 1


@each("sharpen", [0.0, 0.6])
@each(("layout", "tags"), LAYOUTS)
def test_a_face_is_blended_as_in_bgr(layout, tags, sharpen):
    check_blend(*frame_of(layout, tags), BlendSettings(sharpen=sharpen))


@pytest.mark.parametrize("layout", ["yuv420p", "yuv410p"])
@pytest.mark.parametrize("place", [{}, {"left": 351}, {"bottom": 429}])
def test_a_face_in_a_frame_of_odd_size_or_over_its_border_is_blended_as_in_bgr(layout, place):
    check_blend(*frame_of(layout, HD, odd=True, **place), BlendSettings())


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("method", ["ellipse", "original"])
def test_faces_of_all_sizes_are_blended_as_in_bgr(method, scale):
    check_blend(*frame_of("yuv420p", HD, scale), BlendSettings(method, MaskShape(0.4)))


@each("place", [{}, {"odd": True, "left": 301}, {"odd": True, "bottom": 429}])
@each(("layout", "tags"), LAYOUTS)
def test_a_face_is_cut_from_planes_as_from_bgr(layout, tags, place):
    frame, face = frame_of(layout, tags, **place)
    rect = face.box.inside(frame.width, frame.height)
    cut = FaceFraming().cut(frame, face.box).astype(int)
    assert cut.shape == (SIDE, SIDE, 3) and np.ptp(cut) > 60
    assert np.abs(cut - cut_square(frame.region(rect), rect, face.box)).max() <= 1


@each(("layout", "tags"), LAYOUTS)
def test_every_sample_is_cut_where_it_lies(layout, tags):
    rng = np.random.default_rng(1)
    picture = rng.integers(90, 160, (121, 131, 3), dtype=np.uint8)
    av_frame = new_av_frame(131, 121, layout)
    ColorTags(*tags).apply_to(av_frame)
    frame = Frame(av_frame)
    frame._fill(picture)
    box = Box(11.3, 109.8, 17.6, 118.2)
    rect = box.inside(131, 121)
    cut = FaceFraming().cut(frame, box).astype(int)
    assert np.abs(cut - cut_square(frame.region(rect), rect, box)).max() <= 1


@each("sharpen", [0.0, 0.6])
@each(("layout", "tags"), LAYOUTS)
def test_outside_the_mask_all_samples_stay(layout, tags, sharpen):
    frame, face = frame_of(layout, tags)
    settings = BlendSettings(sharpen=sharpen)
    outline = settings.outline(face.box, face.landmarks, face.lips)
    mask = outline.mask(whole := outline.bounds.inside(frame.width, frame.height))
    source = FaceFraming().cut(frame, face.box)
    blended = FaceFraming().blend(Change(frame, face, source, 255 - source), settings)
    shown = np.zeros((frame.height, frame.width), np.float32)
    shown[whole.slices] = mask
    for plane, before in zip(blended.planes(), frame.planes(), strict=True):
        cells = cv2.resize(shown, plane.shape[::-1], interpolation=cv2.INTER_AREA)
        assert (plane == before)[cells == 0].all() and not (plane == before)[cells > 0.9].all()


def test_a_patch_like_its_source_leaves_the_frame_as_it_is():
    frame, face = frame_of("yuv420p", HD)
    source = FaceFraming().cut(frame, face.box)
    assert FaceFraming().blend(Change(frame, face, source, source), BlendSettings()) is frame


def test_only_mixes_are_blended_in_planes():
    frame, face = frame_of("yuv420p", HD)
    source = FaceFraming().cut(frame, face.box)
    settings = BlendSettings("guided")
    rect = settings.outline(face.box, face.landmarks).bounds.inside(frame.width, frame.height)
    patch = Patch.for_box(source, face.box, rect, source)
    mask = np.ones(rect.size[::-1], np.float32)
    assert not settings.mixes(patch) and BlendSettings().mixes(patch)
    with pytest.raises(ValueError, match="guided"):
        settings.change(patch, frame.plane_parts(rect), mask, face.box)
