"""The video encoders: how each is named, and which of its options take quality and speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # --help needs the names alone, at once
    import av

    from video.yuv import Frame, Layout

# --preset speaks x264's words, from fast to thorough; each encoder has its own for them
PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow"),
)
X264_PRESETS = dict(zip(PRESETS, PRESETS, strict=True))
SVT_AV1_PRESETS = dict(zip(PRESETS, ("10", "9", "8", "7", "6", "5", "4", "3", "2"), strict=True))
VP9_PRESETS = dict(zip(PRESETS, ("8", "7", "6", "5", "4", "3", "2", "1", "0"), strict=True))
NVENC_PRESETS = dict(
    zip(PRESETS, ("p1", "p1", "p2", "p3", "p4", "p4", "p5", "p6", "p7"), strict=True)
)
LIGHTER_CRF = 0.5
# A buffer of half a second at four fifths of the limit: what it held and what flows in within two
# seconds are together what the limit allows in two seconds.
LIMIT_SHARE, BUFFER_SECONDS = 0.8, 0.5
# Which preset of each encoder suits a purpose; --preset takes these names, too
PURPOSES = ("real_time", "high_quality", "studio")
X264_PRESETS |= dict(zip(PURPOSES, ("ultrafast", "slow", "slower"), strict=True))
SVT_AV1_PRESETS |= dict(zip(PURPOSES, ("10", "5", "4"), strict=True))
VP9_PRESETS |= dict(zip(PURPOSES, ("8", "3", "2"), strict=True))
NVENC_PRESETS |= dict(zip(PURPOSES, ("p1", "p7", "p7"), strict=True))


@dataclass(frozen=True)
class Encoder:
    """One of FFmpeg's video encoders and its options."""

    codec: str  # FFmpeg's name of the encoder
    quality_option: str | None  # takes --crf; none: the encoder is always lossless
    worst_quality: int  # the largest value of that option; 0 is the best
    preset_option: str | None  # takes the preset
    presets: Mapping[str, str]  # from x264's names to the encoder's own
    containers: frozenset[str]  # FFmpeg's names of those that it fits into
    odd_size_format: str = "yuv420p"  # pixel format for odd sizes, which not all take in 4:2:0
    fixed_options: Mapping[str, str] = field(default_factory=dict)
    # by preset: options that take less time for a little quality, which LIGHTER_CRF makes up for
    lighter_options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    mp4_tag: str | None = None  # in mp4 and mov, where players need another than FFmpeg's default
    limit_options: tuple[str, ...] = ("maxrate",)  # take the most bits a second

    def options(self, preset: str, crf: int, max_bitrate: int | None = None) -> dict[str, str]:
        """FFmpeg's options for this preset, quality, and most bits in a second."""
        limit = {} if max_bitrate is None else self._limit(max_bitrate)
        return {**self._quality(preset, crf), **limit}

    def _limit(self, max_bitrate: int) -> dict[str, str]:
        rate = int(max_bitrate * LIMIT_SHARE)
        buffer = {"bufsize": str(int(rate * BUFFER_SECONDS))}
        return {**dict.fromkeys(self.limit_options, str(rate)), **buffer}

    def _quality(self, preset: str, crf: int) -> dict[str, str]:
        if self.quality_option is None:
            return dict(self.fixed_options)
        speed = {} if self.preset_option is None else {self.preset_option: self.presets[preset]}
        if self.codec == "libx264" and crf == 0:  # its crf 0 is lossless in 8 bit only
            return {**self.fixed_options, **speed, "qp": "0"}
        lighter = self.lighter_options.get(preset, {})
        quality = crf - LIGHTER_CRF if lighter else crf
        return {**self.fixed_options, **speed, **lighter, self.quality_option: str(quality)}

    def pixel_format(self, frame: Frame, crf: int) -> str:
        """The format to encode the frame in: 8-bit 4:2:0, unless that loses what must stay."""
        if self.is_lossless(crf):
            return self._nearest_format(frame.layout)
        name = self.odd_size_format if frame.width % 2 or frame.height % 2 else "yuv420p"
        deep = f"{name}10le"
        return deep if frame.is_hdr and deep in self._format_names() else name

    def is_lossless(self, crf: int) -> bool:
        """Whether decoding gives every sample back at this quality."""
        return self.quality_option is None or (self.codec == "libx264" and crf == 0)

    def _format_names(self) -> set[str]:
        """FFmpeg's names of the pixel formats that the encoder takes."""
        return {pixel_format.name for pixel_format in _codec(self.codec).video_formats or ()}

    def _nearest_format(self, layout: Layout) -> str:
        """The layout's own format, or the smallest of the encoder's that holds all of it."""
        from video.yuv import layout_of

        names = self._format_names()
        layouts = [found for name in names if (found := layout_of(name)) and found.has_chroma]
        holding = [candidate for candidate in layouts if _holds(candidate, layout)]
        if layout.name in names or not holding:
            return layout.name if layout.name in names else "yuv420p"
        return min(holding, key=lambda c: (c.bits, -c.log2_chroma_w, -c.log2_chroma_h)).name


def _holds(outer: Layout, inner: Layout) -> bool:
    """Whether every picture in layout `inner` fits into `outer` without loss."""
    return (
        outer.bits >= inner.bits
        and outer.log2_chroma_w <= inner.log2_chroma_w
        and outer.log2_chroma_h <= inner.log2_chroma_h
    )


def _codec(name: str) -> av.Codec:
    from av import Codec

    return Codec(name, "w")


def has_encoder(name: str) -> bool:
    """Whether this build of FFmpeg has the encoder."""
    from av.codec.codec import UnknownCodecError

    try:
        _codec(name)
    except UnknownCodecError:
        return False
    return True


MOVIE_CONTAINERS = frozenset({"mp4", "mov", "matroska"})
OPEN_CONTAINERS = frozenset({"mp4", "matroska", "webm"})  # that AV1 and VP9 fit into
X264 = Encoder(
    *("libx264", "crf", 51, "preset", X264_PRESETS, MOVIE_CONTAINERS | {"avi"}),
    odd_size_format="yuv444p",
    lighter_options={"veryfast": {"x264-params": "subme=1"}},  # decision 041
)

# "auto" is libx264 here; `encoder_candidates` puts others in its place where they fit better
ENCODERS: dict[str, Encoder] = {
    "auto": X264,
    "libx264": X264,
    "libx265": Encoder(
        *("libx265", "crf", 51, "preset", X264_PRESETS, MOVIE_CONTAINERS),
        odd_size_format="yuv444p",
        fixed_options={"x265-params": "log-level=error"},
        mp4_tag="hvc1",  # Apple's players do not open hev1
    ),
    "libsvtav1": Encoder("libsvtav1", "crf", 63, "preset", SVT_AV1_PRESETS, OPEN_CONTAINERS),
    "libvpx-vp9": Encoder(
        *("libvpx-vp9", "crf", 63, "cpu-used", VP9_PRESETS, OPEN_CONTAINERS),
        fixed_options={"deadline": "good", "row-mt": "1"},
        limit_options=("b",),  # its constrained quality; on average, not in every two seconds
    ),
    "h264_nvenc": Encoder(
        *("h264_nvenc", "cq", 51, "preset", NVENC_PRESETS, MOVIE_CONTAINERS | {"avi"}),
        odd_size_format="yuv444p",
        fixed_options={"rc": "vbr"},
    ),
    "hevc_nvenc": Encoder(
        *("hevc_nvenc", "cq", 51, "preset", NVENC_PRESETS, MOVIE_CONTAINERS),
        odd_size_format="yuv444p",
        fixed_options={"rc": "vbr"},
        mp4_tag="hvc1",
    ),
    "ffv1": Encoder("ffv1", None, 0, None, {}, frozenset({"matroska", "avi"})),
}


def named_encoder(name: str, container: str) -> Encoder:
    """The encoder of that name; for "auto" the one that needs no GPU and fits the container."""
    return ENCODERS["libvpx-vp9" if (name, container) == ("auto", "webm") else name]


def encoder_candidates(
    name: str, container: str, size: tuple[int, int], crf: int, hdr: bool
) -> tuple[Encoder, ...]:
    """The encoders to try in this order; for "auto" those first that suit the picture best.

    HDR needs ten bits, which players take as HEVC or AV1; else NVENC is fastest where it fits.
    """
    encoder = named_encoder(name, container)
    if name != "auto" or crf == 0:
        return (encoder,)
    if hdr:
        deep = (ENCODERS["libx265"], ENCODERS["libsvtav1"])
        return *(other for other in deep if container in other.containers), encoder
    if encoder is X264 and size[0] % 2 == 0 and size[1] % 2 == 0:
        return ENCODERS["h264_nvenc"], encoder
    return (encoder,)
