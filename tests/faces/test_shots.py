from itertools import pairwise

import cv2
import numpy as np

from faces.shots import MIN_CHANGE, detect_shots
from faces.view import View


def cuts(pictures):
    """The indices of the pictures that start a shot."""
    return [
        i for i, (_, starts_shot) in enumerate(detect_shots(map(View.of, pictures))) if starts_shot
    ]


def test_the_first_picture_starts_a_shot():
    assert cuts([np.zeros((20, 30, 3), np.uint8)]) == [0]
    assert cuts([]) == []


def test_a_cut_is_found_where_it_is(portrait):
    negative = np.ascontiguousarray(255 - portrait)
    assert cuts([portrait] * 7 + [negative] * 5 + [portrait] * 3) == [0, 7, 12]


def test_motion_light_and_noise_are_no_cuts(portrait):
    rng = np.random.default_rng(1)
    pictures = []
    for index in range(30):
        rolled = np.roll(portrait, 6 * index, 1) * (1 - index / 60)
        pictures.append(np.clip(rolled + rng.normal(0, 8, portrait.shape), 0, 255).astype(np.uint8))
    assert cuts(pictures) == [0]


def test_a_fast_pan_is_no_series_of_cuts():
    rng = np.random.default_rng(2)
    wall = cv2.resize(rng.integers(0, 256, (4, 40, 3), np.uint8), (2000, 200))
    pictures = [wall[:, 2 * i * i : 2 * i * i + 300] for i in range(25)]
    changes = [np.abs(second - first.astype(float)).mean() for first, second in pairwise(pictures)]
    assert max(changes) > 2 * MIN_CHANGE
    assert cuts(pictures) == [0]
