"""A few small pictures of a video, soon found: for a list of many."""

import math
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from base.geometry import Picture
from base.media import decoded, demuxed
from video.clip import opened, unreadable

MOST_DECODED = 150_000_000  # pixels of a clip that is read through: five seconds of 720p


def glimpses(path: Path, count: int, height: int) -> list[Picture]:
    """At most `count` pictures of this height, as stored, evenly through; InputError if none."""
    with opened(path) as container:
        streams = container.streams.video
        if not streams:
            raise unreadable(path, "no video that can be decoded")
        found = list(_frames(container, streams[0], count))
    if not found:
        raise unreadable(path, "no frame in it can be decoded")
    return [_small(frame, height) for frame in found]


def _frames(container: InputContainer, stream: VideoStream, count: int) -> Iterator[av.VideoFrame]:
    context = stream.codec_context
    stream.thread_type = "AUTO"
    if 0 < stream.frames * context.width * context.height <= MOST_DECODED:
        yield from _passing(container, stream, count)
    else:
        context.skip_frame = "NONKEY"
        yield from _key_frames(container, stream, count)


def _passing(container: InputContainer, stream: VideoStream, count: int) -> Iterator[av.VideoFrame]:
    """Those in the middle of equal parts of the clip."""
    wanted = {(2 * k + 1) * stream.frames // (2 * count) for k in range(count)}
    frames = (frame for packet in demuxed(container, stream) for frame in decoded(packet))
    yield from (frame for place, frame in enumerate(frames) if place in wanted)


def _key_frames(
    container: InputContainer, stream: VideoStream, count: int
) -> Iterator[av.VideoFrame]:
    """Those before the middle of equal parts, each once."""
    last: int | None = None
    length, start = stream.duration or 0, stream.start_time or 0
    for k in range(count):
        try:
            container.seek(start + math.floor(length * (2 * k + 1) / (2 * count)), stream=stream)
        except av.FFmpegError:  # a format without an index
            return
        packets = demuxed(container, stream)
        frame = next((frame for packet in packets for frame in decoded(packet)), None)
        if frame is not None and frame.pts != last:
            last = frame.pts
            yield frame


def _small(frame: av.VideoFrame, height: int) -> Picture:
    width = max(1, round(frame.width * height / frame.height))
    return frame.to_ndarray(format="bgr24", width=width, height=height).astype(np.uint8, copy=False)
