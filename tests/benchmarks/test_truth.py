"""Held mouths: the truth is the other frame's, and the limits find a method that harms."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from base.errors import InputError
from base.geometry import Affine
from base.lips import Lips
from benchmarks.truth.clip import TalkingClip, TalkingFrame, read_talking_clip
from benchmarks.truth.held import BESIDE, hold_mouth, typical_pairs
from benchmarks.truth.measure import Effort, Row, decibels, measure_clip
from benchmarks.truth.verdict import check_limits
from tests.blending.seen_faces import PORTRAIT, portrait
from tests.media import make_video

METHODS = ("ellipse", "hd", "lips")


def nodding(source, index):
    """A frame of the portrait, which nods and opens its mouth."""
    shift, still = Affine.shift(2 * np.sin(index / 3), 1.5 * np.cos(index / 4)), portrait()
    face = replace(still, landmarks=still.landmarks.mapped(shift), lips=still.lips.mapped(shift))
    size = source.shape[1], source.shape[0]
    picture = cv2.warpAffine(source, shift.warp_matrix(), size, borderMode=cv2.BORDER_REPLICATE)
    points = face.lips.points.copy()
    points[20:40, 1] += 14 * np.abs(np.sin(index / 5)) * np.linspace(-1, 1, 20) ** 2
    points[:11, 1] += 14 * np.abs(np.sin(index / 5))
    return TalkingFrame(picture, face, Lips(points))


@pytest.fixture(scope="module")
def clip():
    source = cv2.imread(str(PORTRAIT))
    return TalkingClip("nodding", tuple(nodding(source, index) for index in range(50)))


def row(method, psnr, flicker=1.0, blur=0.7):
    return Row("clip", 200, blur, method, psnr, flicker, 1.0)


def failed(*rows):
    return [limit.what for limit in check_limits(rows) if not limit.passed]


def test_a_frame_held_for_itself_is_its_own_truth(clip):
    held = hold_mouth(clip, 20, 20, 0.0)
    assert np.abs(held.truth - held.face).max() <= 1
    assert np.array_equal(held.patch.pixels, held.patch.source)
    assert decibels(held.blended("ellipse"), held.truth, held.lips) > 45


def test_the_truth_lies_where_the_face_is(clip):
    """The nod is taken out: without it the portrait never moves."""
    held = hold_mouth(clip, 20, 29, 0.0)
    inner = held.truth[8:-8, 8:-8] - held.face[8:-8, 8:-8]
    assert np.abs(inner).mean() < 3


def test_the_true_mouth_lends_nothing(clip):
    """Nor do frames around it, though their mouths were the most unlike."""
    frames = list(clip.frames)
    for index in range(29 - BESIDE, 29 + BESIDE + 1):
        points = frames[index].lips.points.copy()
        points[20:31, 1] += 100
        frames[index] = replace(frames[index], lips=Lips(points))
    held = hold_mouth(TalkingClip("wide", tuple(frames)), 15, 29, 0.0)
    assert max(donor.lips.gap for donor in held.patch.texture.donors.donors) < 60


def test_a_blur_makes_the_patch_softer_and_the_result_worse(clip):
    sharp, soft = (hold_mouth(clip, 20, 29, blur) for blur in (0.0, 1.2))
    assert decibels(soft.blended("ellipse"), soft.truth, soft.lips) < decibels(
        sharp.blended("ellipse"), sharp.truth, sharp.lips
    )


def test_pairs_are_those_whose_mouth_moved(clip):
    assert len(list(typical_pairs(clip, 4))) == 4
    silent = TalkingClip("silent", (clip.frames[0],) * 50)
    assert list(typical_pairs(silent, 4)) == []


def test_every_method_is_measured(clip):
    rows = list(measure_clip(clip, 170, 0.7, METHODS, Effort(mouths=2, frames=3)))
    assert [row.method for row in rows] == list(METHODS)
    assert all(row.psnr > 20 and row.flicker >= 0 and row.ms > 0 for row in rows)


def test_limits_find_what_harms():
    good = row("ellipse", 30.0), row("hd", 31.0), row("lips", 32.0)
    assert failed(*good) == []
    assert failed(good[0], row("hd", 29.0), good[2]) == ["hd over ellipse, blur 0.7"]
    assert failed(*good[:2], row("lips", 31.2)) == ["lips over ellipse, blur 0.7"]
    assert failed(*good[:2], row("lips", 32.0, 1.2)) == ["flicker of lips / ellipse, blur 0.7"]


def test_a_clip_without_a_face_is_refused(tmp_path):
    path = make_video(tmp_path / "bars.mkv", frames=45, size=(160, 120), codec="ffv1")
    with pytest.raises(InputError, match="a face in all of them"):
        read_talking_clip(path, 45)
