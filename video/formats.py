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
    ColorTags,
    Frame,
    Layout,
    default_matrix,
    frame_from_planes,
    layout_of,
    zero_row_padding,
)

DEPTHS = (8, 9, 10, 12, 14, 16)  # bits a sample, of the formats that a Frame holds
# SWS_BICUBIC | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND
SWSCALE_FLAGS = 0x4 | 0x4000 | 0x40000
SWSCALE_BT601 = 5  # swscale's number for that matrix


def planar_layout(pixel_format: av.VideoFormat) -> Layout:
    """The nearest planar layout: the same depth and subsampling if FFmpeg has such a format."""
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
    """The planar format of 8 bits with the same subsampling."""
    if is_rgb(pixel_format):
        return "yuv444p"
    if len(pixel_format.components) < 3:  # luma, and perhaps transparency
        return "gray"
    sides = pixel_format.chroma_width(64), pixel_format.chroma_height(64)
    log2_sides = tuple((64 // side).bit_length() - 1 for side in sides)
    return next((base for base, log2 in SUBSAMPLING.items() if log2 == log2_sides), "yuv444p")


def is_rgb(pixel_format: av.VideoFormat) -> bool:
    """Whether the samples are colours rather than luma and chroma."""
    return pixel_format.is_rgb or pixel_format.has_palette or pixel_format.is_bayer


def to_planar(av_frame: av.VideoFrame, layout: Layout, size: tuple[int, int]) -> av.VideoFrame:
    """Convert the frame to this layout and (width, height), its colour tags still describing it."""
    if av_frame.format.name == layout.name and (av_frame.width, av_frame.height) == size:
        return av_frame
    tags = _planar_tags(av_frame)
    from_rgb = is_rgb(av_frame.format)
    planar = av_frame.reformat(
        *size,
        format=layout.name,
        dst_colorspace=_swscale_matrix(tags) if from_rgb else None,
        interpolation=SWSCALE_FLAGS,
        src_color_range=FULL if from_rgb else tags.range or LIMITED,
        dst_color_range=tags.range or LIMITED,
    )
    tags.apply_to(planar)
    return zero_row_padding(planar)


def to_pixel_format(frame: Frame, name: str) -> av.VideoFrame:
    """Convert the frame to an encoder's planar format, the picture staying the same."""
    layout = layout_of(name)
    if layout is None:
        raise ValueError(f"{name} is not planar YUV")
    if layout.has_chroma and not frame.layout.has_chroma:
        frame = _with_neutral_chroma(frame)
    return to_planar(frame.av_frame, layout, (frame.width, frame.height))


def _with_neutral_chroma(frame: Frame) -> Frame:
    """A gray frame as 4:4:4, because swscale would take gray for full range."""
    (luma,) = frame.planes()
    neutral = np.full_like(luma, 1 << (frame.layout.bits - 1))
    layout = replace(frame.layout, base="yuv444p")
    return frame_from_planes((luma, neutral, neutral), layout, like=frame)


def _planar_tags(av_frame: av.VideoFrame) -> ColorTags:
    """The colour tags that the frame has once it is planar YUV."""
    tags = ColorTags.of(av_frame)
    if is_rgb(av_frame.format):
        primaries = BT709 if tags.primaries in (0, UNSPECIFIED) else tags.primaries
        matrix = default_matrix(av_frame.height)
        return replace(tags, matrix=matrix, range=LIMITED, primaries=primaries)
    return replace(tags, range=FULL) if av_frame.format.name.startswith("yuvj") else tags


def _swscale_matrix(tags: ColorTags) -> int:
    return BT709 if tags.matrix == BT709 else SWSCALE_BT601
