"""A generator's patches: where they come from in a frame, and how they come back."""

from dataclasses import replace

import numpy as np
import pytest

from base.geometry import Affine, Box, Landmarks
from blending.methods import BlendSettings
from faces.face import Face, FaceTrack
from pipeline.framing import Change
from pipeline.mouth_framing import MouthFraming
from puppet.average import average_lips
from tests.talking import portrait_lips
from video.yuv import Frame

RANDOM = np.random.default_rng(5)
PICTURE = RANDOM.integers(0, 256, (240, 320, 3), dtype=np.uint8)
BOX = Box(60, 180, 110, 200)
FACE = Face(BOX, Landmarks.fixed(BOX), 1.0)


def moved(face, x, y):
    return Face(
        Box(face.box.top + y, face.box.bottom + y, face.box.left + x, face.box.right + x),
        face.landmarks.mapped(Affine.shift(x, y)),
        1.0,
    )


def framing_of(*faces):
    return MouthFraming.of(FaceTrack.of(faces))


def round_trip(face, change=0):
    """A frame, its patch changed by some levels in its middle, and the frame with it."""
    frame, framing = Frame.of_picture(PICTURE), framing_of(face)
    source = framing.cut(frame, framing.place(face))
    patch = source.copy()
    for plane in framing.packing(frame).unpack(patch).planes[:1]:
        middle = tuple(slice(side // 2 - 8, side // 2 + 8) for side in plane.shape)
        plane[middle] = np.clip(plane[middle].astype(int) + change, 0, 255)
    changed = framing.blend(Change(frame, face, source, patch), BlendSettings())
    return frame, framing.place(face), changed


def test_a_patch_is_a_copy_of_the_frame_s_pixels():
    frame, framing = Frame.of_picture(PICTURE), framing_of(FACE)
    place = framing.place(FACE)
    rect = place.inside(frame.width, frame.height)
    assert (place.top, place.bottom, place.left, place.right) == (
        rect.top,
        rect.bottom,
        rect.left,
        rect.right,
    )
    planes = framing.packing(frame).unpack(framing.cut(frame, place)).planes
    samples = [plane for part in frame.plane_parts(rect) for plane in part.samples]
    assert all(map(np.array_equal, planes, samples))


@pytest.mark.parametrize("shift", [(0, 0), (-120, -50), (100, 60), (0.3, 0.7), (400, 300)])
def test_an_unchanged_patch_leaves_the_frame_bit_identical(shift):
    frame, _, changed = round_trip(moved(FACE, *shift))
    assert all(map(np.array_equal, frame.planes(), changed.planes()))


def test_only_what_a_patch_changed_is_changed():
    frame, place, changed = round_trip(FACE, change=40)
    difference = changed.planes()[0] != frame.planes()[0]
    rows, columns = np.nonzero(difference)
    x, y = place.centre
    assert difference.sum() > 100
    assert abs(rows - y).max() <= 9 and abs(columns - x).max() <= 9


def test_the_surroundings_of_a_large_mouth_are_reduced():
    face = FACE.scaled(12.0)
    framing = framing_of(face)
    assert max(framing.size) == 768
    place = framing.place(face)
    assert place.width / place.height == pytest.approx(framing.size[0] / framing.size[1])
    left, right = face.landmarks.left_mouth[0], face.landmarks.right_mouth[0]
    assert place.left < left < right < place.right


def test_the_change_of_a_reduced_patch_is_added_to_the_frame():
    picture = np.full((600, 800, 3), 100, np.uint8)
    face, frame = FACE.scaled(2.5), Frame.of_picture(picture)
    framing = replace(framing_of(face), size=(100, 100))
    place = framing.place(face)
    source = framing.cut(frame, place)
    patch = source.copy()
    framing.packing(frame).unpack(patch).planes[0][40:60, 40:60] += 50
    luma = framing.blend(Change(frame, face, source, patch), BlendSettings()).planes()[0]
    rows, columns = np.nonzero(luma.astype(int) - frame.planes()[0] > 30)
    assert abs(rows.mean() - place.centre[1]) < 2 and abs(columns.mean() - place.centre[0]) < 2
    assert np.ptp(rows) == pytest.approx(place.height / 5, rel=0.15)


def opened(lips, gap):
    """The lips with the lower one further down by a share of the mouth's width."""
    points = lips.points.copy()
    points[20:31, 1] += gap * lips.width
    return replace(lips, points=points)


def talking(gaps):
    lips = average_lips(FACE.landmarks)
    return [replace(FACE, lips=opened(lips, gap)) for gap in gaps]


def framing_with_lips(faces):
    track = FaceTrack.of(faces)

    class Seen:
        has_face = track.has_face

        def __len__(self):
            return len(track)

        def __getitem__(self, index):
            return faces[index]

    return MouthFraming.of(Seen())


def test_a_still_rests_as_it_is():
    _, lips = portrait_lips()
    framing = framing_with_lips([replace(FACE, lips=lips)] * 3)
    assert framing.rest_gap > 0.08 and framing.notices == ()


def test_a_speaker_rests_with_closed_lips_and_it_is_told():
    framing = framing_with_lips(talking([0.0, 0.1, 0.3, 0.2, 0.0, 0.25] * 5))
    assert framing.rest_gap == 0
    (notice,) = framing.notices
    assert "already speaks" in notice and "--checkpoint_path" in notice


def test_a_mouth_too_wide_open_to_be_closed_is_told():
    (notice,) = framing_with_lips(talking([0.0, 0.0, 0.8, 0.1])).notices
    assert "in 25% of the frames" in notice


def test_a_speaker_who_smiles_all_the_time_keeps_smiling():
    framing = framing_with_lips(talking([0.25, 0.3, 0.35, 0.3] * 5))
    assert framing.rest_gap > 0.08
