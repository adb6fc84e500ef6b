"""The puppet's mouths are cut from a frame's planes, drawn in them, and put back."""

import numpy as np
import pytest

from base.generator import Batch
from base.geometry import Affine, Box, Rect
from base.planes import Planes
from blending.methods import BlendSettings
from faces.face import FaceTrack
from pipeline.framing import Change
from pipeline.mouth_framing import MouthFraming
from puppet.draw import draw_mouth
from puppet.motion import Pose
from puppet.tracking import follow_mouth
from tests.pipeline.test_planes import HD, LAYOUTS, frame_of

SPEAKING = Pose(jaw=0.8, width=-0.3, speech=1.0)
PLACES = [{}, {"odd": True, "left": 301}, {"odd": True, "bottom": 429}]


def cut_mouth(frame, face):
    framing = MouthFraming.of(FaceTrack.of([face]))
    place = framing.place(face)
    return framing, place, framing.cut(frame, place)


def blended(frame, face, framing, source, patch):
    return framing.blend(Change(frame, face, source, patch), BlendSettings())


@pytest.mark.parametrize(("layout", "tags"), LAYOUTS)
def test_a_mouth_is_drawn_in_planes_as_in_bgr(layout, tags):
    frame, face = frame_of(layout, tags)
    framing, place, packed = cut_mouth(frame, face)
    planes = framing.packing(frame).unpack(packed)
    rect = Rect(0, framing.size[1], 0, framing.size[0])
    lips = face.lips.mapped(Affine.shift(-place.left, -place.top))
    drawn, in_bgr = (
        draw_mouth(follow_mouth(None, picture, lips, framing.rest_gap).seen, SPEAKING)
        for picture in (planes, Planes.of_bgr(np.rint(planes.region(rect)).astype(np.uint8)))
    )
    *weights, offset = planes.colors.from_bgr[0]
    luma = np.tensordot(weights, np.stack(in_bgr.planes), 1) + offset
    unit = 1 << (frame.layout.bits - 8)
    difference = np.abs(drawn.planes[0] - luma) / unit
    changed = np.abs(drawn.planes[0].astype(float) - planes.planes[0]) / unit
    assert changed.max() > 40 and np.mean(changed > 2) > 0.05
    assert np.mean(difference > 2) < 0.002
    colors = np.abs(drawn.region(rect) - in_bgr.region(rect))
    assert colors.mean() < 0.5 and np.percentile(colors, 99) < 6


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("layout", "tags"), LAYOUTS)
def test_what_a_patch_changes_is_changed_in_the_frame_and_nothing_else(layout, tags, place):
    frame, face = frame_of(layout, tags, **place)
    framing, where, source = cut_mouth(frame, face)
    assert blended(frame, face, framing, source, source.copy()) is frame
    patch = source.copy()
    packing, unit = framing.packing(frame), 1 << (frame.layout.bits - 8)
    expected = [plane.copy() for plane in frame.planes()]
    for plane, whole, cell in zip(
        packing.unpack(patch).planes, expected, frame.samples.cells, strict=True
    ):
        row, column = 100 // cell[1] + 1, 120 // cell[0] + 1
        plane[row, column] += 5 * unit
        row, column = row + round(where.top) // cell[1], column + round(where.left) // cell[0]
        if row < whole.shape[0] and column < whole.shape[1]:
            whole[row, column] += 5 * unit
    changed = blended(frame, face, framing, source, patch)
    assert all(map(np.array_equal, changed.planes(), expected))


@pytest.mark.parametrize(("layout", "tags"), LAYOUTS)
def test_a_large_mouth_is_reduced_in_each_plane(layout, tags):
    frame, face = frame_of(layout, tags, scale=5.0)
    framing, place, source = cut_mouth(frame, face)
    assert place.width > framing.size[0]
    patch = source.copy()
    unit = 1 << (frame.layout.bits - 8)
    for plane in framing.packing(frame).unpack(patch).planes:
        height, width = plane.shape
        plane[height // 4 : height // 2, width // 4 : width // 2] += 20 * unit
    changed = blended(frame, face, framing, source, patch)
    for before, after, cell in zip(
        frame.planes(), changed.planes(), frame.samples.cells, strict=True
    ):
        difference = (after.astype(int) - before) / unit
        box = Box.around(np.argwhere(difference > 10).astype(float)[:, ::-1])
        assert difference.max() < 28 and difference.min() > -6
        assert box.left * cell[0] == pytest.approx(place.left + place.width / 4, abs=6)
        assert box.bottom * cell[1] == pytest.approx(place.top + place.height / 2, abs=8)


def test_a_batch_takes_pictures_only_as_they_are_packed():
    frame, face = frame_of("yuv420p", HD)
    framing, _, packed = cut_mouth(frame, face)
    mels, points = np.zeros((1, 80, 16), np.float32), np.zeros((1, 5, 2), np.float32)
    batch = Batch(mels, packed[None], points, packing=framing.packing(frame))
    assert len(batch) == 1
    for faces in (packed[None, :-1], packed[None, :, None]):
        with pytest.raises(ValueError, match="pictures"):
            Batch(mels, faces, points, packing=framing.packing(frame))
    with pytest.raises(ValueError, match="pictures"):
        Batch(mels, packed[None], points)
