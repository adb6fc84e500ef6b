import sys

import numpy as np
import pytest

from base.errors import EngineError, UsageError
from base.geometry import Box, Landmarks
from faces.detector import DetectorSettings
from faces.detectors import DETECTORS
from faces.face import Face
from faces.sfd import WEIGHTS, Sfd, load_box_finder, move_with_landmarks
from tests.faces.scenes import RED, RectangleDetector, face_at, painted


def fake_package(folder, body):
    package = folder / "face_alignment" / "detection" / "sfd"
    package.mkdir(parents=True)
    (folder / "face_alignment" / "__init__.py").touch()
    (folder / "face_alignment" / "detection" / "__init__.py").touch()
    (package / "__init__.py").write_text(body)


@pytest.fixture
def torch_home(tmp_path, monkeypatch):
    """An empty folder as torch's cache, and no face_alignment imported by another test."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in [name for name in sys.modules if name.startswith("face_alignment")]:
        monkeypatch.delitem(sys.modules, name)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("face_alignment")]:
        del sys.modules[name]


def put_weights(home):
    folder = home / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"weights")


def test_the_names_are_the_values_of_the_flag():
    assert list(DETECTORS) == ["mtcnn", "sfd"]


def test_a_batch_has_at_least_one_crop():
    with pytest.raises(UsageError, match="batch size"):
        DetectorSettings(batch_size=0)


def test_sfd_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineError, match="pip install face-alignment") as raised:
        load_box_finder("cpu")
    assert "\n" not in str(raised.value)


def test_sfd_without_weights_says_where_they_belong(torch_home, monkeypatch):
    fake_package(torch_home, "raise AssertionError('imported, so it could download')")
    monkeypatch.syspath_prepend(str(torch_home))
    with pytest.raises(EngineError, match=f"put {WEIGHTS} into .*checkpoints") as raised:
        DETECTORS["sfd"](DetectorSettings())
    assert "\n" not in str(raised.value)


def test_sfd_with_damaged_weights_is_an_engine_error(torch_home, monkeypatch):
    fake_package(
        torch_home, "class FaceDetector:\n def __init__(s, *a, **k): raise RuntimeError('?\\n')"
    )
    put_weights(torch_home)
    monkeypatch.syspath_prepend(str(torch_home))
    with pytest.raises(EngineError, match="cannot load") as raised:
        load_box_finder("cpu")
    assert "\n" not in str(raised.value)


def test_sfd_gets_rgb_and_its_weights_and_device(torch_home, monkeypatch):
    body = """
class FaceDetector:
    def __init__(self, device, path_to_detector=None):
        self.row = [10, 20, 50, 80, 0.9] if device == "cpu" and path_to_detector else []
    def detect_from_image(self, picture):
        return [self.row] if picture[0, 0, 0] == 255 else []
"""
    fake_package(torch_home, body)
    put_weights(torch_home)
    monkeypatch.syspath_prepend(str(torch_home))
    find_boxes = load_box_finder("cpu")
    red = np.full((100, 100, 3), RED, np.uint8)
    assert find_boxes(red).tolist() == [[10, 20, 50, 80, 0.9]]
    assert find_boxes(np.zeros_like(red)).shape == (0, 5)


def test_sfd_has_its_own_boxes_and_the_landmarks_of_the_second_detector():
    boxes = np.array([[85, 70, 125, 140, 0.7], [10, 10, 30, 40, 1.001], [5, 5, 5, 9, 0.9]])
    detector = Sfd(lambda picture: boxes, RectangleDetector())
    best, second = detector.detect(painted((RED, 100, 100, 40)))
    assert (best.score, best.box) == (1.0, Box(10, 40, 10, 30))
    assert best.landmarks == Landmarks.fixed(best.box)
    assert second.box == Box(70, 140, 85, 125)
    expected = face_at(100, 100, 40).landmarks.points()
    assert np.allclose(second.landmarks.points(), expected, atol=0.1)


def test_sfd_boxes_move_with_the_landmarks():
    detector = Sfd(lambda picture: np.empty((0, 5)), RectangleDetector())
    before = face_at(100, 100, 40)
    face = Face(Box(70, 140, 85, 125), before.landmarks, 0.9)
    after = detector.refine(painted((RED, 104, 103, 40)), face)
    assert np.allclose(np.subtract(after.box.centre, face.box.centre), (4, 3), atol=0.1)
    assert detector.refine(painted(), face) is None


def test_a_box_is_scaled_and_shifted_with_the_landmarks():
    box = Box(0, 20, 0, 10)
    landmarks = Landmarks.fixed(box)
    larger = Landmarks.of(landmarks.points() * 2 + (30, 5))
    moved = move_with_landmarks(box, landmarks, larger)
    assert np.allclose([moved.top, moved.bottom, moved.left, moved.right], [5, 45, 30, 50])
