"""Where a restored face replaces the old one."""

import cv2
import numpy as np
import pytest

from base.geometry import Affine, Rect
from base.lips import OVAL
from faces.face import Face
from stages.face_masks import OUTLINES
from tests.blending.seen_faces import every_face, portrait
from tests.cases import each

FACES = every_face()
WHOLE = Rect(0, 1200, 0, 1200)


def whole_mask(face, region):
    """Far inside a large picture."""
    moved = Affine.shift(300, 300)
    lips = face.lips.mapped(moved)
    face = Face(face.box.padded(-300, 300, -300, 300), face.landmarks.mapped(moved), 1.0, lips)
    outline = OUTLINES[region](face)
    return face, outline.bounds.inside(1200, 1200), outline.mask(WHOLE)


@pytest.mark.parametrize("name", FACES)
def test_the_mask_of_a_face_ends_on_its_outline_softly(name):
    face, _, mask = whole_mask(FACES[name], "face")
    inside = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(inside, [np.rint(face.lips.mesh(*OVAL) - 0.5).astype(np.int32)], 1)
    assert mask[cv2.dilate(inside, np.ones((5, 5))) == 0].max() < 0.01
    deep = cv2.erode(inside, np.ones((3, 3)), iterations=round(0.2 * face.box.width))
    assert mask[deep == 1].min() > 0.9
    steps = max(np.abs(np.diff(mask, axis=axis)).max() for axis in (0, 1))
    assert steps < 20 / face.box.width


@each("region", OUTLINES)
@each("name", FACES)
def test_a_part_of_a_mask_is_that_of_the_whole_and_0_on_its_bounds(name, region):
    face, rect, mask = whole_mask(FACES[name], region)
    part = OUTLINES[region](face).mask(rect)
    assert np.abs(part - mask[rect.slices]).max() < 0.02
    border = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    assert border.max() < 0.03
    outside = mask.copy()
    outside[rect.slices] = 0
    assert outside.max() < 0.01


def test_a_face_whose_lips_nobody_saw_has_masks_too():
    seen = portrait()
    masks = [
        OUTLINES["face"](one).mask(Rect(0, 700, 0, 700))
        for one in (seen, Face(seen.box, seen.landmarks, 1.0))
    ]
    both = np.minimum(*masks).sum() / np.maximum(*masks).sum()
    assert both > 0.7


def test_the_mask_of_a_mouth_leaves_the_eyes():
    face = portrait()
    mask = OUTLINES["mouth"](face).mask(Rect(0, 700, 0, 700))
    points = [face.landmarks.left_eye, face.landmarks.right_eye, face.landmarks.mouth_centre]
    left, right, middle = (mask[round(y), round(x)] for x, y in points)
    assert (left, right) == (0, 0) and middle > 0.9
