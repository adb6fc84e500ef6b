"""The ways to encode a video: what they are called, how they are asked for quality and speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the names alone are wanted by --help, at once
    import av

    from video.yuv import Frame, Layout

# from quick to thorough, in x264's words, which --preset speaks
PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow"),
)
BY_NAME = dict(zip(PRESETS, PRESETS, strict=True))
SVT_AV1 = dict(zip(PRESETS, ("10", "9", "8", "7", "6", "5", "4", "3", "2"), strict=True))
VP9 = dict(zip(PRESETS, ("8", "7", "6", "5", "4", "3", "2", "1", "0"), strict=True))
NVENC = dict(zip(PRESETS, ("p1", "p1", "p2", "p3", "p4", "p4", "p5", "p6", "p7"), strict=True))


@dataclass(frozen=True)
class Encoder:
    """One of FFmpeg's encoders and how to speak to it."""

    codec: str
    quality: str | None  # the option that takes --crf; none: always lossless
    worst: int  # the largest value of that option
    speed: str | None  # the option that takes the preset
    presets: Mapping[str, str]
    containers: frozenset[str]  # FFmpeg's names
    odd: str = "yuv420p"  # the format for sizes that 4:2:0 cannot hold, where it cannot
    fixed: Mapping[str, str] = field(default_factory=dict)

    def options(self, preset: str, crf: int) -> dict[str, str]:
        if self.quality is None:
            return dict(self.fixed)
        speed = {} if self.speed is None else {self.speed: self.presets[preset]}
        if self.codec == "libx264" and crf == 0:  # crf 0 is lossless in 8 bit only
            return {**self.fixed, **speed, "qp": "0"}
        return {**self.fixed, **speed, self.quality: str(crf)}

    def pixel_format(self, frame: Frame, crf: int) -> str:
        """What the frame is encoded as: 8-bit 4:2:0 unless that would lose what must stay."""
        if self.lossless(crf):
            return self._own_format(frame.layout)
        return self.odd if frame.width % 2 or frame.height % 2 else "yuv420p"

    def lossless(self, crf: int) -> bool:
        return self.quality is None or (self.codec == "libx264" and crf == 0)

    def _own_format(self, layout: Layout) -> str:
        """The frame's own format, or the nearest that holds all of it."""
        from video.yuv import layout_of

        known = {pixel_format.name for pixel_format in _codec(self.codec).video_formats or ()}
        layouts = [found for name in known if (found := layout_of(name)) and found.chroma]
        holding = [found for found in layouts if _holds(found, layout)]
        if layout.name in known or not holding:
            return layout.name if layout.name in known else "yuv420p"
        return min(holding, key=lambda found: (found.bits, -found.across, -found.down)).name


def _holds(one: Layout, other: Layout) -> bool:
    return one.bits >= other.bits and (one.across, one.down) <= (other.across, other.down)


def _codec(name: str) -> av.Codec:
    from av import Codec

    return Codec(name, "w")


def present(name: str) -> bool:
    """Whether this build of FFmpeg has the encoder."""
    from av.codec.codec import UnknownCodecError

    try:
        _codec(name)
    except UnknownCodecError:
        return False
    return True


def opens(encoder: Encoder, width: int, height: int) -> bool:
    """Whether the encoder starts on this machine (NVENC needs the right GPU and driver)."""
    import av

    if not present(encoder.codec):
        return False
    context = av.CodecContext.create(encoder.codec, "w")
    if not isinstance(context, av.VideoCodecContext):
        return False
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, 25)
    try:
        context.open()
    except (OSError, ValueError, av.FFmpegError):
        return False
    return True


MOVIES = frozenset({"mp4", "mov", "matroska"})
OPEN = frozenset({"mp4", "matroska", "webm"})
X264 = Encoder("libx264", "crf", 51, "preset", BY_NAME, MOVIES | {"avi"}, odd="yuv444p")

# "auto" stands for libx264 here; `chosen` puts another in its place where that is better
ENCODERS: dict[str, Encoder] = {
    "auto": X264,
    "libx264": X264,
    "libx265": Encoder(
        *("libx265", "crf", 51, "preset", BY_NAME, MOVIES),
        odd="yuv444p",
        fixed={"x265-params": "log-level=error"},
    ),
    "libsvtav1": Encoder("libsvtav1", "crf", 63, "preset", SVT_AV1, OPEN),
    "libvpx-vp9": Encoder(
        *("libvpx-vp9", "crf", 63, "cpu-used", VP9, OPEN),
        fixed={"deadline": "good", "row-mt": "1"},
    ),
    "h264_nvenc": Encoder(
        *("h264_nvenc", "cq", 51, "preset", NVENC, MOVIES | {"avi"}),
        odd="yuv444p",
        fixed={"rc": "vbr"},
    ),
    "hevc_nvenc": Encoder(
        *("hevc_nvenc", "cq", 51, "preset", NVENC, MOVIES), odd="yuv444p", fixed={"rc": "vbr"}
    ),
    "ffv1": Encoder("ffv1", None, 0, None, {}, frozenset({"matroska", "avi"})),
}


def chosen(name: str, container: str, size: tuple[int, int], crf: int) -> Encoder:
    """The encoder of that name; for "auto" what the container takes, on the GPU if it can."""
    if name != "auto":
        return ENCODERS[name]
    if container == "webm":
        return ENCODERS["libvpx-vp9"]
    even = size[0] % 2 == 0 and size[1] % 2 == 0
    nvenc = ENCODERS["h264_nvenc"]
    return nvenc if even and crf > 0 and opens(nvenc, *size) else X264
