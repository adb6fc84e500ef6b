import numpy as np
import pytest

from faces.boxes import (
    apply_offsets,
    centred_inside,
    non_max_suppression,
    pairwise_overlaps,
)


@pytest.fixture
def boxes():
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 80, (60, 2))
    return np.concatenate([corners, corners + rng.uniform(10, 40, (60, 2))], 1)


def overlap(first, second):
    """The shared area relative to the union, and relative to the smaller box."""
    width = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    height = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return width * height / (sum(areas) - width * height), width * height / min(areas)


def test_overlaps_equal_those_of_each_pair(boxes):
    pairs = np.array([[overlap(first, second) for second in boxes] for first in boxes])
    assert np.allclose(pairwise_overlaps(boxes), pairs[..., 0])
    assert np.allclose(pairwise_overlaps(boxes, of_smaller=True), pairs[..., 1])


def test_non_max_suppression_equals_the_plain_loop(boxes):
    scores = np.random.default_rng(4).random(len(boxes)).astype(np.float32)
    selected = []
    for index in np.argsort(-scores):
        if all(overlap(boxes[index], boxes[better])[0] <= 0.3 for better in selected):
            selected.append(index)
    assert non_max_suppression(boxes, scores, 0.3).tolist() == selected
    assert 1 < len(selected) < len(boxes)


def test_empty_arrays_are_allowed():
    none = np.empty((0, 4))
    assert len(non_max_suppression(none, np.empty(0, np.float32), 0.5)) == 0
    assert len(centred_inside(none, 10, 10)) == 0


def test_offsets_are_relative_to_the_box_size():
    box = np.array([[10.0, 20.0, 30.0, 60.0]])
    offsets = np.array([[0.1, -0.1, 0.5, 0.25]], np.float32)
    assert np.allclose(apply_offsets(box, offsets), [[12, 16, 40, 70]])


def test_a_box_whose_centre_lies_outside_the_picture_is_left_out():
    boxes = np.array([[-9.0, 0, 10, 10], [-11, 0, 10, 10], [0, 0, 10, 41]])
    assert centred_inside(boxes, 20, 20).tolist() == [[-9, 0, 10, 10]]
