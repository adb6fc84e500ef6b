from itertools import pairwise

import cv2
import numpy as np

from faces.shots import CHANGE, shots


def begins(pictures):
    return [index for index, (_, begin) in enumerate(shots(pictures)) if begin]


def test_the_first_picture_begins_a_shot():
    assert begins([np.zeros((20, 30, 3), np.uint8)]) == [0]
    assert begins([]) == []


def test_a_cut_is_found_where_it_is(portrait):
    other = np.ascontiguousarray(255 - portrait)
    assert begins([portrait] * 7 + [other] * 5 + [portrait] * 3) == [0, 7, 12]


def test_motion_light_and_noise_are_no_cuts(portrait):
    rng = np.random.default_rng(1)
    pictures = []
    for index in range(30):
        rolled = np.roll(portrait, 6 * index, 1) * (1 - index / 60)
        pictures.append(np.clip(rolled + rng.normal(0, 8, portrait.shape), 0, 255).astype(np.uint8))
    assert begins(pictures) == [0]


def test_a_camera_swung_round_is_not_a_row_of_cuts():
    rng = np.random.default_rng(2)
    wall = cv2.resize(rng.integers(0, 256, (4, 40, 3), np.uint8), (2000, 200))
    pictures = [wall[:, 2 * i * i : 2 * i * i + 300] for i in range(25)]
    changes = [np.abs(two - one.astype(float)).mean() for one, two in pairwise(pictures)]
    assert max(changes) > 2 * CHANGE
    assert begins(pictures) == [0]
