"""One video file: its facts, and its frames at a constant rate from any index on."""

import math
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice, pairwise, takewhile
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition
from av.video.stream import VideoStream

from base.errors import InputError
from base.media import CutOffError, decode_packet, demux, open_container, reason_of
from video.formats import planar_layout, to_planar
from video.picture_size import check_size
from video.shape import Orientation
from video.timing import (
    JITTER,
    MAX_HOLD,
    first_output_index,
    output_rate,
    repair_times,
    sample_at_rate,
)
from video.yuv import Frame, Layout

PROBE_PACKETS = 600  # whose time stamps tell the frame rate
PROBE_BYTES = 64 << 20
SEEK_MARGINS = (Fraction(1, 5), 2, 10, 40)  # seconds before a frame where a key frame is sought
ADVICE = "give a video, or a picture: jpg, png, webp, heic, avif, gif, bmp or tiff"


@dataclass(frozen=True, eq=False)
class IndexedFrame:
    """A frame of a clip at the clip's constant rate."""

    index: int  # shown at index / rate
    seekable: bool  # all times up to here are the file's own: seeking by time finds it again
    frame: Frame


@dataclass(frozen=True)
class Clip:
    """The facts of a video file, known once its first frame has been decoded."""

    path: Path
    stream_index: int
    rate: Fraction  # frames a second, as `frames_at_rate` yields them
    start_time: Fraction | None  # seconds: the first frame's own time; none if stamps mean nothing
    duration: Fraction | None  # seconds, as the file states it
    orientation: Orientation  # from how frames are stored to upright
    layout: Layout
    size: tuple[int, int]  # (width, height) as stored
    aspect: Fraction | None  # width to height of one pixel
    has_sound: bool
    is_picture: bool  # a still of a kind that only FFmpeg reads
    first: Frame = field(repr=False)
    max_pixels: int = 0  # of a frame; 0: no limit

    def frames_at_rate(self) -> Generator[IndexedFrame, None, None]:
        """Decode the clip once, from its first frame to its last, at the constant rate."""
        with open_media(self.path, self.max_pixels) as container:
            av_frames = _decode(container, _stream_of(container, self), self)
            has_times = self.start_time is not None
            stated = ((_time(av_frame) if has_times else None, av_frame) for av_frame in av_frames)
            yield from _at_rate(self, repair_times(stated, 1 / self.rate, self.duration), 0)

    def decode_range(self, start: int, stop: int, seekable: bool) -> list[Frame]:
        """The frames start..stop-1 of `frames_at_rate`, decoded from a key frame before them."""
        if seekable and (frames := _decode_range_from_key_frame(self, start, stop)):
            return frames
        with closing(self.frames_at_rate()) as steps:  # no index, or no times: from the start
            return [step.frame for step in islice(steps, start, stop)]


def check_regular_file(path: Path) -> None:
    """InputError for a folder, and for a pipe or socket: opening one would wait for ever."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: {reason_of(error)}; check the name, and who may read it"
        ) from error
    if stat.S_ISDIR(mode):
        raise unreadable(path, "is a directory")
    if not stat.S_ISREG(mode):
        raise unreadable(path, "not a regular file; save it to a file first")


@contextmanager
def open_media(path: Path, max_pixels: int = 0) -> Iterator[InputContainer]:
    """Open a media file, whatever its name looks like, and close it at the end."""
    check_regular_file(path)
    try:
        container = open_container(path, _pixel_limit(max_pixels))
    except CutOffError:
        raise
    except (OSError, ValueError, av.FFmpegError) as error:
        raise unreadable(path, reason_of(error)) from error
    with container:
        yield container


def _pixel_limit(max_pixels: int) -> dict[str, str]:
    """FFmpeg's option that keeps its decoders from allocating a larger picture."""
    return {"max_pixels": str(max_pixels)} if max_pixels else {}


def open_clip(path: Path, max_pixels: int = 0) -> Clip:
    """Read the facts of a video file; InputError if no frame of it can be decoded."""
    with open_media(path, max_pixels) as container:
        stream = _main_video_stream(container, path, max_pixels)
        first, times = _probe(container, stream)
        if first is None:
            within = f" within --max_pixels {max_pixels}" if max_pixels else ""
            raise unreadable(path, f"no frame in it can be decoded{within}")
        layout, size = planar_layout(first.format), (first.width, first.height)
        aspect = stream.sample_aspect_ratio or None
        planar = to_planar(first, layout, size)
        return Clip(
            path=path,
            stream_index=stream.index,
            rate=_rate(stream, times),
            start_time=_time(first) if _has_frame_times(container, stream) else None,
            duration=_stated_duration(container, stream),
            orientation=_orientation(first),
            layout=layout,
            size=size,
            aspect=aspect,
            has_sound=bool(container.streams.audio),
            is_picture=container.format.name.endswith("_pipe"),
            first=Frame(planar, aspect, planar is first),
            max_pixels=max_pixels,
        )


def _decode_range_from_key_frame(clip: Clip, start: int, stop: int) -> list[Frame]:
    """The same frames, or none where no key frame before them can be found by seeking."""
    for margin in SEEK_MARGINS:
        time = start / clip.rate - margin
        if time <= 0:
            break
        with open_media(clip.path, clip.max_pixels) as container:
            steps = _frames_after_seek(clip, container, time, start)
            frames = [step.frame for step in takewhile(lambda step: step.index < stop, steps)]
        if len(frames) == stop - start:
            return frames
    return []


def _frames_after_seek(
    clip: Clip, container: InputContainer, time: Fraction, start: int
) -> Iterator[IndexedFrame]:
    """The frames from index `start` on, if the key frame before `time` is not behind it."""
    stream = _stream_of(container, clip)
    clip_start, tick = clip.start_time, stream.time_base
    if clip_start is None or tick is None:
        return
    try:
        container.seek(math.floor((clip_start + time) / tick), stream=stream)
    except av.FFmpegError:  # a format without an index
        return
    stated = ((_time(av_frame), av_frame) for av_frame in _decode(container, stream, clip))
    timed = ((time - clip_start, True, av_frame) for time, av_frame in stated if time is not None)
    first = next(timed, None)
    if first is not None and first_output_index(first[0], clip.rate) <= start:
        yield from _at_rate(clip, chain([first], timed), start)


def _at_rate(
    clip: Clip, timed: Iterable[tuple[Fraction, bool, av.VideoFrame]], start: int
) -> Iterator[IndexedFrame]:
    """The frames from index `start` on; `timed`: time, whether it is the file's own, frame."""
    step = 1 / clip.rate
    items = ((time, _duration(item) or step, (own, item)) for time, own, item in timed)
    previous: av.VideoFrame | None = None
    frame = clip.first
    for index, (own, av_frame) in sample_at_rate(items, clip.rate, start):
        if av_frame is not previous:  # one that is shown several times is converted once
            planar = to_planar(av_frame, clip.layout, clip.size)
            frame, previous = Frame(planar, clip.aspect, planar is av_frame), av_frame
        yield IndexedFrame(index, own, frame)


def _decode(container: InputContainer, stream: VideoStream, clip: Clip) -> Iterator[av.VideoFrame]:
    """Every frame that can be decoded; damaged packets are skipped, too large frames refused."""
    stream.thread_type = "AUTO"
    for packet in demux(container, stream):
        yield from (av_frames := decode_packet(packet))
        if not av_frames:  # perhaps refused by FFmpeg, because frames are larger from here on
            context = stream.codec_context
            check_size(clip.path, (context.width, context.height), clip.max_pixels)


def _probe(
    container: InputContainer, stream: VideoStream
) -> tuple[av.VideoFrame | None, list[Fraction]]:
    """The first frame, and the times of the first packets."""
    stream.thread_type = "SLICE"  # frame threads would need more packets for the first frame
    first: av.VideoFrame | None = None
    times: list[Fraction] = []
    bytes_read = 0
    for packet in demux(container, stream):
        bytes_read += packet.size
        if (stamp := packet.pts if packet.pts is not None else packet.dts) is not None:
            times.append(stamp * packet.time_base)
        first = first or next(iter(decode_packet(packet)), None)
        if first and (len(times) >= PROBE_PACKETS or bytes_read > PROBE_BYTES):
            break
    return first, times


def _main_video_stream(container: InputContainer, path: Path, max_pixels: int) -> VideoStream:
    """FFmpeg's best video stream, or the first; the cover of a sound file is none."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    streams = [s for s in streams if s.codec_context is not None]
    if not streams:
        kind = "only sound" if container.streams.audio else "no video"
        raise unreadable(path, f"{kind} that can be decoded")
    best = container.streams.best("video")
    stream = best if isinstance(best, VideoStream) and best in streams else streams[0]
    check_size(path, (stream.codec_context.width, stream.codec_context.height), max_pixels)
    stream.codec_context.options = _pixel_limit(max_pixels)
    return stream


def _stream_of(container: InputContainer, clip: Clip) -> VideoStream:
    """The clip's stream in a container that was opened again."""
    for stream in container.streams.video:
        if stream.index == clip.stream_index:
            stream.codec_context.options = _pixel_limit(clip.max_pixels)
            return stream
    raise unreadable(clip.path, "its video is gone: it changed while it was read")


def _rate(stream: VideoStream, times: list[Fraction]) -> Fraction:
    steps = [late - early for early, late in pairwise(sorted(times))]
    declared = [stream.guessed_rate, stream.base_rate, stream.average_rate]
    return output_rate(declared, [step for step in steps if step > 0], stream.time_base or JITTER)


def _stated_duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Seconds, as the stream or else the container states them."""
    if stream.duration is not None and stream.time_base is not None:
        return stream.duration * stream.time_base
    return None if container.duration is None else Fraction(container.duration, av.time_base)


def _has_frame_times(container: InputContainer, stream: VideoStream) -> bool:
    """Whether time stamps belong to their frames: for H.264 in AVI they are in decoding order."""
    return container.format.name != "avi" or stream.codec_context.name != "h264"


def _time(av_frame: av.VideoFrame) -> Fraction | None:
    """Seconds, as the frame's time stamp states them."""
    stamp = av_frame.pts if av_frame.pts is not None else av_frame.dts
    return None if stamp is None or av_frame.time_base is None else stamp * av_frame.time_base


def _duration(av_frame: av.VideoFrame) -> Fraction:
    """Seconds that the frame is shown, as it states; 0 where it states none."""
    return min((av_frame.time_base or Fraction(0)) * av_frame.duration, Fraction(MAX_HOLD))


def _orientation(av_frame: av.VideoFrame) -> Orientation:
    """From the frame's display matrix; upright without one."""
    try:
        blocks: Iterable[Any] = iter(av_frame.side_data)  # PyAV's types call it a dict
    except ValueError:  # among them one of a kind that PyAV does not know
        return Orientation.of_rotation(av_frame.rotation)
    for block in blocks:
        if block.type is SideDataType.DISPLAYMATRIX:
            return Orientation.of_matrix(np.frombuffer(block, np.int32))
    return Orientation()


def unreadable(path: Path, reason: str) -> InputError:
    """The error for a file that is no picture or video: what, where, and the way out."""
    return InputError(f"{path}: {reason}; {ADVICE}")
