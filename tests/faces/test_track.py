import weakref

import cv2
import numpy as np
import pytest

from base.errors import UsageError
from base.geometry import Box, Landmarks
from faces.face import Face, FaceTrack
from faces.gaps import believed, bridged, stretched
from faces.smoothing import Smoothing
from faces.track import TrackSettings, hold, track
from tests.faces.scenes import BLUE, GREEN, RED, Painted, centres, face_at, painted, scene

RAW = Smoothing(steady=False)


def xs(of_track):
    return centres(of_track)[:, 0]


def test_a_frame_without_a_face_is_passed_over(mtcnn, portrait):
    """(mistake 10) The run goes on; that frame has no face, the others have theirs."""
    blank = np.full_like(portrait, 120)
    found = track([portrait, portrait, *[blank] * 8, portrait], mtcnn)
    assert [face is None for face in found] == [False] * 2 + [True] * 8 + [False]


def test_no_face_anywhere_is_an_empty_track(mtcnn):
    """(mistake 10)"""
    found = track([np.full((90, 160, 3), 90, np.uint8)] * 7, mtcnn)
    assert (len(found), found.found) == (7, 0)


def test_no_pictures_give_no_faces():
    assert len(track([], Painted())) == 0


def test_a_still_has_its_face(mtcnn, portrait):
    (face,) = track([portrait], mtcnn)
    assert face.box.left < face.landmarks.nose[0] < face.box.right


@pytest.mark.parametrize("stride", [1, 3, 5])
def test_one_person_is_kept_whoever_scores_best(stride):
    """(mistake 11) Scores and sizes that change from frame to frame do not move the track."""
    turn = iter(range(10_000))
    detector = Painted(lambda colour: 0.91 + 0.08 * (next(turn) // 3 % 2 == (colour == RED)))
    pictures = [
        painted((RED, 80 + i, 120, 50), (GREEN, 230, 120, 44 + 12 * (i % 2))) for i in range(40)
    ]
    found = track(pictures, detector, TrackSettings(stride=stride, select="left"))
    assert np.allclose(xs(found), 80 + np.arange(40), atol=2)


def test_one_person_of_two_real_ones_is_kept(mtcnn, portrait):
    """(mistake 11)"""
    small = cv2.resize(portrait[:, ::-1], (220, 220), interpolation=cv2.INTER_AREA)
    pictures = [scene(560, 300, (portrait, 2 * i, 0), (small, 320 - 2 * i, 40)) for i in range(12)]
    left = track(pictures, mtcnn)
    right = track(pictures, mtcnn, TrackSettings(select="right"))
    assert left.found == right.found == 12
    assert np.all(np.diff(xs(left)) > 0) and np.all(np.diff(xs(right)) < 0)


def test_the_person_is_found_again_after_a_cut_by_looks():
    """(mistake 11) The rule would mean the other one, who is larger there."""
    first = [painted((RED, 80, 120, 60), (GREEN, 230, 120, 50))] * 6
    second = [painted((GREEN, 90, 120, 80), (RED, 250, 120, 50), ground=200)] * 6
    assert np.allclose(xs(track(first + second, Painted())), [80] * 6 + [250] * 6, atol=1)


def test_nobody_else_speaks_when_the_person_leaves():
    """(mistake 11) Who was there all the time does not take over; who left comes back."""
    both = painted((RED, 80, 120, 60), (GREEN, 230, 120, 50))
    alone = painted((GREEN, 230, 120, 50))
    back = painted((RED, 100, 120, 60), (GREEN, 230, 120, 50))
    found = track([both] * 7 + [alone] * 12 + [back] * 5, Painted())
    assert np.isnan(xs(found)[7:19]).all()
    assert np.allclose(xs(found)[[0, 6, 19, 23]], [80, 80, 100, 100], atol=1)


def test_the_person_comes_back_where_it_was_lost():
    """(mistake 11) Of two who appear, the nearer one is meant, whatever the rule says."""
    seen, nobody = painted((RED, 80, 120, 50)), painted()
    two = painted((BLUE, 100, 120, 50), (GREEN, 230, 120, 70))
    found = track([seen] * 6 + [nobody] * 8 + [two] * 6, Painted())
    assert np.allclose(xs(found)[14:], 100, atol=1)


def test_a_detection_brings_back_a_follower_that_drifts():
    class Drifting(Painted):
        def refine(self, picture, face):
            seen = super().refine(picture, face)
            by = face.box.centre[0] + 2 - seen.box.centre[0]
            box = Box(seen.box.top, seen.box.bottom, seen.box.left + by, seen.box.right + by)
            return Face(box, seen.landmarks, seen.score)

    found = track([painted((RED, 100, 120, 50))] * 40, Drifting(), TrackSettings(smoothing=RAW))
    assert np.abs(xs(found) - 100).max() <= 20


def test_what_only_looks_a_little_like_a_face_is_not_followed_for_long():
    class Credulous(Painted):
        def refine(self, picture, face):
            return super().refine(picture, face) or Face(face.box, face.landmarks, 0.7)

    pictures = [painted((RED, 100, 120, 50))] * 8 + [painted()] * 30
    found = track(pictures, Credulous())
    assert not np.isnan(xs(found)[:8]).any()
    assert np.isnan(xs(found)[13:]).all()


def test_boxes_of_two_shots_are_not_mixed():
    """(mistake 12) The frames at a cut are as exact as any other."""
    pictures = [painted((RED, 80, 120, 60))] * 9 + [painted((RED, 100, 110, 40), ground=190)] * 9
    found = track(pictures, Painted())
    assert np.allclose(xs(found), [80] * 9 + [100] * 9, atol=0.2)


@pytest.mark.parametrize("stride", [1, 2, 5, 8])
def test_boxes_follow_the_face_between_detections(stride):
    """(mistake 13) No box is held until the next detection."""
    detector = Painted()
    pictures = [painted((RED, 60 + 4 * i, 120, 50)) for i in range(40)]
    found = track(pictures, detector, TrackSettings(stride=stride, smoothing=RAW))
    assert np.allclose(xs(found), 60 + 4 * np.arange(40), atol=1)
    assert detector.detected == pytest.approx(40 / stride, abs=1)


def test_boxes_of_a_real_face_follow_it_between_detections(mtcnn, portrait):
    """(mistake 13)"""
    pictures = [scene(420, 288, (portrait, 4 * i, 0)) for i in range(16)]
    steps = np.diff(xs(track(pictures, mtcnn)))
    assert np.allclose(steps, 4, atol=1)


def test_box_and_landmarks_of_a_real_face_are_steadied_as_one(mtcnn, portrait):
    """(mistake 17) The mouth keeps its place in the box, however strongly both are smoothed."""
    way = 10 * np.sin(np.arange(20) / 2)
    pictures = [scene(340, 288, (portrait, 20 + x, 0)) for x in way]
    strong = Smoothing(temporal=True, window=5, mode="strong")
    found = track(pictures, mtcnn, TrackSettings(smoothing=strong))
    mouth = np.array([face.landmarks.mouth_centre for face in found])
    assert np.std(mouth - centres(found), axis=0).max() < 0.01 * found[0].box.width
    assert np.std(xs(found)) < 0.7 * np.std(way)


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    seen = [painted((RED, 60 + 4 * i, 120, 50)) for i in range(30)]
    for index in [*range(6, 9), *range(15, 25)]:
        seen[index] = painted()
    found = track(seen, Painted(), TrackSettings(smoothing=RAW))
    assert np.allclose(xs(found)[:15], 60 + 4 * np.arange(15), atol=1)
    assert np.isnan(xs(found)[15:25]).all()
    assert not np.isnan(xs(found)[25:]).any()


def test_no_gap_is_bridged_across_a_cut():
    one, two = face_at(100, 100, 50), face_at(110, 100, 50)
    gap = FaceTrack.of((one, None, None, two))
    assert bridged(gap, [0], 2).found == 4
    assert bridged(gap, [0], 1) == gap
    for cut in (1, 2, 3):
        assert bridged(gap, [0, cut], 5) == gap
    far = FaceTrack.of((one, None, face_at(300, 100, 50)))
    assert bridged(far, [0], 5) == far


def test_a_face_that_was_never_sure_gives_way_to_one_that_was():
    """Folded hands may look like a face for a moment; a dim face is better than none."""
    detector = Painted({RED: 0.75, GREEN: 0.99, BLUE: 0.8}.__getitem__)
    hands, person = painted((RED, 80, 120, 60)), painted((RED, 80, 120, 60), (GREEN, 230, 120, 40))
    found = track([hands] * 7 + [person] * 10, detector)
    assert np.isnan(xs(found)[:7]).all()
    assert np.allclose(xs(found)[10:], 230, atol=1)
    assert track([hands] * 4, detector).found == 4


def test_runs_in_doubt_are_kept_if_there_are_no_others():
    dim, sure = face_at(100, 100, 50, 0.7), face_at(100, 100, 50, 0.95)
    assert believed(FaceTrack.of((dim, None, dim)), [0]).found == 2
    assert believed(FaceTrack.of((dim, None, dim, sure)), [0])[0] is None
    assert believed(FaceTrack.of((dim, None, dim, sure)), [0]).found == 2


def test_a_count_waits_until_so_many_are_there():
    pictures = [painted((RED, 80, 120, 50))] * 4
    pictures += [painted((RED, 80, 120, 50), (GREEN, 230, 120, 50))] * 6
    found = track(pictures, Painted(), TrackSettings(select="1"))
    assert np.isnan(xs(found)[:4]).all()
    assert np.allclose(xs(found)[4:], 230, atol=1)


def test_tremble_is_taken_out_and_nosmooth_leaves_it():
    pictures = [painted((RED, 100, 120, 80))] * 60
    steady, raw = (
        track(pictures, Painted(tremble=0.003), TrackSettings(smoothing=how))
        for how in (Smoothing(), RAW)
    )
    tremble = [np.abs(np.diff(xs(each), 2)).mean() for each in (steady, raw)]
    assert tremble[0] < 0.2 * tremble[1]


def test_pictures_are_taken_one_at_a_time():
    alive = weakref.WeakSet()
    most = 0

    class Kept(np.ndarray):
        """A picture whose life can be watched."""

        __hash__ = object.__hash__

    def pictures():
        nonlocal most
        for index in range(30):
            picture = painted((RED, 100 + index, 120, 50)).view(Kept)
            alive.add(picture)
            most = max(most, len(alive))
            yield picture

    assert track(pictures(), Painted()).found == 30
    assert most <= 3


def test_pictures_are_not_changed(mtcnn, portrait):
    before = portrait.copy()
    track([portrait] * 3, mtcnn)
    assert np.array_equal(portrait, before)


@pytest.mark.parametrize(
    ("wrong", "flag"),
    [({"stride": 0}, "stride"), ({"select": "tall"}, "select"), ({"longest_gap": -1}, "gap")],
)
def test_wrong_settings_are_refused(wrong, flag):
    with pytest.raises(UsageError, match=flag):
        TrackSettings(**wrong)


def test_a_held_box_stays_and_its_landmarks_are_looked_for(mtcnn, portrait):
    (face,) = track([portrait], mtcnn)
    box = Box(face.box.top - 5, face.box.bottom + 12, face.box.left - 6, face.box.right + 4)
    held = hold(box, [portrait, scene(288, 288, (portrait, 3, 2))], mtcnn)
    assert [one.box for one in held] == [box, box]
    error = held[0].landmarks.points() - face.landmarks.points()
    assert np.abs(error).max() < 0.05 * box.width
    assert np.allclose(
        np.subtract(held[1].landmarks.nose, held[0].landmarks.nose), (3, 2), atol=1.5
    )


def test_a_held_box_without_a_face_has_the_average_faces_landmarks(mtcnn, portrait):
    box = Box(10, 60, 5, 45)
    blank = [np.full_like(portrait, 90)] * 3
    for held in (hold(box, blank, mtcnn), hold(box, iter(blank), None)):
        assert [face.landmarks for face in held] == [Landmarks.fixed(box)] * 3


def test_a_held_box_bridges_every_gap_in_a_shot():
    box = face_at(100, 120, 50).box
    seen, other = painted((RED, 104, 120, 50)), painted(ground=220)
    held = hold(box, [painted(), seen, *[painted()] * 9, seen, painted(), other], Painted())
    noses = np.array([face.landmarks.nose[0] for face in held])
    assert np.allclose(noses[:-1], 104, atol=0.2)
    assert held[-1].landmarks == Landmarks.fixed(box)


def test_stretching_stays_within_shots():
    one, two = face_at(100, 100, 50), face_at(200, 100, 50)
    faces = stretched(FaceTrack.of((None, one, None, None, two, None, None)), [0, 3, 6])
    assert tuple(faces) == (one, one, one, two, two, two, None)
