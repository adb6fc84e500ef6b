"""A photo that LivePortrait's networks move.

Its frames are made once, before faces are followed, and from then on used like a video's: they lie
in a folder among the temporary files, which a killed run's successor removes.
"""

import math
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

from base.errors import NoFaceError
from base.geometry import Landmarks
from base.locks import locked_folder, remove_abandoned
from faces.person import select_face
from liveportrait.driving import Driving
from liveportrait.networks import Networks
from liveportrait.portrait import animated, poses_in
from pipeline.job import Job
from pipeline.portrait import STAGE, Portrait
from pipeline.report import Clock, Step
from pipeline.stages import Stages
from pipeline.tracking import DETECTOR_SIDE, Progress, faces_of, sightings_of
from video.shape import Shape
from video.source import Source, open_source
from video.writer import Target, write_video
from video.yuv import Frame

BEFORE = ".lipsync-portrait."  # of a folder's name
NAMES = re.compile(rf"{re.escape(BEFORE)}([0-9a-f]{{16}})")


@contextmanager
def moved_photo(job: Job, stages: Stages, progress: Progress, clock: Clock) -> Iterator[Job]:
    """The job with the moved photo as its source, where that is wanted; removed at the end."""
    if job.portrait is None:
        yield job
        return
    temporary = Path(tempfile.gettempdir())
    remove_abandoned(temporary, NAMES)
    with locked_folder(temporary, BEFORE) as folder:
        with clock.stage(STAGE):
            frames = _frames(job, job.portrait, stages, progress)
            source = _spooled(frames, job.source, folder / "frames.mkv")
        yield replace(job, source=source)


def _frames(job: Job, portrait: Portrait, stages: Stages, progress: Progress) -> Iterator[Frame]:
    """As many as the motion has, or the sound needs."""
    sightings, _ = sightings_of(job, stages, progress)
    face = faces_of(job, sightings)[0]
    assert face is not None  # else faces_of says that there is none
    driving = portrait.driving
    if isinstance(driving, Source):
        driving = _followed(portrait.networks, driving, stages, _seconds(job))
    count = min(len(job.windows), math.ceil(driving.duration * job.source.fps))
    poses = islice(driving.at_rate(job.source.fps), count)
    moved = animated(portrait.networks, job.source.first, face.landmarks, poses)
    for done, frame in enumerate(moved, 1):
        yield frame
        progress(Step(STAGE, done, count))


def _seconds(job: Job) -> Fraction:
    return len(job.windows) / job.source.fps


def _followed(networks: Networks, video: Source, stages: Stages, seconds: Fraction) -> Driving:
    """The motion of the largest face of the driving video, as long as the sound needs it."""
    landmarks = _first_face(video, stages)
    with closing(video.frames()) as frames:
        needed = islice(frames, math.ceil(seconds * video.fps) + 1)
        return Driving(video.fps, tuple(poses_in(networks, needed, landmarks)))


def _first_face(video: Source, stages: Stages) -> Landmarks:
    detector = stages.detector()
    with closing(video.frames()) as frames:
        for frame in frames:
            picture, scale = frame.downscaled(DETECTOR_SIDE)
            size = picture.shape[1], picture.shape[0]
            face = select_face(detector.detect(picture), "largest", size)
            if face is not None:
                return face.scaled(1 / scale).landmarks
    raise NoFaceError(f"no face found in {video.path}: take a --driving_video that shows one")


def _spooled(frames: Iterable[Frame], photo: Source, path: Path) -> Source:
    """The frames, kept losslessly, as a source of the photo's rate."""
    target = Target(path, photo.fps, photo.width, photo.height, encoder="ffv1", crf=0)
    write_video(frames, target)
    return open_source(path, Shape(), photo.fps)
