import numpy as np
import pytest

from faces.boxes import distinct, inside, moved, overlaps


@pytest.fixture
def boxes():
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 80, (60, 2))
    return np.concatenate([corners, corners + rng.uniform(10, 40, (60, 2))], 1)


def overlap(one, other):
    wide = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    high = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return wide * high / (sum(areas) - wide * high), wide * high / min(areas)


def test_overlaps_equal_those_of_each_pair(boxes):
    pairs = np.array([[overlap(one, other) for other in boxes] for one in boxes])
    assert np.allclose(overlaps(boxes), pairs[..., 0])
    assert np.allclose(overlaps(boxes, smaller=True), pairs[..., 1])


def test_distinct_boxes_are_those_of_the_plain_loop(boxes):
    scores = np.random.default_rng(4).random(len(boxes)).astype(np.float32)
    kept = []
    for index in np.argsort(-scores):
        if all(overlap(boxes[index], boxes[other])[0] <= 0.3 for other in kept):
            kept.append(index)
    assert distinct(boxes, scores, 0.3).tolist() == kept
    assert 1 < len(kept) < len(boxes)


def test_no_boxes_are_no_trouble():
    none = np.empty((0, 4))
    assert len(distinct(none, np.empty(0, np.float32), 0.5)) == 0
    assert len(inside(none, 10, 10)) == 0


def test_offsets_are_parts_of_the_box():
    box = np.array([[10.0, 20.0, 30.0, 60.0]])
    offsets = np.array([[0.1, -0.1, 0.5, 0.25]], np.float32)
    assert np.allclose(moved(box, offsets), [[12, 16, 40, 70]])


def test_a_box_whose_centre_left_the_picture_is_not_inside():
    boxes = np.array([[-9.0, 0, 10, 10], [-11, 0, 10, 10], [0, 0, 10, 41]])
    assert inside(boxes, 20, 20).tolist() == [[-9, 0, 10, 10]]
