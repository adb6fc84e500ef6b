import numpy as np
import pytest

from base.errors import UsageError
from faces.person import appearance_of, check_select, is_same_place, most_similar_face, select_face
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
def test_rules_and_numbers_select_a_face(select, expected):
    assert select_face(FACES, select, (320, 240)) == expected


def test_faces_in_the_background_are_not_selected():
    assert select_face([*FACES, face_at(10, 100, 12)], "left", (320, 240)) == LEFT


def test_nobody_is_selected_of_none():
    assert select_face([], "largest", (320, 240)) is None
    assert select_face([], "0", (320, 240)) is None


@pytest.mark.parametrize("select", ["biggest", "-1", "1.5", "", "²"])
def test_an_unknown_rule_is_a_usage_error(select):
    with pytest.raises(UsageError, match="--face_select"):
        check_select(select)


def test_a_person_is_recognised_at_another_place():
    appearance = appearance_of(painted((RED, 60, 90, 40)), face_at(60, 90, 40).box)
    picture = painted((GREEN, 60, 90, 40), (RED, 250, 120, 70))
    people = [face_at(60, 90, 40), face_at(250, 120, 70)]
    assert most_similar_face(people, appearance, picture) == people[1]


def test_between_two_alike_or_two_unlike_faces_none_is_chosen():
    appearance = appearance_of(painted((RED, 60, 90, 40)), face_at(60, 90, 40).box)
    people = [face_at(60, 90, 40), face_at(250, 120, 40)]
    assert (
        most_similar_face(people, appearance, painted((RED, 60, 90, 40), (RED, 250, 120, 40)))
        is None
    )
    assert (
        most_similar_face(people, appearance, painted((BLUE, 60, 90, 40), (GREEN, 250, 120, 40)))
        is None
    )


def test_a_face_outside_the_picture_has_an_empty_appearance():
    assert not appearance_of(painted(), face_at(900, 900, 20).box).any()


def test_places_are_the_same_up_to_half_a_face():
    assert is_same_place(face_at(100, 100, 40), face_at(115, 105, 40))
    assert not is_same_place(face_at(100, 100, 40), face_at(125, 100, 40))
    assert np.isfinite(appearance_of(painted(), face_at(100, 100, 40).box)).all()
