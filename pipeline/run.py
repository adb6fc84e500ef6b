"""The order of the stages, from a sound and a picture to the finished file."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Generator as Stream
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.cache import Cached
from base.errors import OutOfMemoryError
from base.generator import Generator
from base.memory import OUT_OF_MEMORY_MESSAGE, can_allocate, peak_memory_mb
from base.prefetch import prefetch, wanted_while
from faces.face import Face, FaceTrack
from pipeline.framing import Framing
from pipeline.job import Job, open_job
from pipeline.judgement import judgement
from pipeline.mouths import FrameWithMouth, Mouth, blend_mouth, with_mouths
from pipeline.preflight import Estimate, estimate
from pipeline.report import Clock, Faces, Report, Step
from pipeline.scene import scene_of
from pipeline.settings import Settings
from pipeline.stages import Stages
from pipeline.tracking import READ_AHEAD, Progress, faces_of, sightings_of
from pipeline.words import write_subtitles
from stages.stage import OutputFrame
from video.fragments import streamed
from video.writer import OutputFacts, write_video
from video.yuv import Frame
from wav2lip.generators.prepared import notices_of, precision_of, steps_of

MEMORY_PER_PIXEL = 300  # bytes of address space: frames in flight, most of them the encoder's
GROUP_BYTES = 512 << 20  # of whole frames that wait together for a batch of mouths

AddMouths = Callable[[Iterable[OutputFrame]], Iterator[FrameWithMouth]]
Blend = Callable[[OutputFrame, Mouth | None], Frame]


def lipsync(settings: Settings, stages: Stages, progress: Progress, clock: Clock) -> Report:
    """Write the video that the settings describe."""
    prepared, _, network = prepare(settings, stages, clock)
    if prepared.portrait.mover is None:
        return _render(prepared, network, stages, progress, clock)
    from pipeline.moved_photo import moved_photo

    with moved_photo(prepared, stages, progress, clock) as job:
        # its frames are new in every run: nothing of them is kept
        return _render(job, network, replace(stages, cache=None), progress, clock)


def _render(job: Job, network: Cached, stages: Stages, progress: Progress, clock: Clock) -> Report:
    """Write the video of a job that is all prepared."""
    with clock.stage("faces"):
        seen = _see_faces(job, stages, progress)
    with clock.stage("engine"):
        framing = stages.framing(seen.faces, job.source)
        generator = stages.generator(scene_of(job, seen.faces, framing, stages.examines))
    counter = _Counter(progress, len(job.windows))
    add_mouths = _mouth_adder(job, stages, generator, framing)
    blend = partial(blend_mouth, framing=framing, settings=job.settings.blend)
    finished = prefetch(
        _frames(job, _tracked(job, seen), add_mouths, blend, counter, clock), READ_AHEAD
    )
    written, stream_notices = _write(job, finished, counter, clock)
    write_subtitles(job.settings.words, job.words, job.target.path)
    quality = _judge(job, seen, clock) if job.settings.files.judged else {}
    report = _report(stages.engine, generator, job, counter, written, clock)
    caches: dict[str, Cached] = {"track": seen.cached, "network": network}
    notices = (*job.notices, *framing.notices, *notices_of(generator), *stream_notices)
    notices += (*job.before.failures, *job.behind.failures)
    return replace(report, caches=caches, notices=notices, faces=seen.counts, quality=quality)


@dataclass(frozen=True, eq=False)
class _SeenFaces:
    """The face in each of the source's frames."""

    faces: FaceTrack
    starts_shot: NDArray[np.bool_]
    counts: Faces
    cached: Cached


def _see_faces(job: Job, stages: Stages, progress: Progress) -> _SeenFaces:
    sightings, cached = sightings_of(job, stages, progress)
    faces = faces_of(job, sightings)
    counts = Faces.count(faces.has_face, sightings.starts_shot, sightings.people, sightings.covered)
    return _SeenFaces(faces, sightings.starts_shot, counts, cached)


def _write(
    job: Job, finished: Stream[Frame, None, None], counter: "_Counter", clock: Clock
) -> tuple[OutputFacts, list[str]]:
    """The finished frames as the video, and notices of what was streamed beside it."""
    notices: list[str] = []
    with (
        wanted_while(counter.repeat),
        closing(_also_streamed(finished, job, notices.append)) as frames,
    ):
        written = write_video(clock.each("waiting for frames", frames), job.target, job.encoder)
    return written, notices


def _judge(job: Job, seen: _SeenFaces, clock: Clock) -> dict[str, Any]:
    with clock.stage("quality"):
        return judgement(job.settings, seen.faces, _inputs(job, seen))


def _mouth_adder(job: Job, stages: Stages, generator: Generator, framing: Framing) -> AddMouths:
    return partial(
        with_mouths,
        windows=job.windows,
        generator=generator,
        batch_size=_frames_together(job, stages),
        gated=stages.gated,
        framing=framing,
    )


def _also_streamed(
    frames: Stream[Frame, None, None], job: Job, ended_early: Callable[[str], None]
) -> Stream[Frame, None, None]:
    """The frames; where the user wants a stream they are written to it, too, in a thread."""
    path = job.settings.output.stream
    if path is None:
        return frames
    target = replace(job.target, path=path)
    return prefetch(streamed(frames, target, job.source.tags, ended_early), READ_AHEAD)


def prepare(settings: Settings, stages: Stages, clock: Clock) -> tuple[Job, Estimate, Cached]:
    """Do all that can fail before a face is looked for; also say whether the network was cached."""
    with clock.stage("inputs"):
        job = open_job(settings)
        job = replace(job, notices=(*job.notices, *stages.notices))
        expected = estimate(job.target, job.encoder, len(job.windows))
    with clock.stage("engine"):
        network = stages.prepare()
    width, height = job.target.width, job.target.height
    if not can_allocate(stages.memory + MEMORY_PER_PIXEL * width * height):
        raise OutOfMemoryError(OUT_OF_MEMORY_MESSAGE)
    return job, expected, network


def _frames_together(job: Job, stages: Stages) -> int:
    """The batch size, unless so many whole frames would take too much memory."""
    frame_bytes = sum(plane.nbytes for plane in job.source.first.planes())
    return max(1, min(stages.batch_size, GROUP_BYTES // frame_bytes))


def _frames(
    job: Job,
    tracked: Stream[OutputFrame, None, None],
    add_mouths: AddMouths,
    blend: Blend,
    counter: "_Counter",
    clock: Clock,
) -> Stream[Frame, None, None]:
    """The output's frames; reading, mouths, blending and every stage have a thread each."""
    with ExitStack() as stack:
        source = job.before.frames(tracked, clock)
        stack.enter_context(closing(source))
        inputs = islice(source, len(job.windows))
        with_mouth = prefetch(clock.each("mouths", add_mouths(inputs)), READ_AHEAD)
        stack.enter_context(closing(with_mouth))
        finished = job.behind.frames(_blended(with_mouth, blend, counter, clock), clock)
        stack.enter_context(closing(finished))
        for output in finished:
            yield output.frame


def _tracked(job: Job, seen: _SeenFaces) -> Stream[OutputFrame, None, None]:
    """The looped source with the face in each frame; a jump in the loop starts a shot."""
    loop, starts_shot = job.settings.picture.loop, seen.starts_shot
    before = -1
    with closing(prefetch(job.source.looped(job.source_frames, loop), READ_AHEAD)) as source:
        for index, (at, frame) in enumerate(source):
            starts = abs(at - before) > 1 or bool(starts_shot[max(at, before)] and at != before)
            yield OutputFrame(index, frame, seen.faces[at], at, starts)
            before = at


def _inputs(
    job: Job, seen: _SeenFaces
) -> Callable[[], Stream[tuple[Frame, Face | None], None, None]] | None:
    """What the mouths were made for, once more; None where it is the source as it is."""
    if not job.before.stages and job.portrait.mover is None:
        return None

    def again() -> Stream[tuple[Frame, Face | None], None, None]:
        with closing(job.before.frames(_tracked(job, seen), Clock())) as outputs:
            yield from ((output.frame, output.face) for output in outputs)

    return again


def _blended(
    with_mouth: Iterator[FrameWithMouth], blend: Blend, counter: "_Counter", clock: Clock
) -> Stream[OutputFrame, None, None]:
    for output, mouth in with_mouth:
        with clock.stage("blending"):
            frame = blend(output, mouth)
        yield output.showing(frame)
        counter.count(mouth)


@dataclass
class _Counter:
    """Counts the frames that pass, and reports the progress of each; from any thread."""

    progress: Progress
    of: int
    generated: int = 0
    interpolated: int = 0
    without_face: int = 0
    lock: Lock = field(default_factory=Lock)

    def count(self, mouth: Mouth | None) -> None:
        with self.lock:
            self.without_face += mouth is None
            self.interpolated += mouth is not None and mouth.interpolated
            self.generated += mouth is not None and not mouth.interpolated
            self._report()

    def repeat(self) -> None:
        """While a frame takes long: whoever hears of it can end the run."""
        with self.lock:
            self._report()

    def _report(self) -> None:
        done = self.generated + self.interpolated + self.without_face
        self.progress(Step("frames", done, self.of))


def _report(
    engine: str,
    generator: Generator,
    job: Job,
    counter: _Counter,
    written: OutputFacts,
    clock: Clock,
) -> Report:
    return Report(
        outfile=str(job.settings.output.path),
        engine=engine,
        precision=precision_of(generator),
        diffusion_steps=steps_of(generator),
        encoder=written.encoder,
        pixel_format=written.pixel_format,
        sound=written.sound,
        sound_copied=written.sound_copied,
        fps=str(job.target.fps),
        size=(job.target.width, job.target.height),
        frames=written.frames,
        frames_generated=counter.generated,
        frames_interpolated=counter.interpolated,
        frames_without_face=counter.without_face,
        seconds=clock.elapsed(),
        seconds_by_stage=dict(clock.stages),
        peak_memory_mb=peak_memory_mb(),
        mode=None if job.settings.mode is None else job.settings.mode.summary,
        stages=(*job.portrait.reports, *job.before.outcomes, *job.behind.outcomes),
    )
