"""From any pixel format that FFmpeg decodes to the planar ones that a Frame holds, and back."""

from dataclasses import replace

import av
import numpy as np

from video.yuv import (
    BT709,
    FULL,
    LIMITED,
    SUBSAMPLING,
    UNSPECIFIED,
    Frame,
    Layout,
    Tags,
    frame_of_planes,
    layout_of,
    matrix_for,
    with_quiet_margins,
)

DEPTHS = (8, 9, 10, 12, 14, 16)
# swscale: bicubic, all chroma of the input used, accurate rounding
QUALITY = 0x4 | 0x4000 | 0x40000
BT601_IN_SWSCALE = 5


def planar_layout(pixel_format: av.VideoFormat) -> Layout:
    """The nearest layout: the same depth and subsampling where FFmpeg has such a format."""
    if exact := layout_of(pixel_format.name.replace("yuvj", "yuv")):
        return exact
    bits = max(part.bits for part in pixel_format.components)
    depth = next((depth for depth in DEPTHS if depth >= bits), DEPTHS[-1])
    layout = Layout(_base(pixel_format), depth)
    try:
        av.VideoFormat(layout.name)
    except ValueError:
        return replace(layout, base="yuv444p")
    return layout


def _base(pixel_format: av.VideoFormat) -> str:
    if is_rgb(pixel_format):
        return "yuv444p"
    if len(pixel_format.components) < 3:  # luma, and perhaps transparency
        return "gray"
    sides = pixel_format.chroma_width(64), pixel_format.chroma_height(64)
    halvings = tuple((64 // side).bit_length() - 1 for side in sides)
    return next((base for base, there in SUBSAMPLING.items() if there == halvings), "yuv444p")


def is_rgb(pixel_format: av.VideoFormat) -> bool:
    return pixel_format.is_rgb or pixel_format.has_palette or pixel_format.is_bayer


def in_planes(video: av.VideoFrame, layout: Layout, size: tuple[int, int]) -> av.VideoFrame:
    """The picture in this layout and size, with tags that still describe it."""
    if video.format.name == layout.name and (video.width, video.height) == size:
        return video
    tags = _tags_in_planes(video)
    rgb = is_rgb(video.format)
    made = video.reformat(
        *size,
        format=layout.name,
        dst_colorspace=_swscale_matrix(tags) if rgb else None,
        interpolation=QUALITY,
        src_color_range=FULL if rgb else tags.range or LIMITED,
        dst_color_range=tags.range or LIMITED,
    )
    tags.put_on(made)
    return with_quiet_margins(made)


def in_format(frame: Frame, name: str) -> av.VideoFrame:
    """The frame's picture in an encoder's format, meaning the same."""
    layout = layout_of(name)
    if layout is None:
        raise ValueError(f"{name} is not planar YUV")
    if layout.chroma and not frame.layout.chroma:
        frame = _with_neutral_chroma(frame)
    return in_planes(frame.video, layout, (frame.width, frame.height))


def _with_neutral_chroma(frame: Frame) -> Frame:
    """swscale would take gray for full range."""
    (luma,) = frame.planes()
    neutral = np.full_like(luma, 1 << (frame.layout.bits - 1))
    layout = replace(frame.layout, base="yuv444p")
    return frame_of_planes((luma, neutral, neutral), layout, like=frame)


def _tags_in_planes(video: av.VideoFrame) -> Tags:
    tags = Tags.of(video)
    if is_rgb(video.format):
        primaries = BT709 if tags.primaries in (0, UNSPECIFIED) else tags.primaries
        return replace(tags, matrix=matrix_for(video.height), range=LIMITED, primaries=primaries)
    return replace(tags, range=FULL) if video.format.name.startswith("yuvj") else tags


def _swscale_matrix(tags: Tags) -> int:
    return BT709 if tags.matrix == BT709 else BT601_IN_SWSCALE
