import numpy as np
import pytest

from base.errors import UsageError
from faces.person import check_select, look_of, most_alike, same_place, selected
from tests.faces.scenes import BLUE, GREEN, RED, face_at, painted

LEFT, MIDDLE, RIGHT = face_at(60, 90, 40), face_at(150, 120, 50), face_at(280, 120, 60)
FACES = [MIDDLE, RIGHT, LEFT]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("largest", RIGHT),
        ("left", LEFT),
        ("right", RIGHT),
        ("center", MIDDLE),
        ("0", LEFT),
        ("1", MIDDLE),
        ("2", RIGHT),
        ("3", None),
    ],
)
def test_the_rule_selects(select, expected):
    assert selected(FACES, select, (320, 240)) == expected


def test_faces_in_the_background_are_not_meant():
    assert selected([*FACES, face_at(10, 100, 12)], "left", (320, 240)) == LEFT


def test_nobody_is_selected_of_none():
    assert selected([], "largest", (320, 240)) is None
    assert selected([], "0", (320, 240)) is None


@pytest.mark.parametrize("select", ["biggest", "-1", "1.5", "", "²"])
def test_an_unknown_rule_is_a_usage_error(select):
    with pytest.raises(UsageError, match="--face_select"):
        check_select(select)


def test_the_one_who_looks_alike_is_found_elsewhere():
    look = look_of(painted((RED, 60, 90, 40)), face_at(60, 90, 40).box)
    picture = painted((GREEN, 60, 90, 40), (RED, 250, 120, 70))
    people = [face_at(60, 90, 40), face_at(250, 120, 70)]
    assert most_alike(people, look, picture) == people[1]


def test_twins_are_not_told_apart():
    look = look_of(painted((RED, 60, 90, 40)), face_at(60, 90, 40).box)
    people = [face_at(60, 90, 40), face_at(250, 120, 40)]
    assert most_alike(people, look, painted((RED, 60, 90, 40), (RED, 250, 120, 40))) is None
    assert most_alike(people, look, painted((BLUE, 60, 90, 40), (GREEN, 250, 120, 40))) is None


def test_a_face_beyond_the_picture_has_no_look():
    assert not look_of(painted(), face_at(900, 900, 20).box).any()


def test_places_are_the_same_up_to_half_a_face():
    assert same_place(face_at(100, 100, 40), face_at(115, 105, 40))
    assert not same_place(face_at(100, 100, 40), face_at(125, 100, 40))
    assert np.isfinite(look_of(painted(), face_at(100, 100, 40).box)).all()
