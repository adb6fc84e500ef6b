"""Which frames of a clip lend their mouths, and what a framing makes of them."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from base.geometry import Affine, Box
from base.lips import CONTOURS, Lips
from blending.methods import BLENDERS, BlendSettings
from faces.face import FaceTrack
from pipeline.donors import LARGEST, LOOKED_AT, MOST, donor_of, donors_of, unlike_mouths
from pipeline.framing import Change, FaceFraming
from tests.blending.seen_faces import in_box, of_width, portrait
from tests.media import make_video
from video.shape import Shape
from video.source import open_source
from video.yuv import Frame

BOX = Box(10, 110, 30, 110)
FACE = in_box(portrait(), BOX)
PICTURE = np.random.default_rng(2).integers(0, 255, (120, 160, 3), np.uint8)


def spoken(opening, face=FACE):
    """The face with its lips stretched downwards."""
    points = face.lips.points.copy()
    middle = points[:CONTOURS, 1].mean()
    points[:CONTOURS, 1] += (opening - 1) * (points[:CONTOURS, 1] - middle)
    return replace(face, lips=Lips(points))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    return open_source(
        make_video(path, frames=40, size=(160, 120), codec="ffv1"), Shape(), Fraction(25)
    )


def track_of(source, *openings):
    return FaceTrack.of([spoken(opening) for opening in openings])


def test_the_most_unlike_mouths_are_chosen():
    openings = [1.0, 1.02, 1.5, 1.04, 2.5, 1.06]
    lips = [spoken(opening).lips for opening in openings]
    assert unlike_mouths(lips, 3) == [0, 4, 2]
    assert sorted(unlike_mouths(lips, 12)) == list(range(6))


def test_the_head_s_own_motion_is_no_other_mouth():
    moved = FACE.lips.mapped(Affine(1.1, 0.05, 9, -0.05, 1.1, -4))
    assert unlike_mouths([FACE.lips, moved, spoken(1.4).lips], 2) == [0, 2]


def test_donors_are_few_and_of_the_first_frames(source):
    track = track_of(source, *np.linspace(1, 2, 40))
    donors = donors_of(source, track)
    assert len(donors.donors) == MOST
    pictures = [frame.picture() for frame in source.frames()]
    rect = BOX.padded(-25, 10, 8, 8).inside(160, 120)
    for donor, frame in (donors.donors[0], 0), (donors.donors[-1], 39):
        difference = [np.abs(donor.pixels - p[rect.slices].astype(float)).mean() for p in pictures]
        assert difference[frame] == min(difference) < 3


def test_a_long_clip_is_not_read_to_its_end(source):
    """Nor is its track."""
    faces = [spoken(1.0), spoken(1.2), *[spoken(1.0)] * LOOKED_AT, spoken(3.0)]
    openings = [donor.lips.points for donor in donors_of(source, FaceTrack.of(faces)).donors]
    assert max(np.ptp(points[:CONTOURS, 1]) for points in openings) < 2 * np.ptp(
        spoken(1.0).lips.points[:CONTOURS, 1]
    )


def test_a_donor_s_lips_lie_in_its_pixels():
    large = of_width(portrait(), 2 * LARGEST)
    picture = np.zeros((round(large.box.bottom) + 60, round(large.box.right) + 60, 3), np.uint8)
    x, y = large.lips.points[0].astype(int)
    picture[y - 12 : y + 12, x - 12 : x + 12] = 255
    donor = donor_of(Frame.of_picture(picture), large, large.lips)
    assert max(donor.pixels.shape) == LARGEST
    x, y = donor.lips.points[0].astype(int)
    assert donor.pixels[y, x].min() > 200


def test_a_face_outside_its_frame_lends_nothing():
    assert donor_of(Frame.of_picture(PICTURE), FACE.scaled(9.0), FACE.scaled(9.0).lips) is None


def test_there_are_no_donors_of_a_still_or_without_lips(source):
    track = track_of(source, 1.0, 1.5)
    assert donors_of(replace(source, still=True), track) is None
    assert donors_of(source, FaceTrack.of([replace(FACE, lips=None)] * 4)) is None
    assert donors_of(source, track_of(source, 1.0)) is None


@pytest.mark.parametrize("method", BLENDERS)
def test_a_framing_offers_texture_to_the_method_that_uses_it(method, source):
    """Without lips `lips` is `ellipse`, to the bit."""
    framing = FaceFraming(donors_of(source, track_of(source, 1.0, 1.4, 1.8)))
    frame, other = Frame.of_picture(PICTURE), next(iter(source.frames()))
    square, patch = (framing.cut(shown, framing.place(FACE)) for shown in (frame, other))

    def blended(framing, face, method):
        change = Change(frame, face, square, patch)
        return framing.blend(change, BlendSettings(method)).picture()

    unseen = replace(FACE, lips=None)
    differs = not np.array_equal(
        blended(framing, FACE, method), blended(FaceFraming(), FACE, method)
    )
    assert differs == BLENDERS[method].uses_texture
    if BLENDERS[method].uses_texture:
        assert np.array_equal(blended(framing, unseen, method), blended(framing, unseen, "ellipse"))
