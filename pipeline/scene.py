"""What is known of a run's frames before its generator is built, and some of them."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from audio.windows import Windows
from base.geometry import Picture
from faces.face import Face, FaceTrack
from pipeline.framing import Framing
from pipeline.job import Job
from video.yuv import Frame
from wav2lip.generators.prepared import Examples, Scene

EXAMPLES = 8  # frames
FACES, APART = 3, 4  # faces of a video among them, and the frames from one to the next
LISTENED = 500  # windows, evenly spaced, among which the examples' are chosen


def scene_of(job: Job, faces: FaceTrack, framing: Framing, with_examples: bool) -> Scene:
    """The scene of a run; examples only where they are wanted and there is a face."""
    visible = framing.visible(faces, job.settings.blend, job.size)
    examples = examples_of(job, faces, framing) if with_examples else None
    return Scene(visible, job.source.still, examples)


def examples_of(job: Job, faces: FaceTrack, framing: Framing) -> Examples | None:
    """A few faces, each with sound from all levels of the run's; None without a face."""
    pictures = [_cut(frame, face, framing) for frame, face in _frames_with_face(job, faces)]
    if not pictures:
        return None
    windows = _windows(job.windows)
    repeated = [pictures[i % len(pictures)] for i in range(len(windows))]
    return Examples(job.windows.at(windows), np.stack(repeated))


def _frames_with_face(job: Job, faces: FaceTrack) -> Iterator[tuple[Frame, Face]]:
    """Up to FACES frames from the first with a face on, APART frames from each other."""
    with_face = np.flatnonzero(faces.has_face).tolist()
    if not with_face:
        return
    first, last = with_face[0], with_face[0] + FACES * APART
    wanted = {i for i in with_face if i < last and (i - first) % APART == 0}
    with closing(job.source.frames()) as frames:
        for index, frame in enumerate(frames):
            face = faces[index]
            if index in wanted and face is not None:
                yield frame, face
            if index >= max(wanted):
                return


def _cut(frame: Frame, face: Face, framing: Framing) -> Picture:
    return framing.cut(frame, framing.place(face))


def _windows(windows: Windows) -> list[int]:
    """Frames whose windows are the quietest, the loudest, and those in even steps between."""
    frames = np.unique(np.linspace(0, len(windows) - 1, LISTENED).astype(int))
    loudness = windows.at(frames.tolist()).mean(axis=(1, 2))
    ranks = np.linspace(0, len(frames) - 1, EXAMPLES).round().astype(int)
    chosen: list[int] = frames[np.argsort(loudness, kind="stable")][ranks].tolist()
    return chosen
