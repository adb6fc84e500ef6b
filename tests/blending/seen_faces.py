"""Faces whose lips were seen: the portrait of the demo, and points of others, turned and open."""

import math
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from base.geometry import Affine, Box, Landmarks, Rect
from base.lips import Lips
from faces.face import Face
from faces.lips import Square, see_lips

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"
with np.load(Path(__file__).parent / "data" / "faces.npz") as stored:
    POINTS = dict(stored)  # five landmarks, two corners of the box, the points of the lips
TINY_OR_LARGE = (  # regions of a face that is about 300 pixels wide
    Rect(200, 201, 130, 131),
    Rect(180, 185, 100, 103),
    Rect(0, 30, 0, 400),
    Rect(600, 610, 700, 712),
)
NAMES = [name for name in POINTS if name != "portrait"]


PAD = 10.0  # pixels below the box, as by default


def stored_face(name):
    points = POINTS[name].astype(np.float64)
    (left, top), (right, bottom) = points[5:7]
    box = Box(float(top), float(bottom) + PAD, float(left), float(right))
    return Face(box, Landmarks.of(points[:5]), 1.0, Lips(points[7:].astype(np.float32)))


@lru_cache(maxsize=1)
def portrait():
    """The network sees its lips in the picture."""
    face = stored_face("portrait")
    picture = cv2.imread(str(PORTRAIT))
    mesh = see_lips(picture, Square.around_face(face))
    assert mesh.is_face
    return Face(face.box, face.landmarks, 1.0, mesh.lips)


def every_face():
    return {"portrait": portrait(), **{name: stored_face(name) for name in NAMES}}


def moved(face, x, y):
    box = face.box
    shifted = Box(box.top + y, box.bottom + y, box.left + x, box.right + x)
    shift = Affine.shift(x, y)
    return Face(shifted, face.landmarks.mapped(shift), 1.0, face.lips.mapped(shift))


def of_width(face, width):
    """The same face that many pixels wide, at the same place."""
    scaled = face.scaled(width / face.box.width)
    return moved(scaled, 20 - scaled.box.left, 30 - scaled.box.top)


def in_box(face, box, roll=0.0):
    """Its lips and landmarks stretched into another box, and turned around its centre."""
    x, y = box.centre
    cos, sin = math.cos(roll), math.sin(roll)
    turn = Affine(cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)
    to_box = Affine.square_to_box(1, face.box).inverse().then(Affine.square_to_box(1, box))
    by = to_box.then(turn)
    return Face(box, face.landmarks.mapped(by), 1.0, face.lips.mapped(by))
