"""Whose mouth is seen: true faces, what is taken for one, covered mouths, and fast heads."""

import cv2
import numpy as np
import pytest

from base.geometry import Box, Landmarks
from base.lips import CHEEKS
from faces.face import Face
from faces.lips import see
from faces.sightings import Sightings
from faces.track import TrackSettings, clean_track, follow_in_box, follow_person, track_fixed_box
from faces.view import View
from faces.watch import Watch, is_on
from tests.faces.scenes import RED, RectangleDetector, painted, scene

WATCH = Watch(see)


@pytest.fixture(scope="module")
def face(mtcnn, portrait):
    return mtcnn.detect(portrait)[0]


@pytest.fixture(scope="module")
def mouth(portrait, face):
    """The lips of the portrait."""
    return WATCH.look(View.of(portrait), face).mesh.lips


def hand_over(picture, lips):
    """Four fingers in the colour of the cheek before the mouth."""
    x, y = (lips.mesh(CHEEKS[0])[0]).astype(int)
    skin = picture[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(0)
    across, down = lips.points[:40].mean(0)
    covered, width = picture.copy(), lips.width * 2.4
    for finger in range(4):
        middle = round(across), round(down + (finger - 1.3) * 0.14 * width)
        for size, shade in ((0.08, 0.6), (0.065, 1.0)):
            axes = round(0.45 * width), round(size * width)
            cv2.ellipse(covered, middle, axes, -12, 0, 360, (skin * shade).tolist(), -1)
    return cv2.GaussianBlur(covered, (0, 0), 1)


def seen(pictures, detector, lips=see, **settings):
    """The sightings, and the track that is made of them."""
    settings = TrackSettings(**settings)
    sightings = Sightings.of(follow_person(map(View.of, pictures), detector, settings, lips))
    return sightings, clean_track(sightings, settings)


def test_a_true_face_is_believed_also_small_noisy_and_blurred(mtcnn, portrait):
    noise = np.random.default_rng(1).normal(0, 20, portrait.shape)
    pictures = [
        cv2.resize(portrait, (80, 80), interpolation=cv2.INTER_AREA),
        np.clip(portrait + noise, 0, 255).astype(np.uint8),
        cv2.GaussianBlur(portrait, (0, 0), 3),
        (portrait * 0.3).astype(np.uint8),
    ]
    for picture in pictures:
        assert WATCH.believed(View.of(picture), mtcnn.detect(picture))


def test_a_pattern_that_the_detector_takes_for_a_face_gives_way_to_a_true_one(portrait):
    """A rectangle is a perfect face for this detector, and larger than the true one."""

    class Fooled(RectangleDetector):
        def detect(self, picture):
            return [*super().detect(picture), true]

        def refine(self, picture, face):
            return true if face is true else super().refine(picture, face)

    box = Box(77, 197, 330, 426)
    true = Face(box, Landmarks.fixed(box), 0.95)
    rectangle = painted((RED, 120, 120, 150), size=(560, 300))
    picture = scene(560, 300)
    picture[:, :240] = rectangle[:300, :240]
    picture[10:298, 235:523] = portrait
    sightings, faces = seen([picture] * 3, Fooled())
    assert all(face.box.left > 250 and face.lips for face in faces)
    assert sightings.people.tolist() == [1, 1, 1]
    assert all(face.box.left < 250 for face in seen([picture] * 3, Fooled(), None)[1])


def test_a_mouth_behind_a_hand_is_no_mouth_until_the_hand_is_gone(mtcnn, portrait, mouth):
    hand = hand_over(portrait, mouth)
    sightings, faces = seen([portrait] * 8 + [hand] * 9 + [portrait] * 8, mtcnn)
    assert (
        sightings.covered[8:10].all() and not sightings.covered[[*range(8), *range(17, 25)]].any()
    )
    assert [face is None for face in faces] == [8 <= i < 17 for i in range(25)]
    assert all(face.lips for face in faces if face)


def test_lost_focus_covers_nothing(mtcnn, portrait):
    blurred = cv2.GaussianBlur(portrait, (0, 0), 2.5)
    sightings, faces = seen([portrait] * 6 + [blurred] * 6 + [portrait] * 6, mtcnn)
    assert faces.face_count == 18 and not sightings.covered.any()


def test_one_doubtful_picture_is_bridged(mtcnn, portrait, mouth):
    hand = hand_over(portrait, mouth)
    sightings, faces = seen([portrait] * 6 + [hand] + [portrait] * 6, mtcnn)
    assert sightings.covered.sum() == 1 and faces.face_count == 13
    assert np.allclose(faces[6].lips.points, faces[5].lips.points, atol=0.5)


def test_a_nodding_head_is_no_series_of_cuts(mtcnn, portrait):
    """Though it moves by more than a third of its width from one picture to the next."""
    small = cv2.resize(portrait, (144, 144), interpolation=cv2.INTER_AREA)
    heights = 130 + 24 * np.sin(np.arange(24) * 2 * np.pi / 8)
    pictures = [scene(900, 420, (small, 380, height)) for height in heights]
    followed, faces = seen(pictures, mtcnn)
    assert np.flatnonzero(followed.starts_shot).tolist() == [0] and faces.face_count == 24
    assert np.flatnonzero(seen(pictures, mtcnn, None)[0].starts_shot).size > 3
    steps = np.abs(np.diff(heights)).max()
    assert steps > 0.3 * faces[0].box.width
    tops = np.array([face.lips.points[:, 1].mean() for face in faces])
    assert np.corrcoef(tops, heights)[0, 1] > 0.99


def test_in_a_box_a_face_without_a_mouth_is_still_taken(mtcnn, portrait, face, mouth):
    """The user said where it is."""
    hand = hand_over(portrait, mouth)
    views = map(View.of, [portrait] * 4 + [hand] * 8 + [portrait] * 4)
    sightings = Sightings.of(follow_in_box(face.box, views, mtcnn, see))
    faces = track_fixed_box(face.box, sightings, TrackSettings().smoothing)
    assert faces.face_count == 16 and not sightings.covered.any()
    assert [each.lips is None for each in faces] == [4 <= i < 12 for i in range(16)]


def test_a_face_number_counts_what_the_report_counts(mtcnn, portrait):
    """The small one as well, which no rule but a number takes."""
    small = cv2.resize(portrait, (100, 100), interpolation=cv2.INTER_AREA)
    picture = scene(700, 300, (small, 20, 90), (portrait, 140, 6), (portrait, 410, 6))
    sightings, first = seen([picture], mtcnn, select="0")
    assert sightings.people.tolist() == [3] and first[0].box.right < 130
    lefts = [seen([picture], mtcnn, select=who)[1][0].box.left for who in ("1", "2", "left")]
    assert lefts[0] == lefts[2] < lefts[1]
    assert seen([picture], mtcnn, select="3")[1].face_count == 0


def test_a_mesh_lies_on_its_own_face(portrait, face):
    mesh = WATCH.look(View.of(portrait), face).mesh
    assert is_on(mesh, face)
    box = face.box
    for other in (
        Box(box.top, box.bottom, box.left + 60, box.right + 60),
        Box(box.top - 90, box.bottom + 90, box.left - 70, box.right + 70),
    ):
        assert not is_on(mesh, Face(other, face.landmarks, 1.0))
