from pathlib import Path

import cv2
import numpy as np
import pytest

from faces.detector import DetectorSettings
from faces.detectors import DETECTORS

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"


@pytest.fixture(scope="session")
def mtcnn():
    return DETECTORS["mtcnn"](DetectorSettings())


@pytest.fixture(scope="session")
def portrait():
    """(288, 288, 3), read-only, with one face about 90 pixels wide."""
    picture = cv2.imread(str(PORTRAIT))
    side = (288, 288)
    if picture.shape[:2] != side:
        picture = cv2.resize(picture, side, interpolation=cv2.INTER_AREA)
    picture = np.ascontiguousarray(picture)
    picture.setflags(write=False)
    return picture
