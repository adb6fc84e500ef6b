"""A face goes along with its mesh, and is seldom detected."""

import numpy as np
import pytest

from base.geometry import Affine
from faces.carried import RIGID, Anchor
from faces.lips import Square, see, see_lips
from faces.mtcnn import Mtcnn
from faces.sightings import Sightings
from faces.track import TrackSettings, follow_person
from faces.view import View


class Counting(Mtcnn):
    """Counts how often it is asked."""

    def __init__(self):
        super().__init__()
        self.detected = self.refined = 0

    def detect(self, picture):
        self.detected += 1
        return super().detect(picture)

    def refine(self, picture, face):
        self.refined += 1
        return super().refine(picture, face)


@pytest.fixture
def anchor(portrait, mtcnn):
    (face,) = mtcnn.detect(portrait)
    square = Square.around_face(face)
    for _ in range(3):
        mesh = see_lips(portrait, square)
        square = Square.around_mesh(mesh.points)
    return Anchor(face, mesh.points)


def test_it_moves_and_grows_as_the_mesh_does(anchor):
    way = Affine(1.2, 0, 30, 0, 1.2, -8)
    box, before = anchor.carried(way(anchor.mesh.astype(np.float64))).box, anchor.face.box
    assert box.width == pytest.approx(1.2 * before.width, rel=1e-3)
    assert box.height == pytest.approx(1.2 * before.height, rel=1e-3)
    assert np.allclose(box.centre, way(np.array([before.centre])), atol=0.1)


def test_a_mouth_that_opens_moves_no_box(anchor):
    spoken = anchor.mesh.copy()
    others = np.setdiff1d(np.arange(len(spoken)), RIGID)
    spoken[others] += (0, 15)
    assert anchor.carried(spoken).box.centre == pytest.approx(anchor.face.box.centre, abs=1e-3)


def test_a_head_that_turns_is_looked_at_anew(anchor):
    turned = anchor.mesh * np.float32([0.8, 1])
    assert anchor.carried(turned) is None


@pytest.mark.slow
@pytest.mark.parametrize("stride", [1, 5])
def test_a_face_that_is_seen_is_detected_once_in_five_strides(portrait, stride):
    detector = Counting()
    views = [View.of(np.roll(portrait, shift, axis=1)) for shift in range(20)]
    settings = TrackSettings(stride=stride)
    sightings = Sightings.of(follow_person(views, detector, settings, see))
    assert sightings.track.face_count == 20
    lefts = sightings.track.rows[:, 3]
    assert np.allclose(np.diff(lefts), 1, atol=0.5)
    assert detector.detected <= 2 + 20 / (4 * stride) and detector.refined <= 2 * detector.detected
