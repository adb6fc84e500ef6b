"""Small clips and sounds, some of them trouble, made on the spot for the tests of every room."""

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.stream import Stream

BITS = 10  # of a picture's number, drawn as bars from the lowest on
UNIT = Fraction(1, 90_000)  # of given time stamps
LOSSLESS = {"libx264": {"qp": "0"}, "libx265": {"x265-params": "lossless=1:log-level=error"}}
SOUND_CODECS = {
    ".wav": "pcm_s16le",
    ".flac": "flac",
    ".mp3": "libmp3lame",
    ".m4a": "aac",
    ".aac": "aac",
    ".ogg": "libopus",
    ".opus": "libopus",
    ".mka": "ac3",
    ".aiff": "pcm_s16be",
}


def numbered(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """BGR: corners red, green, blue, yellow (clockwise), and the number in black and white bars."""
    picture = np.full((height, width, 3), 128, np.uint8)
    edges = [bar * width // BITS for bar in range(BITS + 1)]
    for bit in range(BITS):
        shade = 235 if number >> bit & 1 else 20
        picture[height // 3 : height * 2 // 3, edges[bit] : edges[bit + 1]] = shade
    h, w = height // 4, width // 4
    picture[:h, :w], picture[:h, -w:] = (0, 0, 255), (0, 255, 0)
    picture[-h:, -w:], picture[-h:, :w] = (255, 0, 0), (0, 255, 255)
    return picture


def number_of(picture: np.ndarray) -> int:
    """The number that `numbered` drew, after any encoder."""
    height, width = picture.shape[:2]
    row = picture[height * 2 // 5 : height * 3 // 5].mean(axis=(0, 2))
    centres = [(2 * bar + 1) * width // (2 * BITS) for bar in range(BITS)]
    return sum(1 << bit for bit, x in enumerate(centres) if row[x] > 128)


def corners_of(picture: np.ndarray) -> str:
    """The corners' colours clockwise from the top left, "rgby" as `numbered` draws them."""
    names = {(0, 0, 1): "r", (0, 1, 0): "g", (1, 0, 0): "b", (0, 1, 1): "y"}
    height, width = picture.shape[:2]
    y, x = height // 8, width // 8
    places = [(y, x), (y, width - 1 - x), (height - 1 - y, width - 1 - x), (height - 1 - y, x)]
    return "".join(names.get(tuple(int(v > 128) for v in picture[place]), "?") for place in places)


def noise(number: int, width: int, height: int) -> np.ndarray:
    """BGR that differs at every pixel and in every frame."""
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)


def make_video(  # noqa: PLR0913  a maker of trouble has many kinds of it
    path: Path,
    *,
    frames: int = 10,
    size: tuple[int, int] = (64, 48),
    rate: Fraction | int = 25,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    draw: Callable[[int, int, int], np.ndarray] = numbered,
    sound: bool = False,
    pts: Sequence[Fraction | float] | None = None,
    rotation: int = 0,
    flipped: bool = False,
    tags: dict[str, int] | None = None,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    container: str | None = None,
    muxing: dict[str, str] | None = None,
) -> Path:
    """A video whose frame i shows `draw(i, width, height)`.

    `pts`: seconds for each frame, for a variable rate. `rotation`: degrees counter-clockwise that
    a player has to turn it. `tags`: colorspace, color_range, color_primaries, color_trc.
    """
    rate = Fraction(rate)
    with av.open(str(path), "w", format=container, options=muxing or {}) as output:
        stream = output.add_stream(
            codec, rate=rate, options={**LOSSLESS.get(codec, {}), **(options or {})}
        )
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = UNIT if pts else 1 / rate
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation or flipped:
            stream.set_display_rotation(rotation, hflip=flipped)
        track = add_tone(output, frames / rate) if sound else None
        for index in range(len(pts) if pts else frames):
            video = drawn(draw(index, *size), pix_fmt, tags or {})
            video.pts = round(Fraction(pts[index]) / UNIT) if pts else index
            video.time_base = UNIT if pts else 1 / rate
            output.mux(stream.encode(video))
        output.mux(stream.encode(None))
        if track is not None:
            track()
    return path


def drawn(picture: np.ndarray, pix_fmt: str, tags: dict[str, int] | None = None) -> av.VideoFrame:
    """The BGR picture in any pixel format."""
    video = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24")
    full = (tags or {}).get("color_range") == 2 or pix_fmt.startswith("yuvj")
    video = video.reformat(
        format=pix_fmt,
        dst_colorspace=1 if (tags or {}).get("colorspace") == 1 else 5,
        src_color_range=2,
        dst_color_range=2 if full else 1,
        threads=1,
    )
    for name, value in (tags or {}).items():
        setattr(video, name, value)
    return video


def tone(seconds: Fraction | float, rate: int, channels: int, hertz: float = 440) -> np.ndarray:
    """(channels, samples) float32: clicks every quarter second over a quiet tone."""
    time = np.arange(round(seconds * rate)) / rate
    wave = 0.1 * np.sin(2 * np.pi * hertz * time)
    wave[(time % 0.25) < 0.01] *= 6
    return np.tile(wave.astype(np.float32), (channels, 1))


def add_tone(
    output: OutputContainer, seconds: Fraction | float, codec: str = "aac", rate: int = 44_100
) -> Callable[[], None]:
    """A stereo stream in the output; what is returned writes the sound into it."""
    stream = output.add_stream(codec, rate=rate)
    stream.layout = "stereo"
    return lambda: _encode_sound(output, stream, tone(seconds, rate, 2))


def make_sound(
    path: Path,
    seconds: Fraction | float = 1.0,
    rate: int = 16_000,
    channels: int = 1,
    samples: np.ndarray | None = None,
    codec: str | None = None,
) -> Path:
    """A sound in the codec that the ending stands for; `samples` are (channels, n) float32."""
    if samples is None:
        samples = tone(seconds, rate, channels)
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec or SOUND_CODECS[path.suffix], rate=rate)
        stream.layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(samples)]
        _encode_sound(output, stream, samples)
    return path


def _encode_sound(
    output: OutputContainer, stream: Stream, *pieces: np.ndarray, gap: int = 0
) -> None:
    """The pieces one after another, `gap` seconds between them in their time stamps."""
    rate, layout = stream.codec_context.sample_rate, stream.codec_context.layout.name
    start = 0
    for samples in pieces:
        for first in range(0, samples.shape[1], rate):
            piece = np.ascontiguousarray(samples[:, first : first + rate], np.float32)
            frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = start + first
            output.mux(stream.encode(frame))
        start += samples.shape[1] + gap * rate
    output.mux(stream.encode(None))


def make_paused(path: Path, gap: int, live: bool = False) -> Path:
    """Two seconds of PCM, `gap` seconds between them; `live` states no length in the header."""
    with av.open(str(path), "w", options={"live": "1"} if live else {}) as output:
        stream = output.add_stream("pcm_s16le", rate=48_000, layout="stereo")
        _encode_sound(output, stream, *[tone(1, 48_000, 2)] * 2, gap=gap)
    return path


def make_two_sounds(path: Path) -> Path:
    """A stream without a packet, then mono, then what a player prefers: stereo, the default."""
    with av.open(str(path), "w") as output:
        output.add_stream("pcm_s16le", rate=48_000, layout="mono")
        streams = [
            output.add_stream("pcm_s16le", rate=48_000, layout=layout)
            for layout in ("mono", "stereo")
        ]
        streams[1].disposition = av.stream.Disposition.default
        for stream, channels in zip(streams, (1, 2), strict=True):
            _encode_sound(output, stream, tone(1, 48_000, channels))
    return path


def make_picture(path: Path, picture: np.ndarray, kind: str, orientation: int = 1) -> Path:
    """A picture of this kind (".png", ".jpg" ...) under any name; EXIF orientation for .jpg."""
    found, data = cv2.imencode(kind, picture)
    assert found
    content = data.tobytes()
    if orientation != 1:
        content = content[:2] + _exif(orientation) + content[2:]
    path.write_bytes(content)
    return path


def _exif(orientation: int) -> bytes:
    """A JPEG segment that states the orientation."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    block = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    return b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block


def make_cover_only(path: Path) -> Path:
    """An .mp3 or .m4a whose only picture is its cover."""
    with av.open(str(path), "w") as output:
        sound = output.add_stream("libmp3lame" if path.suffix == ".mp3" else "aac", rate=44_100)
        sound.layout = "stereo"
        cover = output.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        output.mux(cover.encode(drawn(numbered(1), "yuvj420p")))
        output.mux(cover.encode(None))
        _encode_sound(output, sound, tone(0.5, 44_100, 2))
    return path


def make_text(path: Path) -> Path:
    """A text under a video's name."""
    path.write_text("This is not a video, whatever its name says.\n" * 40)
    return path


def make_empty(path: Path) -> Path:
    path.touch()
    return path


def make_cut_off(path: Path, whole: Path, share: float = 0.5) -> Path:
    """The beginning of another file."""
    data = whole.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def make_damaged(path: Path, whole: Path, packets: Sequence[int]) -> Path:
    """An mp4, mov or avi with the content of some packets (by decoding order) overwritten."""
    data = bytearray(whole.read_bytes())
    with av.open(str(whole)) as source:
        for index, packet in enumerate(source.demux(source.streams.video[0])):
            if index in packets and packet.pos is not None:
                data[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path.write_bytes(data)
    return path
