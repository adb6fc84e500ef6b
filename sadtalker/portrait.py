"""A photo's frames, its head and its lips moved by a sound."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Landmarks, Picture, Rect, Region
from base.lips import LEFT_EYE, NOSE_TIP, RIGHT_EYE
from faces.face import Face
from sadtalker.alignment import Alignment
from sadtalker.blinks import random_blinks
from sadtalker.coefficients import (
    POSE_BLOCK,
    POSE_NOISE,
    SPAN,
    SourceFace,
    joined,
    repeated_to,
    windows_around,
)
from sadtalker.crop import HeadSquare
from sadtalker.geometry import moved_points
from sadtalker.hearing import Hearing
from sadtalker.manner import Manner
from sadtalker.networks import Networks, pose_blocks
from sadtalker.smoothing import smoothed
from video.yuv import Frame

HEARD_AT_ONCE = 256  # frames whose windows are in memory together
MOVED_AT_ONCE = 64  # frames whose key points are computed together

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class DrivingCoefficients:
    """Head and eyes of a video, 25 frames a second; it begins again where it is too short."""

    expressions: Floats  # (n, 64)
    poses: Floats  # (n, 6)

    def __post_init__(self) -> None:
        if not len(self.poses) or len(self.poses) != len(self.expressions):
            raise ValueError(f"{len(self.poses)} poses of {len(self.expressions)} faces")


@dataclass(frozen=True, eq=False)
class SeenPhoto:
    """The photo as the networks see it."""

    photo: Frame
    square: HeadSquare
    picture: Picture  # the square, of the networks' size
    face: SourceFace

    def pasted(self, square: Region) -> Frame:
        """The photo with another square laid in."""
        return self.square.paste(self.photo, square)

    def alone(self, square: Region) -> Frame:
        """The square in the photo's format."""
        side = len(square)
        parts = [(Rect(0, side, 0, side), square)]
        return Frame.of_regions((side, side), self.photo, parts)


def see_photo(networks: Networks, photo: Frame, face: Face, full: bool) -> SeenPhoto:
    """Where only the square is shown, all of it lies in the photo."""
    landmarks = landmarks_of(face)
    square = HeadSquare.of(landmarks)
    if not full:
        square = square.inside(photo.width, photo.height)
    picture = square.cut(photo, networks.size)
    placed = landmarks.mapped(square.to_square(networks.size))
    return SeenPhoto(photo, square, picture, see_face(networks, picture, placed))


def see_in_square(networks: Networks, frame: Frame, face: Face) -> SourceFace:
    """A face in a frame of a driving video."""
    landmarks = landmarks_of(face)
    square = HeadSquare.of(landmarks)
    picture = square.cut(frame, networks.size)
    return see_face(networks, picture, landmarks.mapped(square.to_square(networks.size)))


def see_face(networks: Networks, picture: Picture, landmarks: Landmarks) -> SourceFace:
    """The face in a BGR picture in numbers."""
    alignment = Alignment.of(landmarks, len(picture))
    return SourceFace.of(networks.coefficients(alignment.cut(picture)), alignment)


def landmarks_of(face: Face) -> Landmarks:
    """By the mesh, where it was seen: eyes are the middle between their corners."""
    if face.lips is None:
        return face.landmarks
    eyes = [face.lips.mesh(*corners).mean(0) for corners in (LEFT_EYE, RIGHT_EYE)]
    mouth = face.lips.lower_outer[[0, -1]]
    return Landmarks.of(np.array([*eyes, face.lips.mesh(NOSE_TIP)[0], *mouth]))


def spoken_rows(
    networks: Networks,
    hearing: Hearing,
    face: SourceFace,
    manner: Manner,
    driving: DrivingCoefficients | None = None,
) -> Floats:
    """(T, 70 or 73): what the face does in each of the sound's frames, 25 a second."""
    expressions = _expressions(networks, hearing, face, manner, driving)
    poses = smoothed(head_poses(networks, hearing, face, manner))
    if driving is not None:
        poses = poses + repeated_to(driving.poses - driving.poses[0], hearing.frames)
    scaled = expressions * np.float32(manner.expression_scale)
    return joined(scaled, poses, face, manner.full, manner.still_head)


def _expressions(
    networks: Networks,
    hearing: Hearing,
    face: SourceFace,
    manner: Manner,
    driving: DrivingCoefficients | None,
) -> Floats:
    """(T, 64): the lids follow the driving video, else they blink by themselves."""
    if driving is None:
        own = face.expression[None]
        blinks = random_blinks(hearing.frames, manner.seed)
    else:
        own, blinks = driving.expressions, np.zeros(hearing.frames, np.float32)
    parts = []
    for first in range(0, hearing.frames, HEARD_AT_ONCE):
        last = min(first + HEARD_AT_ONCE, hearing.frames)
        seen = own[np.arange(first, last) % len(own)]
        parts.append(networks.expressions(hearing.windows(first, last), seen, blinks[first:last]))
    return np.concatenate(parts)


def head_poses(networks: Networks, hearing: Hearing, face: SourceFace, manner: Manner) -> Floats:
    """(T, 6), not yet smooth: the photo's, then blocks of frames, each of its own noise."""
    blocks = pose_blocks(hearing.frames)
    noise = np.random.default_rng(manner.seed).standard_normal((blocks, POSE_NOISE), np.float32)
    parts = [face.pose[None]]
    for block in range(blocks):
        first = 1 + block * POSE_BLOCK
        last = min(first + POSE_BLOCK, hearing.frames)
        heard = hearing.windows(max(last - POSE_BLOCK - 1, 0), last)
        made = networks.poses(heard, face.pose, manner.style, noise[block : block + 1])
        parts.append(made[first - last :])
    return np.concatenate(parts)


def moved(
    networks: Networks, seen: SeenPhoto, rows: Floats, places: NDArray[np.float64], full: bool
) -> Iterator[Frame]:
    """A frame for each place among the rows, whose frames are those between two of them."""
    show = seen.pasted if full else seen.alone
    picture = as_input(seen.picture)
    canonical, features = networks.canonical_points(picture), networks.source_features(picture)
    source = np.repeat(seen.face.row(full)[None, :, None], SPAN, axis=2)
    own = moved_points(canonical, networks.motion(source))[0]
    for first in range(0, len(places), MOVED_AT_ONCE):
        windows = windows_around(rows, places[first : first + MOVED_AT_ONCE])
        for wanted in moved_points(canonical, networks.motion(windows)):
            yield show(as_region(networks.picture(features, own, wanted[None])[0]))


def as_input(picture: Picture) -> Floats:
    """RGB in 0..1 of a BGR picture."""
    return np.ascontiguousarray(picture[..., ::-1], np.float32) / np.float32(255)


def as_region(picture: Floats) -> Region:
    """BGR in 0..255 of what a network made."""
    return np.ascontiguousarray(picture[..., ::-1] * np.float32(255))
