"""The video whose head moves a photo, and the head in it."""

import math
from collections.abc import Generator as Stream
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import dropwhile, islice
from pathlib import Path

import numpy as np

from base.errors import NoFaceError
from base.prefetch import prefetch
from faces.face import FaceTrack
from faces.sightings import Sighting, Sightings
from faces.track import TrackSettings, clean_track, follow_person
from faces.view import View
from pipeline.settings import Settings
from pipeline.stages import DETECTOR_SIDE, Stages
from video.shape import Shape
from video.source import Source, open_source
from video.yuv import Frame

STILL_RATE = Fraction(25)  # of a picture, which moves nothing
READ_AHEAD = 4  # frames
TRACKING = TrackSettings()


@dataclass(frozen=True, eq=False)
class DrivingHead:
    """One head through a part of a video, in every frame of that part."""

    video: Source
    start: int  # the part's first frame
    track: FaceTrack
    end: str = ""  # why it ends before it need, for people

    def __post_init__(self) -> None:
        if self.start < 0 or not len(self.track) or not self.track.has_face.all():
            raise ValueError("a head that is not in every frame")

    def frames(self) -> Stream[Frame, None, None]:
        """The part's frames."""
        with closing(self.video.frames()) as frames:
            yield from islice(frames, self.start, self.start + len(self.track))


def open_driving_video(path: Path, settings: Settings) -> Source:
    return open_source(path, Shape(), STILL_RATE, max_pixels=settings.picture.max_pixels)


def no_face_in(video: Source) -> NoFaceError:
    return NoFaceError(f"no face found in {video.path}: take a --driving_video that shows one")


def follow_head(video: Source, stages: Stages, seconds: Fraction) -> DrivingHead:
    """The largest head, from where it is first seen up to a cut, its loss, or so many seconds."""
    needed = math.ceil(seconds * video.fps) + 1
    with closing(prefetch(_views(video), READ_AHEAD)) as views:
        see_lips = None if stages.lips is None else stages.lips(False)
        seen = enumerate(follow_person(views, stages.detector(), TRACKING, see_lips))
        visible = dropwhile(lambda item: item[1].face is None, seen)
        first = next(visible, None)
        if first is None:
            raise no_face_in(video)
        part = _unbroken(first[1], (later for _, later in visible))
        sightings = Sightings.of(islice(part, needed))
    return _head(video, first[0], sightings, needed)


def _views(video: Source) -> Stream[View, None, None]:
    with closing(video.frames()) as frames:
        for frame in frames:
            yield View(frame, DETECTOR_SIDE)


def _unbroken(first: Sighting, later: Iterator[Sighting]) -> Iterator[Sighting]:
    """Up to and with the sighting that ends it: a cut, or the face away for too long."""
    yield first
    missing = 0
    for sighting in later:
        yield sighting
        missing = missing + 1 if sighting.face is None else 0
        if sighting.starts_shot or missing > TRACKING.longest_gap:
            return


def _head(video: Source, start: int, sightings: Sightings, needed: int) -> DrivingHead:
    """What of the sightings has the head without a break."""
    scale = View(video.first, DETECTOR_SIDE).scale
    track = clean_track(sightings, TRACKING).scaled(1 / scale)
    first = int(np.argmax(track.has_face))  # what was seen before it was no face
    breaks = {
        "at a cut": np.flatnonzero(sightings.starts_shot),
        "where no face is seen": np.flatnonzero(~track.has_face),
    }
    end, why = len(track), ""
    for reason, places in breaks.items():
        for place in places[places > first][:1].tolist():
            end, why = min((end, why), (place, reason))
    kept = FaceTrack.of(islice(track, first, end))
    return DrivingHead(video, start + first, kept, why if end < needed else "")
