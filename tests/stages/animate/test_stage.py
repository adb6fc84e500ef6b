import numpy as np
import pytest

from base.errors import UsageError
from base.lips import POINTS, Lips
from stages.animate.motion import AnimateSettings
from stages.animate.pose import Pose
from stages.animate.restraint import Restraint
from stages.animate.stage import Living, load_animate
from stages.stage import OutputFrame
from tests.stages.animate.portraits import (
    FACE,
    NOBODY,
    difference,
    outputs,
    part,
    photo,
    same,
    scene,
    silent,
    spoken,
)


def animated(frame, frames, face=FACE, sound=None, **settings):
    stage = load_animate(
        AnimateSettings(**settings), scene(frame, silent(frames) if sound is None else sound)
    )
    return list(stage(outputs(frame, frames, face)))


def test_a_photo_lives():
    frame = photo()
    result = animated(frame, 60)
    assert [one.index for one in result] == list(range(60))
    assert same(result[0].frame, frame)
    assert all(not same(one.frame, frame) for one in result[10:50])
    assert difference(result[30].frame, frame).mean() > 1


def test_size_and_rate_stay():
    given = scene(photo(), silent(5))
    assert load_animate(AnimateSettings(), given).output(given.format) == given.format


@pytest.mark.slow
def test_the_same_seed_makes_the_same_bytes_and_another_one_others():
    frame = photo()
    first, again, other = (animated(frame, 20, seed=seed) for seed in (3, 3, 4))
    assert all(same(a.frame, b.frame) for a, b in zip(first, again, strict=True))
    assert not same(first[-1].frame, other[-1].frame)


@pytest.mark.slow
def test_emphasis_shows_in_the_picture():
    frame = photo()
    quiet = animated(frame, 60)
    loud = animated(frame, 60, sound=spoken(60, [30]))
    assert same(quiet[10].frame, loud[10].frame)
    assert not same(quiet[33].frame, loud[33].frame)


def test_the_mouth_that_was_laid_in_moves_along(living):
    """The pixels of the frame that comes are moved, not those of the photo."""
    red = photo().picture().copy()
    red[275:300, 235:275] = (0, 0, 255)
    posed = living.posed(OutputFrame(0, photo(red), FACE), Pose(yaw=3, x=0.02))
    mouth = posed.frame.picture()[250:330, 200:320].astype(int)
    seen = (mouth[..., 2] - mouth[..., 0] > 150).nonzero()[1]
    assert len(seen) > 500 and seen.mean() + 200 > 255 + 3


def test_the_face_is_where_its_picture_is(living, portrait):
    lips = Lips(np.full((POINTS, 2), (255.0, 285.0), np.float32))
    face = FACE.__class__(FACE.box, FACE.landmarks, FACE.score, lips)
    pose = Pose(yaw=3, pitch=-1, x=0.02)
    moved = living.posed(OutputFrame(0, photo(), face), pose).face
    forward = living.puller.forward(living.restraint(pose))
    expected = living.puller.moved(FACE.landmarks.points(), forward)
    assert moved.landmarks.points() == pytest.approx(expected)
    assert moved.lips.points[0] == pytest.approx(
        living.puller.moved(np.array([[255.0, 285.0]]), forward)[0], abs=1e-3
    )
    shift = np.array(moved.box.centre) - FACE.box.centre
    assert shift == pytest.approx((expected - FACE.landmarks.points()).mean(0), abs=1.5)
    assert np.hypot(*shift) > 2 and moved.score == FACE.score


def test_where_nobody_is_seen_nothing_moves(networks):
    frame = photo(NOBODY)
    assert Living.of(networks, frame, FACE, 1.0) is None
    for face in (None, FACE):
        assert all(one.frame is frame for one in animated(frame, 5, face))


def test_what_is_held_back_is_noted(networks):
    frame, face = part(60, 420, 110, 420)
    stage = load_animate(AnimateSettings(), scene(frame, silent(2)))
    list(stage(outputs(frame, 2, face)))
    assert len(stage.notes) == 1 and "more would stretch the picture" in stage.notes[0]
    stage = load_animate(AnimateSettings(), scene(photo(NOBODY), silent(2)))
    list(stage(outputs(photo(NOBODY), 2)))
    assert stage.notes == ("nothing moves: no face is seen in the photo",)
    notes = Restraint(1.0, 0.5, can_blink=False).notes
    assert [note.split(":")[0] for note in notes] == ["turns 50% as far", "does not blink"]


def test_a_video_is_refused():
    with pytest.raises(UsageError, match="is a video"):
        load_animate(AnimateSettings(), scene(photo(), silent(5), still=False))
