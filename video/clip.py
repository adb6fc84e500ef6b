"""One video file: what is in it, and its frames at a constant rate from any place on."""

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
from base.media import decoded, demuxed, is_playlist, open_container, reason_of
from video.formats import in_planes, planar_layout
from video.picture_size import check_size
from video.shape import Turn
from video.timing import (
    JITTER,
    LONGEST_HOLD,
    constant_rate,
    first_shown,
    output_rate,
    repaired,
)
from video.yuv import Frame, Layout, copied

LOOKED_AT = 600  # packets whose times tell the rate
LOOKED_AT_BYTES = 64 << 20
ENTRIES = (Fraction(1, 5), 2, 10, 40)  # seconds before a wanted frame where a key frame is sought
ADVICE = "give a video, or a png, jpg, webp or bmp picture"


@dataclass(frozen=True)
class Clip:
    """What is known of a video file once its first frame has been decoded."""

    path: Path
    stream: int
    rate: Fraction  # of the frames that `shown` gives
    zero: Fraction | None  # seconds: the first frame's own time; none if stamps mean nothing
    end: Fraction | None  # seconds from there
    turn: Turn  # from how it is stored to upright
    layout: Layout
    size: tuple[int, int]  # as stored
    aspect: Fraction | None
    has_sound: bool
    is_picture: bool  # of a kind that only FFmpeg reads
    first: Frame = field(repr=False)
    most_pixels: int = 0  # that a picture may have; 0: any number


def check_regular(path: Path) -> None:
    """InputError for a folder, and for a pipe or socket: opening it would wait for ever."""
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
def opened(path: Path, most_pixels: int = 0) -> Iterator[InputContainer]:
    """The file, whatever its name looks like, closed at the end."""
    check_regular(path)
    try:
        container = open_container(path, limits(most_pixels))
    except (OSError, ValueError, av.FFmpegError) as error:
        raise unreadable(path, reason_of(error)) from error
    with container:
        if is_playlist(container):
            raise unreadable(path, f"a list or text ({container.format.name})")
        yield container


def limits(most_pixels: int) -> dict[str, str]:
    """FFmpeg's options, so that it makes no room for a larger picture."""
    return {"max_pixels": str(most_pixels)} if most_pixels else {}


def open_clip(path: Path, most_pixels: int = 0) -> Clip:
    """The facts of a video file; InputError if no frame of it can be decoded."""
    with opened(path, most_pixels) as container:
        stream = _video_stream(container, path, most_pixels)
        first, times = _look(container, stream)
        if first is None:
            within = f" within --max_pixels {most_pixels}" if most_pixels else ""
            raise unreadable(path, f"no frame in it can be decoded{within}")
        layout, size = planar_layout(first.format), (first.width, first.height)
        aspect = stream.sample_aspect_ratio or None
        return Clip(
            path=path,
            stream=stream.index,
            rate=_rate(stream, times),
            zero=_time(first) if _stamped(container, stream) else None,
            end=_end(container, stream),
            turn=_turn(first),
            layout=layout,
            size=size,
            aspect=aspect,
            has_sound=bool(container.streams.audio),
            is_picture=container.format.name.endswith("_pipe"),
            first=Frame(in_planes(first, layout, size), aspect),
            most_pixels=most_pixels,
        )


def shown(clip: Clip) -> Generator[tuple[int, bool, Frame], None, None]:
    """(k, whether all times so far are the file's own, the frame at k / rate), for every k."""
    with opened(clip.path, clip.most_pixels) as container:
        videos = _decoded(container, _stream(container, clip), clip)
        known = clip.zero is not None
        stated = ((_time(video) if known else None, video) for video in videos)
        timed = repaired(stated, 1 / clip.rate, clip.end)
        yield from _at_rate(clip, timed, 0)


def window(clip: Clip, start: int, stop: int, seekable: bool) -> list[Frame]:
    """The frames start..stop-1 of `shown`, decoded from a key frame before them on."""
    if seekable and (found := _from_key_frame(clip, start, stop)):
        return found
    with closing(shown(clip)) as frames:  # no index, or no times: from the start
        return [frame for _, _, frame in islice(frames, start, stop)]


def _from_key_frame(clip: Clip, start: int, stop: int) -> list[Frame]:
    """The window, or nothing where the file cannot be entered before it."""
    for earlier in ENTRIES:
        time = start / clip.rate - earlier
        if time <= 0:
            break
        with opened(clip.path, clip.most_pixels) as container:
            frames = _entered(clip, container, time, start)
            found = [frame for _, _, frame in takewhile(lambda shown: shown[0] < stop, frames)]
        if len(found) == stop - start:
            return found
    return []


def _entered(
    clip: Clip, container: InputContainer, time: Fraction, start: int
) -> Iterator[tuple[int, bool, Frame]]:
    """What is shown from k = `start` on, if the key frame before `time` comes no later."""
    stream = _stream(container, clip)
    zero, tick = clip.zero, stream.time_base
    if zero is None or tick is None:
        return
    try:
        container.seek(math.floor((zero + time) / tick), stream=stream)
    except av.FFmpegError:  # a format without an index
        return
    stated = ((_time(video), video) for video in _decoded(container, stream, clip))
    timed = ((own - zero, True, video) for own, video in stated if own is not None)
    first = next(timed, None)
    if first is not None and first_shown(first[0], clip.rate) <= start:
        yield from _at_rate(clip, chain([first], timed), start)


def _at_rate(
    clip: Clip, timed: Iterable[tuple[Fraction, bool, av.VideoFrame]], start: int
) -> Iterator[tuple[int, bool, Frame]]:
    step = 1 / clip.rate
    lasting = ((time, _lasts(video) or step, (own, video)) for time, own, video in timed)
    before: av.VideoFrame | None = None
    frame = clip.first
    for k, (own, video) in constant_rate(lasting, clip.rate, start):
        if video is not before:  # shown more than once, it is made only once
            # a copy: a decoder whose last frame waits somewhere keeps all its memory
            frame = Frame(copied(in_planes(video, clip.layout, clip.size)), clip.aspect)
            before = video
        yield k, own, frame


def _decoded(container: InputContainer, stream: VideoStream, clip: Clip) -> Iterator[av.VideoFrame]:
    """Every frame that can be decoded; damaged packets are passed over."""
    stream.thread_type = "AUTO"
    for packet in demuxed(container, stream):
        yield from (frames := decoded(packet))
        if not frames:  # perhaps refused, since from here on pictures are larger
            context = stream.codec_context
            check_size(clip.path, (context.width, context.height), clip.most_pixels)


def _look(
    container: InputContainer, stream: VideoStream
) -> tuple[av.VideoFrame | None, list[Fraction]]:
    """The first frame, and the times of the first packets."""
    stream.thread_type = "SLICE"  # frame threads would want more packets before they give one
    first: av.VideoFrame | None = None
    times: list[Fraction] = []
    read = 0
    for packet in demuxed(container, stream):
        read += packet.size
        if (time := packet.pts if packet.pts is not None else packet.dts) is not None:
            times.append(time * packet.time_base)
        first = first or next(iter(decoded(packet)), None)
        if first and (len(times) >= LOOKED_AT or read > LOOKED_AT_BYTES):
            break
    return first, times


def _video_stream(container: InputContainer, path: Path, most_pixels: int) -> VideoStream:
    """The main picture; a cover in a sound file is none."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    streams = [s for s in streams if s.codec_context is not None]
    if not streams:
        kind = "only sound" if container.streams.audio else "no video"
        raise unreadable(path, f"{kind} that can be decoded")
    best = container.streams.best("video")
    chosen = best if isinstance(best, VideoStream) and best in streams else streams[0]
    check_size(path, (chosen.codec_context.width, chosen.codec_context.height), most_pixels)
    chosen.codec_context.options = limits(most_pixels)
    return chosen


def _stream(container: InputContainer, clip: Clip) -> VideoStream:
    for stream in container.streams.video:
        if stream.index == clip.stream:
            stream.codec_context.options = limits(clip.most_pixels)
            return stream
    raise unreadable(clip.path, "its video is gone: it changed while it was read")


def _rate(stream: VideoStream, times: list[Fraction]) -> Fraction:
    ordered = sorted(times)
    steps = [late - early for early, late in pairwise(ordered)]
    declared = [stream.guessed_rate, stream.base_rate, stream.average_rate]
    return output_rate(declared, [step for step in steps if step > 0], stream.time_base or JITTER)


def _end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration is not None and stream.time_base is not None:
        return stream.duration * stream.time_base
    return None if container.duration is None else Fraction(container.duration, av.time_base)


def _stamped(container: InputContainer, stream: VideoStream) -> bool:
    """H.264 in AVI comes with its frames' times in the order of decoding."""
    return container.format.name != "avi" or stream.codec_context.name != "h264"


def _time(video: av.VideoFrame) -> Fraction | None:
    stamp = video.pts if video.pts is not None else video.dts
    return None if stamp is None or video.time_base is None else stamp * video.time_base


def _lasts(video: av.VideoFrame) -> Fraction:
    return min((video.time_base or Fraction(0)) * video.duration, Fraction(LONGEST_HOLD))


def _turn(video: av.VideoFrame) -> Turn:
    blocks: Iterable[Any] = iter(video.side_data)  # PyAV's types call it a dict
    for block in blocks:
        if block.type is SideDataType.DISPLAYMATRIX:
            return Turn.of_matrix(np.frombuffer(block, np.int32))
    return Turn()


def unreadable(path: Path, reason: str) -> InputError:
    return InputError(f"{path}: {reason}; {ADVICE}")
