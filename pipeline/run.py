"""The order of the stages, from a sound and a picture to the finished file."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Generator as Stream
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from audio.load import load
from audio.vads import SPEECH_ALONE, VADS
from audio.windows import Hearing, Windows, windows_of
from base.cache import Cached
from base.errors import NoFaceError, OutOfMemoryError, UsageError
from base.geometry import Box, Picture, Rect
from base.memory import OUT_OF_MEMORY_MESSAGE, can_allocate, peak_memory_mb
from base.prefetch import prefetch
from blending.masks import MaskShape
from blending.methods import Look
from faces import cache
from faces.detector import Detector
from faces.face import Face, FaceTrack
from faces.sightings import Sighting, Sightings
from faces.smoothing import Smoothing
from faces.track import TrackSettings, followed, held, track_in, track_of
from pipeline.judgement import judgement
from pipeline.mouth_audio import driving
from pipeline.mouths import Mouth, Shown, Spoken, laid_in, with_mouths
from pipeline.options import Options
from pipeline.preflight import Outlook, outlook
from pipeline.report import Clock, Faces, Report, Step
from pipeline.track_key import entry_for
from pipeline.visible import shown_part
from video.shape import Shape
from video.source import Source, open_source
from video.writer import Target, Written, check_target, checked_encoder, write
from video.yuv import Frame
from wav2lip.generators.batch import Generator

DETECTOR_SIDE = 640  # faces are looked for in frames reduced to this
READ_AHEAD = 4  # frames
MEMORY_A_PIXEL = 300  # bytes of address space: frames in flight, most of them the encoder's


@dataclass(frozen=True)
class Stages:
    """What a run is made with; called when needed, so that nothing is loaded for a wrong input."""

    engine: str  # the generator's name, for the report
    generator: Callable[[Rect], Generator]  # for the part of the patches that shows
    detector: Callable[[], Detector]
    batch_size: int = 8  # frames that the generator is given together
    cache: Path | None = None  # folder for tracks; none: nothing is kept
    gated: bool = False  # in pauses the generator makes a few mouths, the others come from them
    memory: int = 0  # bytes of address space that are still wanted, besides the pictures'
    prepare: Callable[[], Cached] = lambda: "off"  # what the generator needs is read and checked


Tell = Callable[[Step], None]
Mouths = Callable[[Iterable[Shown]], Iterator[Spoken]]


@dataclass(frozen=True)
class Job:
    """The opened inputs of a run and its checked output."""

    options: Options
    windows: Windows
    source: Source
    target: Target
    box: Box | None  # the face's place, where the user gave it
    notices: tuple[str, ...] = ()  # what the user should know of the inputs


def lipsync(options: Options, stages: Stages, tell: Tell, clock: Clock) -> Report:
    """Write the video that `options` ask for."""
    job, _, network = ready(options, stages, clock)
    with clock.stage("faces"):
        sightings, cached = sightings_of(job, stages, tell)
        faces = faces_of(job, sightings)
        seen = _seen(faces, sightings)
        del sightings  # of an hour they take 12 MB
    with clock.stage("engine"):
        look, source = _look(options), job.source
        generator = stages.generator(shown_part(faces, look, source.width, source.height))
    counted = _Counted(tell, len(job.windows))
    mouths = partial(
        with_mouths,
        windows=job.windows,
        generator=generator,
        batch_size=stages.batch_size,
        gated=stages.gated,
    )
    with closing(prefetch(_spoken(job, faces, mouths, counted, clock), READ_AHEAD)) as frames:
        written = write(clock.each("waiting for frames", frames), job.target)
    judged: dict[str, Any] = {}
    if options.quality is not None:
        with clock.stage("quality"):
            judged = judgement(options, faces)
    report = _report(stages.engine, job, counted, written, clock)
    caches: dict[str, Cached] = {"track": cached, "network": network}
    return replace(report, caches=caches, notices=job.notices, faces=seen, quality=judged)


def ready(options: Options, stages: Stages, clock: Clock) -> tuple[Job, Outlook, Cached]:
    """All that can fail before a face is looked for; whether the network was kept."""
    with clock.stage("inputs"):
        job = opened(options)
        encoder = checked_encoder(job.target, job.source.first)
        found = outlook(job.target, encoder, len(job.windows))
    with clock.stage("engine"):
        network = stages.prepare()
    if not can_allocate(stages.memory + MEMORY_A_PIXEL * job.source.width * job.source.height):
        raise OutOfMemoryError(OUT_OF_MEMORY_MESSAGE)
    return job, found, network


def opened(options: Options) -> Job:
    """The inputs, read as far as needed to know that they can be used, and the output's place."""
    assert options.face is not None and options.audio is not None  # Options checked it
    check_target(_target(options, options.fps, (2, 2)))
    shape = Shape(options.resize_factor, options.rotate, options.crop)
    source = open_source(options.face, shape, options.fps, options.static, options.max_pixels)
    heard = load(options.audio, options.max_seconds)
    sound, notices = driving(options.drive_audio, heard, options.max_seconds)
    if options.fps not in (Options.fps, source.fps):
        notices += (f"--fps is for a still: {options.face} keeps its {float(source.fps):.5g}",)
    offset = Fraction(options.audio_offset) / 1000
    windows = windows_of(sound, source.fps, offset, _hearing(options))
    target = _target(options, source.fps, (source.width, source.height))
    return Job(options, windows, source, target, _given_box(options, source), notices)


def _hearing(options: Options) -> Hearing:
    alone = options.vad in SPEECH_ALONE
    return Hearing(VADS[options.vad](), options.silence_threshold, alone)


def _target(options: Options, fps: Fraction, size: tuple[int, int]) -> Target:
    width, height = size
    return Target(
        path=options.outfile,
        fps=fps,
        width=width,
        height=height,
        sound=options.audio,
        encoder=options.encoder,
        preset=options.preset,
        crf=options.crf,
    )


def sightings_of(job: Job, stages: Stages, tell: Tell) -> tuple[Sightings, Cached]:
    """The speaking face in every reduced source frame, from the cache if it is there."""
    frames = len(job.windows)
    entry = entry_for(stages.cache, job.options, job.source, DETECTOR_SIDE)
    known = cache.read(entry, frames) if entry else None
    if known is not None:
        tell(Step("faces", len(known), len(known)))
        return known, "hit"
    with closing(_looked(job, stages.detector(), tell)) as looked:
        seen = Sightings.of(looked)
    if entry:
        cache.keep(entry, seen, ended=job.source.still or len(seen) < frames)
    return seen, "miss" if entry else "off"


def faces_of(job: Job, sightings: Sightings) -> FaceTrack:
    """The speaking face in every source frame, its box as the network wants it."""
    scale = _scale(job)
    found = _track(job, sightings, scale).scaled(1 / scale)
    if not found.found:
        raise NoFaceError(_no_face(job.options))
    padded = FaceTrack.of(_as_network_wants(job, face) for face in found)
    if not padded.found:
        raise UsageError(f"--pads {job.options.pads} move the face out of the picture")
    return padded


def _seen(faces: FaceTrack, sightings: Sightings) -> Faces:
    return Faces.seen(
        there=faces.seen.tolist(),
        begins=sightings.begins.tolist(),
        people=sightings.people.tolist(),
    )


def _no_face(options: Options) -> str:
    if options.face_select.isdecimal() and options.face_box is None:
        wanted = f"no picture in {options.face} shows a face number {options.face_select}"
        return f"{wanted}, counted from 0 at the left: choose another --face_select"
    return (
        f"no face found in {options.face}:"
        " take a picture that shows one, or give its place with --box"
    )


def _scale(job: Job) -> float:
    """Of the pictures that faces are looked for in, all of one size."""
    return job.source.first.reduced(DETECTOR_SIDE)[1]


def _reduced(job: Job, tell: Tell) -> Stream[Picture, None, None]:
    frames = min(len(job.windows), job.source.estimated_frames or len(job.windows))
    done = 0
    with closing(job.source.frames()) as source:
        for done, frame in enumerate(islice(source, len(job.windows)), 1):
            yield frame.reduced(DETECTOR_SIDE)[0]
            tell(Step("faces", done, max(frames, done)))
    if done < frames:  # the file said that there were more
        tell(Step("faces", done, done))


def _looked(job: Job, detector: Detector, tell: Tell) -> Stream[Sighting, None, None]:
    with closing(prefetch(_reduced(job, tell), READ_AHEAD)) as pictures:
        if job.box is not None:
            yield from held(job.box.scaled(_scale(job)), pictures, detector)
        else:
            yield from followed(pictures, detector, _track_settings(job.options))


def _track(job: Job, sightings: Sightings, scale: float) -> FaceTrack:
    if job.box is not None:
        return track_in(job.box.scaled(scale), sightings, _smoothing(job.options))
    return track_of(sightings, _track_settings(job.options))


def _given_box(options: Options, source: Source) -> Box | None:
    if options.face_box is None:
        return None
    box = Box(*map(float, options.face_box))
    if box.bottom > source.height or box.right > source.width:
        raise UsageError(
            f"--box {' '.join(map(str, options.face_box))} reaches out of the picture,"
            f" which is {source.width} wide and {source.height} high"
        )
    return box


def _as_network_wants(job: Job, face: Face | None) -> Face | None:
    """Padded, unless the user gave the box; nothing where it lies outside the picture."""
    if face is None or job.box is not None:
        return face
    try:
        box = face.box.padded(*job.options.pads)
    except ValueError as empty:
        raise UsageError(f"--pads {job.options.pads} leave nothing of the face") from empty
    seen = box.inside(job.source.width, job.source.height)
    return replace(face, box=box) if seen else None


def _track_settings(options: Options) -> TrackSettings:
    return TrackSettings(
        stride=options.face_det_stride,
        select=options.face_select,
        smoothing=_smoothing(options),
    )


def _smoothing(options: Options) -> Smoothing:
    return Smoothing(
        steady=not options.nosmooth,
        temporal=options.temporal_smooth,
        window=options.smooth_window,
        mode=options.smooth_mode,
    )


def _spoken(
    job: Job, faces: FaceTrack, mouths: Mouths, count: "_Counted", clock: Clock
) -> Stream[Frame, None, None]:
    """The output's frames, each with its mouth; reading, mouths and blending have a thread each."""
    look = _look(job.options)
    read = prefetch(job.source.looped(len(job.windows), job.options.loop), READ_AHEAD)
    shown = (Shown(i, frame, faces[at], at) for i, (at, frame) in enumerate(read))
    spoken = prefetch(clock.each("mouths", mouths(shown)), READ_AHEAD)
    with closing(read), closing(spoken):
        for one, mouth in spoken:
            with clock.stage("blending"):
                frame = laid_in(one, mouth, look)
            yield frame
            count.another(mouth)


def _look(options: Options) -> Look:
    return Look(
        method=options.blend_method,
        shape=MaskShape(options.mouth_region_size, options.blur_intensity),
        sharpen=options.sharpen_amount if options.sharpen_mouth else 0.0,
        match_color=not options.no_color_match,
    )


@dataclass
class _Counted:
    """Frames that went by; tells of each."""

    tell: Tell
    of: int
    generated: int = 0
    interpolated: int = 0
    passed: int = 0

    def another(self, mouth: Mouth | None) -> None:
        self.passed += mouth is None
        self.interpolated += mouth is not None and mouth.interpolated
        self.generated += mouth is not None and not mouth.interpolated
        done = self.generated + self.interpolated + self.passed
        self.tell(Step("frames", done, self.of))


def _report(engine: str, job: Job, count: _Counted, written: Written, clock: Clock) -> Report:
    return Report(
        outfile=str(job.options.outfile),
        engine=engine,
        encoder=written.encoder,
        pixel_format=written.pixel_format,
        sound=written.sound,
        sound_copied=written.sound_copied,
        fps=str(job.source.fps),
        size=(job.source.width, job.source.height),
        frames=written.frames,
        frames_generated=count.generated,
        frames_interpolated=count.interpolated,
        frames_without_face=count.passed,
        seconds=clock.elapsed(),
        seconds_by_stage=dict(clock.stages),
        peak_memory_mb=peak_memory_mb(),
    )
