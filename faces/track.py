"""From pictures to the track of one face."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from base.errors import UsageError
from base.geometry import Box, Landmarks, Picture
from faces.detector import Detector
from faces.face import EDGES, SCORE, Face, FaceTrack
from faces.follow import Follower
from faces.gaps import believed, bridged, stretched
from faces.person import check_select, same_place
from faces.shots import shots
from faces.sightings import Sighting, Sightings
from faces.smoothing import Smoothing, smoothed


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


def track(
    pictures: Iterable[Picture], detector: Detector, settings: TrackSettings | None = None
) -> FaceTrack:
    """One person's face in every picture, None where it is not seen; takes a picture at a time."""
    settings = settings or TrackSettings()
    return track_of(Sightings.of(followed(pictures, detector, settings)), settings)


def followed(
    pictures: Iterable[Picture], detector: Detector, settings: TrackSettings
) -> Iterator[Sighting]:
    """What is seen in each picture, which depends on it and on those before it alone."""
    return Follower(detector, settings.stride, settings.select).sightings(pictures)


def track_of(sightings: Sightings, settings: TrackSettings) -> FaceTrack:
    """The sightings of one person without what was no face, short gaps and tremble."""
    cuts = _cuts(sightings)
    seen = bridged(believed(sightings.track, cuts), cuts, settings.longest_gap)
    return smoothed(seen, cuts, settings.smoothing)


def hold(
    box: Box,
    pictures: Iterable[Picture],
    detector: Detector | None = None,
    smoothing: Smoothing | None = None,
) -> FaceTrack:
    """A box that stays; landmarks as the detector sees them in it, else the average face's."""
    seen = Sightings.of(held(box, pictures, detector))
    return track_in(box, seen, smoothing or Smoothing())


def held(box: Box, pictures: Iterable[Picture], detector: Detector | None) -> Iterator[Sighting]:
    """The face inside the box, where there is one; depends on no later picture."""
    kept = _fixed(box)
    last: Face | None = None
    for picture, begins in shots(pictures):
        guess = kept if begins or last is None else last
        face = None if detector is None else detector.refine(picture, guess)
        last = face if face is not None and same_place(face, kept) else None
        yield Sighting(last, begins, int(last is not None))


def track_in(box: Box, sightings: Sightings, smoothing: Smoothing) -> FaceTrack:
    """The box in every picture, with the sightings' landmarks."""
    cuts = _cuts(sightings)
    whole = bridged(sightings.track, cuts, len(sightings))
    steady = stretched(smoothed(whole, cuts, smoothing), cuts)
    fixed = np.array(_fixed(box).numbers)
    rows = np.where(steady.seen[:, None], steady.rows, fixed)
    rows[:, SCORE], rows[:, EDGES] = fixed[SCORE], fixed[EDGES]
    return FaceTrack(rows)


def _fixed(box: Box) -> Face:
    return Face(box, Landmarks.fixed(box), 1.0)


def _cuts(sightings: Sightings) -> list[int]:
    return [int(index) for index in np.flatnonzero(sightings.begins)]
