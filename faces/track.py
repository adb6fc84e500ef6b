"""From pictures to sightings, and from sightings to the smoothed track of one face."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from base.errors import UsageError
from base.geometry import Box, Landmarks
from faces.detector import Detector
from faces.face import BOX_COLUMNS, SCORE_COLUMN, Face, FaceTrack
from faces.follow import Follower, with_lips
from faces.gaps import bridge_gaps, drop_doubtful_runs, extend_to_shot_ends
from faces.lips import LipsSeer
from faces.lips_smoothing import smooth_lips
from faces.person import check_select, is_same_place
from faces.shots import detect_shots
from faces.sightings import Sighting, Sightings
from faces.smoothing import Smoothing, smooth_track
from faces.view import View
from faces.watch import Look, Watch


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
    views: Iterable[View],
    detector: Detector,
    settings: TrackSettings,
    see_lips: LipsSeer | None = None,
) -> Iterator[Sighting]:
    """Yield one person's face in each picture; a sighting never depends on later pictures.

    Without a seer every face is believed, and none has lips.
    """
    watch = None if see_lips is None else Watch(see_lips)
    return Follower(detector, settings.stride, settings.select, watch).sightings(views)


def clean_track(sightings: Sightings, settings: TrackSettings) -> FaceTrack:
    """Return the track of the sightings without doubtful faces, short gaps and jitter.

    Lips are smoothed where they lie: the sightings' own are no longer those that were seen.
    """
    cuts = _cuts(sightings)
    certain = drop_doubtful_runs(sightings.track, cuts)
    bridged = bridge_gaps(certain, cuts, settings.longest_gap, sightings.covered)
    track = smooth_track(bridged, cuts, settings.smoothing)
    smooth_lips(track, cuts, settings.smoothing)
    return track


def follow_in_box(
    box: Box,
    views: Iterable[View],
    detector: Detector | None,
    see_lips: LipsSeer | None = None,
) -> Iterator[Sighting]:
    """Yield the face inside the box in each picture, if there is one, believed or not.

    A sighting never depends on later pictures. Without a detector there are no faces.
    """
    watch = None if see_lips is None else Watch(see_lips)
    average = _average_face(box)
    last: Face | None = None
    look: Look | None = None
    for view, starts_shot in detect_shots(views):
        if starts_shot:
            last = look = None
        face = None if detector is None else detector.refine(view.picture, last or average)
        last = face if face is not None and is_same_place(face, average) else None
        look = watch.look(view, last, look) if watch is not None and last is not None else None
        yield Sighting(with_lips(last, look), starts_shot, int(last is not None))


def track_fixed_box(box: Box, sightings: Sightings, smoothing: Smoothing) -> FaceTrack:
    """Return a track with the box in every picture and the sightings' landmarks.

    Shots without a sighting have the landmarks of an average face. As in `clean_track`, the lips
    are smoothed where they lie.
    """
    cuts = _cuts(sightings)
    bridged = bridge_gaps(sightings.track, cuts, len(sightings))
    track = extend_to_shot_ends(smooth_track(bridged, cuts, smoothing), cuts)
    smooth_lips(track, cuts, smoothing)
    average = np.array(_average_face(box).as_row())
    rows = np.where(track.has_face[:, None], track.rows, average)
    rows[:, SCORE_COLUMN], rows[:, BOX_COLUMNS] = average[SCORE_COLUMN], average[BOX_COLUMNS]
    return FaceTrack(rows, track.lips)


def _average_face(box: Box) -> Face:
    return Face(box, Landmarks.fixed(box), 1.0)


def _cuts(sightings: Sightings) -> list[int]:
    return [int(index) for index in np.flatnonzero(sightings.starts_shot)]
