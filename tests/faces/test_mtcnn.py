import importlib.util

import cv2
import numpy as np
import pytest

from base.errors import EngineError
from base.geometry import Box, Landmarks
from faces.face import Face
from faces.mtcnn import Mtcnn
from faces.networks import compile_network
from tests.faces.scenes import face_at, scene


def test_finds_a_portrait_with_its_landmarks_in_order(mtcnn, portrait):
    (face,) = mtcnn.detect(portrait)
    landmarks, box = face.landmarks, face.box
    assert face.score > 0.95
    assert 0.25 * 288 < box.width < 0.4 * 288 and 1.1 < box.height / box.width < 1.6
    assert box.left < landmarks.left_eye[0] < landmarks.nose[0] < landmarks.right_eye[0] < box.right
    assert landmarks.left_mouth[0] < landmarks.nose[0] < landmarks.right_mouth[0]
    assert (
        box.top < landmarks.left_eye[1] < landmarks.nose[1] < landmarks.left_mouth[1] < box.bottom
    )
    assert abs(landmarks.roll) < 0.2


def test_a_mirrored_picture_has_the_mirrored_face(mtcnn, portrait):
    face = mtcnn.refine(portrait, mtcnn.detect(portrait)[0])
    flipped = np.ascontiguousarray(portrait[:, ::-1])
    mirrored = mtcnn.refine(flipped, mtcnn.detect(flipped)[0])
    points = mirrored.landmarks.points()[[1, 0, 2, 4, 3]] * (-1, 1) + (288, 0)
    assert np.abs(points - face.landmarks.points()).max() < 0.03 * face.box.width
    assert 288 - mirrored.box.right == pytest.approx(face.box.left, abs=0.05 * face.box.width)


@pytest.mark.parametrize("factor", [0.3, 0.7, 1.5, 3])
def test_finds_faces_of_every_size(mtcnn, portrait, factor):
    (expected,) = mtcnn.detect(portrait)
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(portrait, None, fx=factor, fy=factor, interpolation=interpolation)
    (face,) = mtcnn.detect(resized)
    assert face.box.width == pytest.approx(expected.box.width * factor, rel=0.12)
    assert np.allclose(face.box.centre, np.multiply(expected.box.centre, factor), rtol=0.03)


def test_finds_a_small_face_in_a_large_picture(mtcnn, portrait):
    picture = scene(960, 540, (portrait[::2, ::2], 700, 100))
    (face,) = mtcnn.detect(picture)
    assert 760 < face.box.centre[0] < 790


def test_finds_a_face_that_fills_the_picture(mtcnn, portrait):
    (expected,) = mtcnn.detect(portrait)
    rect = expected.box.inside(288, 288)
    (face,) = mtcnn.detect(np.ascontiguousarray(portrait[rect.slices]))
    assert face.box.width == pytest.approx(expected.box.width, rel=0.15)


def test_finds_everyone_best_first(mtcnn, portrait):
    picture = scene(
        700, 300, (portrait, 0, 0), (cv2.resize(portrait[:, ::-1], (200, 200)), 400, 50)
    )
    faces = mtcnn.detect(picture)
    assert sorted(face.box.centre[0] > 300 for face in faces) == [False, True]
    assert faces[0].score >= faces[1].score


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (11, 300), (300, 11), (240, 320)])
def test_no_face_in_flat_or_noisy_pictures(mtcnn, shape):
    assert mtcnn.detect(np.full((*shape, 3), 90, np.uint8)) == []
    noise = np.random.default_rng(2).integers(0, 256, (*shape, 3), np.uint8)
    assert mtcnn.detect(noise) == []


def test_refine_follows_a_face_that_moved(mtcnn, portrait):
    first = mtcnn.refine(portrait, mtcnn.detect(portrait)[0])
    moved = mtcnn.refine(scene(288, 288, (portrait, 7, -5)), first)
    shift = np.subtract(moved.box.centre, first.box.centre)
    assert np.abs(shift - (7, -5)).max() < 0.02 * first.box.width


def test_refine_returns_none_when_the_face_is_gone(mtcnn, portrait):
    (face,) = mtcnn.detect(portrait)
    assert mtcnn.refine(np.full_like(portrait, 128), face) is None
    assert mtcnn.refine(portrait, face_at(250, 250, 60)) is None
    assert mtcnn.refine(portrait, face_at(900, -900, 60)) is None


def test_refine_is_steadier_than_a_hundredth_of_the_face(mtcnn, portrait):
    """From starting boxes a little apart, refining ends at the same place."""
    (face,) = mtcnn.detect(portrait)
    centres = []
    for x, y in [(-3, 0), (3, 0), (0, -3), (0, 3), (2, 2)]:
        box = face.box.padded(-y, y, -x, x)
        centres.append(mtcnn.refine(portrait, Face(box, face.landmarks, 1.0)).box.centre)
    assert np.std(centres, axis=0).max() < 0.01 * face.box.width


def test_a_box_beyond_the_border_is_refined_too(mtcnn, portrait):
    lower_part = np.ascontiguousarray(portrait[100:, :])
    (face,) = mtcnn.detect(portrait)
    box = face.box.padded(100, -100, 0, 0)
    assert box.top < -20
    refined = mtcnn.refine(lower_part, Face(box, Landmarks.fixed(box), 1.0))
    assert refined.box.top < -20
    assert refined.box.bottom == pytest.approx(box.bottom, abs=8)


def test_the_batch_size_makes_no_difference(portrait, mtcnn):
    small = Mtcnn(batch_size=3).detect(portrait)
    assert np.allclose(
        small[0].landmarks.points(), mtcnn.detect(portrait)[0].landmarks.points(), atol=1e-3
    )


def test_missing_weights_are_an_engine_error_in_one_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match="pip install mtcnn") as raised:
        compile_network("pnet")
    assert "\n" not in str(raised.value)


def test_damaged_weights_are_an_engine_error(monkeypatch, tmp_path):
    weights = tmp_path / "assets" / "weights" / "pnet.lz4"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"not a weight")
    spec = importlib.util.find_spec("mtcnn")
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(EngineError, match="reinstall mtcnn"):
        compile_network("pnet")


def test_boxes_are_in_the_pixels_of_the_picture(mtcnn, portrait):
    (face,) = mtcnn.detect(portrait)
    assert isinstance(face.box, Box)
    picture = scene(640, 360, (portrait, 300, 40))
    (moved,) = mtcnn.detect(picture)
    assert np.allclose(np.subtract(moved.box.centre, face.box.centre), (300, 40), atol=5)
