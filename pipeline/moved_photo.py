"""A photo that networks move.

Its frames are made once, before faces are followed, and from then on used like a video's: they lie
in a folder among the temporary files, which a killed run's successor removes.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from base.locks import locked_folder, remove_abandoned
from pipeline.job import Job
from pipeline.movers.mover import PhotoScene
from pipeline.portrait import STAGE
from pipeline.report import Clock, Step
from pipeline.stages import Stages
from pipeline.tracking import Progress, faces_of, sightings_of
from video.shape import Shape
from video.source import open_source
from video.writer import Target, write_video

BEFORE = ".lipsync-portrait."  # of a folder's name
NAMES = re.compile(rf"{re.escape(BEFORE)}([0-9a-f]{{16}})")


@contextmanager
def moved_photo(job: Job, stages: Stages, progress: Progress, clock: Clock) -> Iterator[Job]:
    """The job with the moved photo as its source, where that is wanted; removed at the end."""
    mover = job.portrait.mover
    if mover is None:
        yield job
        return
    temporary = Path(tempfile.gettempdir())
    remove_abandoned(temporary, NAMES)
    with locked_folder(temporary, BEFORE) as folder:
        notes: list[str] = []
        with clock.stage(STAGE):
            frames = mover(_scene(job, stages, progress, notes.append))
            target = _spool(job, folder / "frames.mkv")
            write_video(frames, target)
            source = open_source(target.path, Shape(), target.fps)
        notices = (*job.notices, *notes)
        yield replace(job, source=source, notices=notices, portrait=job.portrait.noting(notes))


def _scene(job: Job, stages: Stages, progress: Progress, note: Callable[[str], None]) -> PhotoScene:
    sightings, _ = sightings_of(job, stages, progress)
    face = faces_of(job, sightings)[0]
    assert face is not None  # else faces_of says that there is none
    assert job.sound is not None  # open_job keeps it for a mover
    return PhotoScene(
        photo=job.source.first,
        face=face,
        fps=job.source.fps,
        frames=len(job.windows),
        sound=job.sound,
        stages=stages,
        progress=lambda done, of: progress(Step(STAGE, done, of)),
        note=note,
    )


def _spool(job: Job, path: Path) -> Target:
    """Where the frames are kept, losslessly and at the photo's rate."""
    width, height = job.portrait.size(job.size)
    return Target(path, job.source.fps, width, height, encoder="ffv1", crf=0)
