"""Encode frames once, mux them with the sound, and put the whole file in place or none."""

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
from video.chapters import Chapter, set_chapters
from video.clip import open_media
from video.encoders import (
    ENCODERS,
    Encoder,
    encoder_candidates,
    has_encoder,
    named_encoder,
)
from video.formats import to_pixel_format
from video.output_paths import atomic_output, check_output_path, output_errors
from video.sound import (
    BIT_RATE,
    CONTAINERS,
    ContainerFormat,
    SoundPackets,
    add_sound,
    end_time,
    trim,
)
from video.text_track import TextMuxer, TextTrack
from video.yuv import Frame


@dataclass(frozen=True)
class Target:
    """The file to be written and how."""

    path: Path
    fps: Fraction
    width: int
    height: int
    sound: Path | None = None  # a file whose sound goes in
    encoder: str = "auto"  # a key of ENCODERS
    preset: str = "veryfast"
    crf: int = 18
    max_bitrate: int | None = None  # bits a second of the picture; none: as many as it takes
    audio_bitrate: int = BIT_RATE  # of sound that is encoded anew
    texts: TextTrack | None = None  # subtitles beside the picture
    chapters: tuple[Chapter, ...] = ()

    def __post_init__(self) -> None:
        if self.fps <= 0 or self.width < 1 or self.height < 1:
            raise ValueError(f"no video has {self.width}x{self.height} at {self.fps} a second")


@dataclass(frozen=True)
class OutputFacts:
    """The facts of a file that was written."""

    path: Path
    frames: int
    duration: Fraction  # seconds of the picture
    encoder: str
    pixel_format: str
    sound: str | None  # its codec
    sound_copied: bool  # or encoded


def check_output(
    path: Path, encoder: str, preset: str, crf: int, max_bitrate: int | None = None
) -> None:
    """UsageError or OutputError for what is known to fail before any input is read."""
    _check_encoder(path, encoder, preset, crf)
    _check_limit(path, encoder, crf, max_bitrate)
    check_output_path(path, "--outfile", devices=False)


def choose_encoder(target: Target, first: Frame) -> Encoder:
    """The encoder that starts with frames like the first; for "auto" the first that does.

    OutputError if there is none. Call it once in a run: it opens encoders to try them.
    """
    size = target.width, target.height
    container = _container_format(target.path).name
    *preferred, last = encoder_candidates(target.encoder, container, size, target.crf, first.is_hdr)
    for encoder in preferred:
        with suppress(OutputError):
            _check_opens(encoder, target, first)
            return encoder
    _check_opens(last, target, first)
    return last


def write_video(
    frames: Iterable[Frame], target: Target, encoder: Encoder | None = None
) -> OutputFacts:
    """Encode the frames and add the sound; the file is put in place only when it is whole.

    `encoder` is what `choose_encoder` returned for these frames; it is called here if left out.
    """
    check_output(target.path, target.encoder, target.preset, target.crf, target.max_bitrate)
    with atomic_output(target.path) as partial:
        return _write(iter(frames), target, encoder, partial)


def _write(
    frames: Iterator[Frame], target: Target, encoder: Encoder | None, partial: Path
) -> OutputFacts:
    first = next(frames, None)
    if first is None:
        raise OutputError(f"{target.path}: there is no frame to write")
    container = _container_format(target.path)
    encoder = encoder or choose_encoder(target, first)
    with ExitStack() as stack:
        output = stack.enter_context(_open_output(target.path, partial, container))
        set_chapters(output, target.chapters)
        stream = _add_video_stream(output, encoder, target, first)
        sound = None
        if target.sound is not None:
            source = stack.enter_context(open_media(target.sound))
            with output_errors(target.path):
                sound = add_sound(source, target.sound, output, container, target.audio_bitrate)
        count = _mux(output, stream, sound, chain([first], frames), target)
    return OutputFacts(
        path=target.path,
        frames=count,
        duration=count / target.fps,
        encoder=encoder.codec,
        pixel_format=stream.codec_context.pix_fmt or "",
        sound=None if sound is None else sound.codec,
        sound_copied=sound is not None and sound.copied,
    )


def _mux(
    output: OutputContainer,
    stream: VideoStream,
    sound: SoundPackets | None,
    frames: Iterable[Frame],
    target: Target,
) -> int:
    """Mux picture and sound in step, so that neither waits in memory for the other."""
    count = 0
    with output_errors(target.path):
        sound_muxer = SoundMuxer(output, sound)
        text_muxer = TextMuxer(output, _container_format(target.path), target.texts)
    for frame in frames:
        with output_errors(target.path):
            output.mux(encode_frame(stream, frame, count, target))
            count += 1
            sound_muxer.mux_until(count / target.fps)
            text_muxer.mux_until(count / target.fps)
    with output_errors(target.path):
        output.mux(last_packets(stream, count))
        sound_muxer.finish(count / target.fps, 1 / target.fps)
        text_muxer.finish(count / target.fps)
    return count


def last_packets(stream: VideoStream, count: int) -> "list[av.Packet[VideoStream]]":
    """What the encoder still holds of `count` frames."""
    packets = stream.encode(None)
    if count <= 2:  # x265 sets their decoding times only when a third comes; two keep their order
        for packet in packets:
            packet.dts = packet.pts
    return packets


class SoundMuxer:
    """Muxes the packets of a sound as far as the picture has come."""

    def __init__(self, output: OutputContainer, sound: SoundPackets | None) -> None:
        self._output = output
        self._packets = iter(()) if sound is None else sound.packets
        self._next = next(self._packets, None)

    def mux_until(self, time: Fraction) -> None:
        """Mux all packets that end by this time, in seconds."""
        while self._next is not None and end_time(self._next) <= time:
            self._output.mux(self._next)
            self._next = next(self._packets, None)

    def finish(self, time: Fraction, step: Fraction) -> None:
        """Mux up to the picture's end; `step` is the duration of a frame."""
        self.mux_until(time)
        last = None if self._next is None else trim(self._next, time, step)
        if last is not None:
            self._output.mux(last)


def encode_frame(
    stream: VideoStream, frame: Frame, index: int, target: Target
) -> "list[av.Packet[VideoStream]]":
    if (frame.width, frame.height) != (target.width, target.height):
        raise AssertionError(f"a {frame.width}x{frame.height} frame for {target}")
    av_frame = to_pixel_format(frame.for_encoder(), stream.codec_context.pix_fmt or "yuv420p")
    own_pts, own_time_base = av_frame.pts, av_frame.time_base
    av_frame.pts, av_frame.time_base = index, 1 / target.fps
    av_frame.pict_type = PictureType.NONE  # else x264 is forced to the source's I, P and B frames
    try:
        return stream.encode(av_frame)
    finally:  # the frame may be shown again, or elsewhere
        av_frame.pts = own_pts
        if own_time_base is not None:
            av_frame.time_base = own_time_base


def _add_video_stream(
    output: OutputContainer, encoder: Encoder, target: Target, first: Frame
) -> VideoStream:
    with output_errors(target.path):
        stream = output.add_stream(
            encoder.codec, rate=target.fps, options=_encoder_options(encoder, target)
        )
        assert isinstance(stream, VideoStream)
        _open_encoder(stream.codec_context, encoder, target, first)
    return stream


def _check_opens(encoder: Encoder, target: Target, first: Frame) -> None:
    """OutputError if the encoder does not start with such frames."""
    with output_errors(target.path):
        context = av.CodecContext.create(encoder.codec, "w")
        assert isinstance(context, av.VideoCodecContext)
        context.options = _encoder_options(encoder, target)
        _open_encoder(context, encoder, target, first)


def _encoder_options(encoder: Encoder, target: Target) -> dict[str, str]:
    container = _container_format(target.path)
    quality = encoder.options(target.preset, target.crf, target.max_bitrate)
    return {**quality, **container.video_options}


def _open_encoder(
    context: av.VideoCodecContext, encoder: Encoder, target: Target, first: Frame
) -> None:
    context.thread_type = "AUTO"  # slice threads are slower, and make the file larger
    context.width, context.height = target.width, target.height
    context.pix_fmt = encoder.pixel_format(first, target.crf)
    context.time_base = 1 / target.fps
    if encoder.mp4_tag is not None and _container_format(target.path).name in ("mp4", "mov"):
        context.codec_tag = encoder.mp4_tag
    first.tags.apply_to(context)
    if first.aspect is not None:
        context.sample_aspect_ratio = first.aspect
    try:
        context.open()
    except av.FFmpegError as error:
        raise OutputError(
            f"{target.path}: {encoder.codec} does not start ({reason_of(error)}) for"
            f" {target.width}x{target.height} at {float(target.fps):.5g} a second; give another"
            " --encoder, or another size with --resize_factor or --crop"
        ) from error


@contextmanager
def _open_output(
    path: Path, partial: Path, container: ContainerFormat
) -> Iterator[OutputContainer]:
    """The partial file, open for muxing; errors are reported of `path`."""
    with output_errors(path):
        output = av.open(
            f"file:{partial}",
            "w",
            format=container.name,
            container_options=dict(container.muxer_options),
        )
    try:
        yield output
    except BaseException:
        with suppress(OSError, ValueError, av.FFmpegError):
            output.close()
        raise
    with output_errors(path):
        output.close()


def _container_format(path: Path) -> ContainerFormat:
    try:
        return CONTAINERS[path.suffix.lower()]
    except KeyError:
        known = " ".join(CONTAINERS)
        raise OutputError(f"{path}: unknown ending; give one of {known}") from None


def _check_encoder(path: Path, name: str, preset: str, crf: int) -> None:
    """UsageError for an encoder, preset or quality that cannot be; no encoder is opened."""
    container = _container_format(path)
    if name not in ENCODERS:
        raise UsageError(f"encoder {name}: unknown; give one of {' '.join(ENCODERS)}")
    encoder = named_encoder(name, container.name)
    if container.name not in encoder.containers:
        fitting = [end for end, other in CONTAINERS.items() if other.name in encoder.containers]
        raise UsageError(f"encoder {name} in {path.name}: it fits into {' '.join(fitting)}")
    if not has_encoder(encoder.codec):
        raise UsageError(f"encoder {name}: not in this build of PyAV; give another")
    if encoder.presets and preset not in encoder.presets:
        raise UsageError(f"preset {preset}: give one of {' '.join(encoder.presets)}")
    if encoder.quality_option is not None and not 0 <= crf <= encoder.worst_quality:
        raise UsageError(f"crf {crf}: give 0 (best) to {encoder.worst_quality} (worst)")


def _check_limit(path: Path, name: str, crf: int, max_bitrate: int | None) -> None:
    """UsageError where a limit of the bit rate cannot be kept, since nothing may be lost."""
    encoder = named_encoder(name, _container_format(path).name)
    if max_bitrate is not None and encoder.is_lossless(crf):
        raise UsageError(
            f"--max_bitrate: {encoder.codec} is lossless here and takes what it needs;"
            " leave it out, or give another --encoder or --crf"
        )
