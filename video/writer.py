"""One encode, one mux, and a file that appears whole or not at all."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream

from base.errors import OutputError, UsageError
from base.media import reason_of
from video.clip import opened
from video.encoders import ENCODERS, Encoder, chosen, present
from video.formats import in_format
from video.places import check_place, reported, whole_or_nothing
from video.sound import CONTAINERS, Container, Track, add_sound, cut, ends
from video.yuv import Frame


@dataclass(frozen=True)
class Target:
    """The file to be written and how."""

    path: Path
    fps: Fraction
    width: int
    height: int
    sound: Path | None = None  # a file whose sound goes in
    encoder: str = "auto"
    preset: str = "veryfast"
    crf: int = 18

    def __post_init__(self) -> None:
        if self.fps <= 0 or self.width < 1 or self.height < 1:
            raise ValueError(f"no video has {self.width}x{self.height} at {self.fps} a second")


@dataclass(frozen=True)
class Written:
    """What has come to be."""

    path: Path
    frames: int
    duration: Fraction  # seconds of the picture
    encoder: str
    pixel_format: str
    sound: str | None  # its codec
    sound_copied: bool


def check_target(target: Target) -> None:
    """UsageError or OutputError for what can be known to fail before the work begins."""
    _check_encoder(target, _container(target.path))
    check_place(target.path, "--outfile", devices=False)


def checked_encoder(target: Target, first: Frame) -> Encoder:
    """The encoder that will be used; OutputError if it does not start with such pictures."""
    kind = _container(target.path)
    encoder = chosen(target.encoder, kind.name, (target.width, target.height), target.crf)
    context = av.CodecContext.create(encoder.codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    with reported(target.path):
        context.options = {**encoder.options(target.preset, target.crf), **kind.picture_options}
        _set_up(context, encoder, target, first)
    return encoder


def write(frames: Iterable[Frame], job: Target) -> Written:
    """Encode the frames and put the sound beside them; the file is there only when all is well."""
    check_target(job)
    with whole_or_nothing(job.path) as partial:
        return _write(iter(frames), job, partial)


def _write(frames: Iterator[Frame], job: Target, partial: Path) -> Written:
    first = next(frames, None)
    if first is None:
        raise OutputError(f"{job.path}: there is no frame to write")
    kind = _container(job.path)
    encoder = chosen(job.encoder, kind.name, (job.width, job.height), job.crf)
    with ExitStack() as stack:
        output = stack.enter_context(_muxing(job.path, partial, kind))
        picture = _add_picture(output, encoder, job, first)
        track = None
        if job.sound is not None:
            source = stack.enter_context(opened(job.sound))
            with reported(job.path):
                track = add_sound(source, job.sound, output, kind)
        count = _mux(output, picture, track, chain([first], frames), job)
    return Written(
        path=job.path,
        frames=count,
        duration=count / job.fps,
        encoder=encoder.codec,
        pixel_format=picture.codec_context.pix_fmt or "",
        sound=None if track is None else track.codec,
        sound_copied=track is not None and track.copied,
    )


def _mux(
    output: OutputContainer,
    picture: VideoStream,
    track: Track | None,
    frames: Iterable[Frame],
    job: Target,
) -> int:
    """Picture and sound side by side, so that neither waits in memory for the other."""
    count = 0
    with reported(job.path):
        waiting = _Sound(output, track)
    for frame in frames:
        with reported(job.path):
            output.mux(_encoded(picture, frame, count, job))
            count += 1
            waiting.mux_until(count / job.fps)
    with reported(job.path):
        output.mux(picture.encode(None))
        waiting.finish(count / job.fps, 1 / job.fps)
    return count


class _Sound:
    """The sound that has not yet been put into the file."""

    def __init__(self, output: OutputContainer, track: Track | None) -> None:
        self._output = output
        self._packets = iter(()) if track is None else track.packets
        self._next = next(self._packets, None)

    def mux_until(self, time: Fraction) -> None:
        """All that ends by then."""
        while self._next is not None and ends(self._next) <= time:
            self._output.mux(self._next)
            self._next = next(self._packets, None)

    def finish(self, time: Fraction, step: Fraction) -> None:
        self.mux_until(time)
        last = None if self._next is None else cut(self._next, time, step)
        if last is not None:
            self._output.mux(last)


def _encoded(
    picture: VideoStream, frame: Frame, place: int, job: Target
) -> "list[av.Packet[VideoStream]]":
    if (frame.width, frame.height) != (job.width, job.height):
        raise AssertionError(f"a {frame.width}x{frame.height} frame for {job}")
    video = in_format(frame, picture.codec_context.pix_fmt or "yuv420p")
    before = video.pts, video.time_base
    video.pts, video.time_base = place, 1 / job.fps
    video.pict_type = PictureType.NONE  # the source's kinds of frames would be forced on x264
    try:
        return picture.encode(video)
    finally:  # the frame may be shown again, or elsewhere
        video.pts = before[0]
        if before[1] is not None:
            video.time_base = before[1]


def _add_picture(
    output: OutputContainer, encoder: Encoder, job: Target, first: Frame
) -> VideoStream:
    with reported(job.path):
        options = {**encoder.options(job.preset, job.crf), **_container(job.path).picture_options}
        stream = output.add_stream(encoder.codec, rate=job.fps, options=options)
        assert isinstance(stream, VideoStream)
        _set_up(stream.codec_context, encoder, job, first)
    return stream


def _set_up(context: av.VideoCodecContext, encoder: Encoder, job: Target, first: Frame) -> None:
    context.thread_type = "AUTO"  # slices are slower and larger
    context.width, context.height = job.width, job.height
    context.pix_fmt = encoder.pixel_format(first, job.crf)
    context.time_base = 1 / job.fps
    first.tags.put_on(context)
    if first.aspect is not None:
        context.sample_aspect_ratio = first.aspect
    try:
        context.open()
    except av.FFmpegError as error:
        raise OutputError(
            f"{job.path}: {encoder.codec} does not start ({reason_of(error)}) for"
            f" {job.width}x{job.height} at {float(job.fps):.5g} a second; give another --encoder,"
            " or another size with --resize_factor or --crop"
        ) from error


@contextmanager
def _muxing(path: Path, partial: Path, kind: Container) -> Iterator[OutputContainer]:
    with reported(path):
        output = av.open(
            f"file:{partial}", "w", format=kind.name, container_options=dict(kind.options)
        )
    try:
        yield output
    except BaseException:
        with suppress(OSError, ValueError, av.FFmpegError):
            output.close()
        raise
    with reported(path):
        output.close()


def _container(path: Path) -> Container:
    try:
        return CONTAINERS[path.suffix.lower()]
    except KeyError:
        known = " ".join(CONTAINERS)
        raise OutputError(f"{path}: unknown ending; give one of {known}") from None


def _check_encoder(target: Target, kind: Container) -> None:
    if target.encoder not in ENCODERS:
        raise UsageError(f"encoder {target.encoder}: unknown; give one of {' '.join(ENCODERS)}")
    encoder = chosen(target.encoder, kind.name, (target.width, target.height), target.crf)
    if kind.name not in encoder.containers:
        fit = " ".join(end for end, other in CONTAINERS.items() if other.name in encoder.containers)
        raise UsageError(f"encoder {target.encoder} in {target.path.name}: it fits into {fit}")
    if not present(encoder.codec):
        raise UsageError(f"encoder {target.encoder}: not in this build of PyAV; give another")
    if encoder.presets and target.preset not in encoder.presets:
        raise UsageError(f"preset {target.preset}: give one of {' '.join(encoder.presets)}")
    if encoder.quality is not None and not 0 <= target.crf <= encoder.worst:
        raise UsageError(f"crf {target.crf}: give 0 (best) to {encoder.worst} (worst)")
