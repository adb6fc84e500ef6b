"""The followed face: seen in every source frame, and its box as the network wants it."""

from collections.abc import Callable, Sequence
from collections.abc import Generator as Stream
from contextlib import closing
from dataclasses import replace
from itertools import islice

import numpy as np

from base.cache import Cached
from base.errors import NoFaceError, UsageError
from base.prefetch import prefetch
from diff2lip.framing import smoothed_boxes
from faces import cache
from faces.detector import Detector
from faces.face import BOX_COLUMNS, Face, FaceTrack
from faces.lips import LipsSeer
from faces.sightings import Sighting, Sightings
from faces.smoothing import unbroken_runs
from faces.track import clean_track, follow_in_box, follow_person, track_fixed_box
from faces.view import View
from pipeline.job import Job
from pipeline.report import Step
from pipeline.stages import DETECTOR_SIDE, Stages
from pipeline.track_key import track_entry

READ_AHEAD = 4  # frames

Progress = Callable[[Step], None]


def sightings_of(job: Job, stages: Stages, progress: Progress) -> tuple[Sightings, Cached]:
    """The followed face in every reduced source frame, from the cache if it is there."""
    frames = job.source_frames
    entry = track_entry(stages.cache, job.settings, job.source, DETECTOR_SIDE)
    cached = cache.read(entry, frames) if entry else None
    if cached is not None:
        progress(Step("faces", len(cached), len(cached)))
        return cached, "hit"
    see_lips = None if stages.lips is None else stages.lips(job.source.still)
    with closing(_detected(job, stages.detector(), see_lips, progress)) as detected:
        sightings = Sightings.of(detected)
    if entry:
        cache.store(entry, sightings, ended=job.source.still or len(sightings) < frames)
    return sightings, "miss" if entry else "off"


def faces_of(job: Job, sightings: Sightings) -> FaceTrack:
    """The followed face in every source frame, its box as the network wants it.

    The sightings' lips are smoothed where they lie.
    """
    track = _track(job, sightings).scaled(1 / _scale(job))
    if not track.face_count:
        raise NoFaceError(_no_face(job))
    boxes = FaceTrack.of(_padded(job, face) for face in FaceTrack(track.rows))
    padded = replace(boxes, lips=track.lips)
    if job.settings.face.averaged and job.settings.face.box is None:
        padded = _averaged(padded, np.flatnonzero(sightings.starts_shot).tolist())
    if not padded.face_count:
        raise UsageError(f"--pads {job.settings.face.pads} move the face out of the picture")
    return padded


def _averaged(track: FaceTrack, cuts: Sequence[int]) -> FaceTrack:
    """The track with boxes as Diff2Lip was trained on them, within each unbroken run of faces."""
    rows = track.rows.copy()
    for run in unbroken_runs(track, cuts):
        boxes = rows[run.start : run.stop, BOX_COLUMNS]
        rows[run.start : run.stop, BOX_COLUMNS] = smoothed_boxes(boxes)
    return replace(track, rows=rows)


def _no_face(job: Job) -> str:
    settings = job.settings
    select, picture = settings.face.track.select, settings.picture.path
    if settings.portrait is not None and not job.source.still:
        word = settings.portrait.word
        return f"no face found in what --animate {word} made of {picture}: take another photo"
    if select.isdecimal() and settings.face.box is None:
        missing = f"no picture in {picture} shows a face number {select}"
        return f"{missing}, counted from 0 at the left: choose another --face_select"
    return (
        f"no face found in {picture}: take a picture that shows one, or give its place with --box"
    )


def _scale(job: Job) -> float:
    """Of the pictures that faces are looked for in, all of one size."""
    return View(job.source.first, DETECTOR_SIDE).scale


def _detected(
    job: Job, detector: Detector, see_lips: LipsSeer | None, progress: Progress
) -> Stream[Sighting, None, None]:
    face = job.settings.face
    with closing(prefetch(_views(job, progress), READ_AHEAD)) as views:
        if face.box is not None:
            yield from follow_in_box(face.box.scaled(_scale(job)), views, detector, see_lips)
        else:
            yield from follow_person(views, detector, face.track, see_lips)


def _views(job: Job, progress: Progress) -> Stream[View, None, None]:
    frames = min(job.source_frames, job.source.estimated_frames or job.source_frames)
    done = 0
    with closing(job.source.frames()) as source:
        for done, frame in enumerate(islice(source, job.source_frames), 1):
            yield View(frame, DETECTOR_SIDE)
            progress(Step("faces", done, max(frames, done)))
    if done < frames:  # the file said that there were more
        progress(Step("faces", done, done))


def _track(job: Job, sightings: Sightings) -> FaceTrack:
    face = job.settings.face
    if face.box is not None:
        return track_fixed_box(face.box.scaled(_scale(job)), sightings, face.track.smoothing)
    return clean_track(sightings, face.track)


def _padded(job: Job, face: Face | None) -> Face | None:
    """None where the box then lies outside the picture; a box that the user named stays."""
    settings = job.settings.face
    if face is None or settings.box is not None:
        return face
    try:
        box = face.box.padded(*settings.pads)
    except ValueError as empty:
        raise UsageError(f"--pads {settings.pads} leave nothing of the face") from empty
    return replace(face, box=box) if box.inside(*job.size) else None
