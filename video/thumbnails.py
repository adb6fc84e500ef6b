"""A few small pictures of a video, found quickly: for a list of many videos."""

import math
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from base.geometry import Picture
from base.media import decode_frames
from video.clip import open_media, unreadable

MAX_PIXELS_READ_THROUGH = 150_000_000  # of a clip that is decoded whole: five seconds of 720p


def thumbnails(path: Path, count: int, height: int) -> list[Picture]:
    """At most `count` pictures, evenly spaced, of this height, as stored; InputError if none."""
    with open_media(path) as container:
        streams = container.streams.video
        if not streams:
            raise unreadable(path, "no video that can be decoded")
        av_frames = list(_pick_frames(container, streams[0], count))
    if not av_frames:
        raise unreadable(path, "no frame in it can be decoded")
    return [_shrink(av_frame, height) for av_frame in av_frames]


def _pick_frames(
    container: InputContainer, stream: VideoStream, count: int
) -> Iterator[av.VideoFrame]:
    context = stream.codec_context
    stream.thread_type = "AUTO"
    if 0 < stream.frames * context.width * context.height <= MAX_PIXELS_READ_THROUGH:
        yield from _frames_read_through(container, stream, count)
    else:
        context.skip_frame = "NONKEY"
        yield from _key_frames(container, stream, count)


def _frames_read_through(
    container: InputContainer, stream: VideoStream, count: int
) -> Iterator[av.VideoFrame]:
    """The frames in the middle of `count` equal parts of the clip, all of it decoded."""
    middles = {(2 * k + 1) * stream.frames // (2 * count) for k in range(count)}
    av_frames = enumerate(decode_frames(container, stream))
    yield from (av_frame for index, av_frame in av_frames if index in middles)


def _key_frames(
    container: InputContainer, stream: VideoStream, count: int
) -> Iterator[av.VideoFrame]:
    """The key frames before the middle of `count` equal parts, each once."""
    last_stamp: int | None = None
    duration, start = stream.duration or 0, stream.start_time or 0
    for k in range(count):
        middle = start + math.floor(duration * (2 * k + 1) / (2 * count))
        try:
            container.seek(middle, stream=stream)
        except av.FFmpegError:  # a format without an index
            return
        av_frame = next(decode_frames(container, stream), None)
        if av_frame is not None and av_frame.pts != last_stamp:
            last_stamp = av_frame.pts
            yield av_frame


def _shrink(av_frame: av.VideoFrame, height: int) -> Picture:
    width = max(1, round(av_frame.width * height / av_frame.height))
    small = av_frame.to_ndarray(format="bgr24", width=width, height=height)
    return small.astype(np.uint8, copy=False)
