"""From pictures to sightings, and from sightings to the smoothed track of one face."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from base.errors import UsageError
from base.geometry import Box, Landmarks, Picture
from faces.detector import Detector
from faces.face import BOX_COLUMNS, SCORE_COLUMN, Face, FaceTrack
from faces.follow import Follower
from faces.gaps import bridge_gaps, drop_doubtful_runs, extend_to_shot_ends
from faces.person import check_select, is_same_place
from faces.shots import detect_shots
from faces.sightings import Sighting, Sightings
from faces.smoothing import Smoothing, smooth_track


@dataclass(frozen=True)
class TrackSettings:
    """How a face is followed through a clip."""

    stride: int = 5  # pictures from one detection to the next
    select: str = "largest"  # or left, right, center, or the number of a face counted from the left
    smoothing: Smoothing = field(default_factory=Smoothing)
    longest_gap: int = 5  # pictures without the face that are bridged: 0.2 s of a film

    def __post_init__(self) -> None:
        if self.stride < 1:
            raise UsageError(f"--face_det_stride {self.stride}: 1 frame or more")
        if self.longest_gap < 0:
            raise UsageError(f"the longest gap to bridge is {self.longest_gap} frames: 0 or more")
        check_select(self.select)


def follow_person(
    pictures: Iterable[Picture], detector: Detector, settings: TrackSettings
) -> Iterator[Sighting]:
    """Yield one person's face in each picture; a sighting never depends on later pictures."""
    return Follower(detector, settings.stride, settings.select).sightings(pictures)


def clean_track(sightings: Sightings, settings: TrackSettings) -> FaceTrack:
    """Return the track of the sightings without doubtful faces, short gaps and jitter."""
    cuts = _cuts(sightings)
    certain = drop_doubtful_runs(sightings.track, cuts)
    return smooth_track(bridge_gaps(certain, cuts, settings.longest_gap), cuts, settings.smoothing)


def follow_in_box(
    box: Box, pictures: Iterable[Picture], detector: Detector | None
) -> Iterator[Sighting]:
    """Yield the face inside the box in each picture, if there is one.

    A sighting never depends on later pictures. Without a detector there are no faces.
    """
    average = _average_face(box)
    last: Face | None = None
    for picture, starts_shot in detect_shots(pictures):
        guess = average if starts_shot or last is None else last
        face = None if detector is None else detector.refine(picture, guess)
        last = face if face is not None and is_same_place(face, average) else None
        yield Sighting(last, starts_shot, int(last is not None))


def track_fixed_box(box: Box, sightings: Sightings, smoothing: Smoothing) -> FaceTrack:
    """Return a track with the box in every picture and the sightings' landmarks.

    Shots without a sighting have the landmarks of an average face.
    """
    cuts = _cuts(sightings)
    bridged = bridge_gaps(sightings.track, cuts, len(sightings))
    track = extend_to_shot_ends(smooth_track(bridged, cuts, smoothing), cuts)
    average = np.array(_average_face(box).as_row())
    rows = np.where(track.has_face[:, None], track.rows, average)
    rows[:, SCORE_COLUMN], rows[:, BOX_COLUMNS] = average[SCORE_COLUMN], average[BOX_COLUMNS]
    return FaceTrack(rows)


def _average_face(box: Box) -> Face:
    return Face(box, Landmarks.fixed(box), 1.0)


def _cuts(sightings: Sightings) -> list[int]:
    return [int(index) for index in np.flatnonzero(sightings.starts_shot)]
