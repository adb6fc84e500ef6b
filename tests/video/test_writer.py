"""Written videos hold the frames and the sound, and are put in place whole or not at all."""

import errno
import os
import stat
import subprocess
import sys
import threading
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from base.errors import InputError, OutputError, UsageError
from base.geometry import Rect
from tests.encoders import opens, record_contexts
from tests.media import (
    drawn,
    make_paused,
    make_sound,
    make_two_sounds,
    make_video,
    noise,
    number_of,
    numbered,
    tone,
)
from tests.slow import rest_slow, slow
from video.encoders import ENCODERS, PRESETS, has_encoder
from video.shape import Shape
from video.source import open_source
from video.writer import CONTAINERS, Target, check_output, choose_encoder, write_video
from video.yuv import ColorTags, Frame

FPS = Fraction(25)
SIZE = (64, 48)


def frames(count=10, draw=numbered, size=SIZE, pix_fmt="yuv420p"):
    """Frame i shows draw(i, width, height)."""
    for number in range(count):
        yield Frame(drawn(draw(number, *size), pix_fmt))


def target(path, size=SIZE, **options):
    return Target(path, options.pop("fps", FPS), *size, **options)


def check(path, encoder="auto", preset="veryfast", crf=18):
    check_output(path, encoder, preset, crf)


def read(path):
    return list(open_source(path, Shape(), FPS).frames())


@pytest.fixture(autouse=True)
def no_file_left_open():
    folder = Path("/proc/self/fd")
    before = sum(1 for _ in folder.iterdir()) if folder.exists() else 0
    yield
    if before:
        assert sum(1 for _ in folder.iterdir()) == before


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "60"])
def test_by_default_an_mp4_is_h264_that_starts_fast(tmp_path, rate):
    path = tmp_path / "a.mp4"
    written = write_video(frames(30), target(path, fps=Fraction(rate)))
    assert (written.frames, written.duration) == (30, 30 / Fraction(rate))
    assert (written.encoder, written.pixel_format) == ("libx264", "yuv420p")
    assert [number_of(frame.picture()) for frame in read(path)] == list(range(30))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate) == ("h264", Fraction(rate))
        assert stream.start_time == 0
        assert stream.duration * stream.time_base == written.duration
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("name", [name for name in ENCODERS if name != "auto"])
def test_every_encoder_writes_the_frames(tmp_path, name):
    encoder = ENCODERS[name]
    if not opens(encoder.codec, 320, 240):
        pytest.skip(f"{name} does not open on this machine")
    size = (320, 240)
    for ending, kind in CONTAINERS.items():
        if kind.name in encoder.containers:
            path = tmp_path / f"a{ending}"
            written = write_video(frames(6, size=size), target(path, size, encoder=name))
            assert written.encoder == encoder.codec
            assert [number_of(frame.picture()) for frame in read(path)] == list(range(6))


@pytest.fixture
def contexts(monkeypatch):
    return record_contexts(monkeypatch)


@pytest.mark.skipif(not has_encoder("h264_nvenc"), reason="not in this build of PyAV")
def test_nvenc_is_tried_once_and_at_the_size_of_the_frames(tmp_path, contexts):
    """Trying it costs time, and proves something for that size alone."""
    job, source = target(tmp_path / "a.mp4", (320, 240)), list(frames(3, size=(320, 240)))
    check(job.path)
    written = write_video(source, job, choose_encoder(job, source[0]))
    tried = [context for context in contexts if context.name == "h264_nvenc"]
    assert [(context.width, context.height) for context in tried] == [(320, 240)]
    assert written.encoder == ("h264_nvenc" if tried[0].is_open else "libx264")


@pytest.mark.parametrize(
    ("size", "options"),
    [((61, 48), {}), (SIZE, {"crf": 0}), (SIZE, {"encoder": "libx264"})],
)
def test_nvenc_is_not_tried_where_it_does_not_fit(tmp_path, contexts, size, options):
    """It takes no odd sizes in 4:2:0, and is not lossless."""
    write_video(frames(3, size=size), target(tmp_path / "a.mkv", size, **options))
    assert {context.name for context in contexts} == {"libx264"}


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_knows_every_preset(name):
    encoder = ENCODERS[name]
    if encoder.quality_option is not None:
        options = [encoder.options(preset, 18) for preset in PRESETS]
        assert {option[encoder.quality_option] for option in options} <= {"18", "17.5"}
        assert len({option[encoder.preset_option] for option in options}) >= 6


@pytest.mark.parametrize("ending", CONTAINERS)
def test_auto_writes_every_container(tmp_path, ending):
    path = tmp_path / f"A.{ending[1:].upper()}"
    write_video(frames(8), target(path))
    assert [number_of(frame.picture()) for frame in read(path)] == list(range(8))


@pytest.mark.parametrize("name", ["libx264", "libx265", "libvpx-vp9", "ffv1"])
def test_odd_sizes_are_kept(tmp_path, name):
    size, path = (61, 47), tmp_path / "a.mkv"
    write_video(frames(5, size=size), target(path, size, encoder=name))
    written = read(path)
    assert {(frame.width, frame.height) for frame in written} == {size}
    assert [number_of(frame.picture()) for frame in written] == list(range(5))


@pytest.mark.parametrize("name", ["libx264", "libx265", "libvpx-vp9", "ffv1"])
@pytest.mark.parametrize("tags", [(9, 1, 9, 16), (1, 2, 1, 1), (6, 1, 6, 6)])
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_colour_tags_are_carried_over(tmp_path, ending, tags, name):
    tags = ColorTags(*tags)
    if ending == "mp4" and name == "ffv1":
        pytest.skip("ffv1 does not go into mp4")
    path = tmp_path / f"a.{ending}"
    tagged = list(frames(6))  # x265 has no good time stamps for fewer than three
    for frame in tagged:
        tags.apply_to(frame.av_frame)
    write_video(tagged, target(path, encoder=name))
    assert read(path)[0].tags == tags


def test_the_aspect_of_pixels_is_carried_over(tmp_path):
    write_video([Frame(next(frames()).av_frame, Fraction(4, 3))], target(tmp_path / "a.mp4"))
    assert open_source(tmp_path / "a.mp4", Shape(), FPS).first.aspect == Fraction(4, 3)


def test_ten_bit_becomes_eight_unless_it_must_be_lossless(tmp_path):
    ten = list(frames(2, pix_fmt="yuv422p10le"))
    assert write_video(ten, target(tmp_path / "a.mp4")).pixel_format == "yuv420p"
    assert write_video(ten, target(tmp_path / "a.mp4", crf=0)).pixel_format == "yuv422p10le"
    ffv1 = write_video(ten, target(tmp_path / "a.mkv", encoder="ffv1"))
    assert ffv1.pixel_format == "yuv422p10le"


HDR = ColorTags(9, 1, 9, 18)  # HLG


def hdr_frames(count, pix_fmt="yuv420p10le", tags=HDR, size=SIZE):
    for frame in frames(count, pix_fmt=pix_fmt, size=size):
        tags.apply_to(frame.av_frame)
        yield frame


@pytest.mark.parametrize("count", rest_slow([1, 2, 12]))
@pytest.mark.parametrize(
    ("ending", "codec"),
    [("mp4", "libx265"), ("mov", "libx265"), ("webm", "libsvtav1"), ("avi", "libx264")],
)
def test_hdr_keeps_ten_bits_and_its_tags(tmp_path, ending, codec, count):
    path, size = tmp_path / f"a.{ending}", (320, 240)
    written = write_video(hdr_frames(count, size=size), target(path, size))
    assert (written.encoder, written.pixel_format) == (codec, "yuv420p10le")
    frames = read(path)
    assert [number_of(frame.picture()) for frame in frames] == list(range(count))
    assert frames[0].is_hdr
    if ending != "avi":  # which has no place for tags but the stream's own
        assert {frame.tags for frame in frames} == {HDR}


@pytest.mark.parametrize(
    ("pix_fmt", "tags", "options", "pixel_format"),
    [
        ("yuv420p10le", HDR, {"encoder": "libx264"}, "yuv420p10le"),
        ("yuv422p12le", HDR, {"encoder": "libx265"}, "yuv420p10le"),
        ("yuv420p10le", HDR, {"encoder": "libvpx-vp9"}, "yuv420p"),
        ("yuv420p", HDR, {}, "yuv420p"),
        ("yuv420p10le", ColorTags(1, 1, 1, 1), {}, "yuv420p"),
        ("yuv420p10le", ColorTags(9, 1, 9, 16), {}, "yuv420p10le"),  # PQ
        ("yuv420p10le", HDR, {"crf": 0}, "yuv420p10le"),
    ],
)
def test_what_is_written_in_ten_bits(tmp_path, pix_fmt, tags, options, pixel_format):
    written = write_video(hdr_frames(3, pix_fmt, tags), target(tmp_path / "a.mp4", **options))
    assert written.pixel_format == pixel_format


def test_hevc_in_mp4_has_the_tag_that_apples_players_want(tmp_path):
    for ending, tag in (("mp4", "hvc1"), ("mov", "hvc1"), ("mkv", "\0\0\0\0")):
        path = tmp_path / f"a.{ending}"
        write_video(frames(6), target(path, encoder="libx265"))
        with av.open(str(path)) as container:
            assert container.streams.video[0].codec_context.codec_tag == tag


@pytest.mark.parametrize("levels", [(0, 255), (16, 235), (100, 101)])
def test_gray_keeps_its_levels(tmp_path, levels):
    frame = Frame(drawn(numbered(0), "gray"))
    frame.planes()[0][...] = np.resize(np.array(levels, np.uint8), (48, 64))
    written = write_video([frame] * 6, target(tmp_path / "a.mkv", encoder="libx265", crf=1))
    assert written.pixel_format == "yuv420p"
    luma = read(tmp_path / "a.mkv")[0].planes()[0].astype(int)
    assert np.abs(luma - frame.planes()[0]).mean() < 3


LOSSLESS = [("ffv1", ".mkv"), ("libx264", ".mp4")]


@pytest.mark.parametrize(("name", "ending"), LOSSLESS)
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"])
def test_every_sample_outside_the_mask_stays(tmp_path, pix_fmt, name, ending):
    source = list(frames(3, draw=noise, pix_fmt=pix_fmt))
    rect, mask = Rect(9, 41, 11, 50), np.zeros((32, 39, 1), np.float32)
    mask[8:20, 10:30] = 0.7
    patch = noise(99, 39, 32).astype(np.float32)
    changed = []
    for frame in source:
        region = frame.region(rect)
        changed.append(frame.with_region(rect, region + mask * (patch - region)))
    path = tmp_path / f"a{ending}"
    write_video(changed, target(path, encoder=name, crf=0))
    touched = Rect(17, 29, 21, 41)
    for original, ours in zip(source, read(path), strict=True):
        assert ours.layout == original.layout
        planes = zip(original.planes(), ours.planes(), strict=True)
        for index, (before, after) in enumerate(planes):
            outside = np.ones(before.shape, bool)
            outside[(ours.layout.chroma_rect(touched) if index else touched).slices] = False
            assert np.array_equal(before[outside], after[outside])
            assert not np.array_equal(before, after)


def test_one_good_encode(tmp_path):
    """At the defaults nothing is encoded twice: DIVX and then x264 cost 2.7 dB."""
    job = target(tmp_path / "a.mp4", (320, 240))
    assert (job.preset, job.crf) == ("veryfast", 18)
    y, x = np.mgrid[:240, :320]

    def scene(number, width, height):
        waves = np.sin(x / 9 + number / 3) + np.cos(y / 7 - number / 5) + np.sin(x * y / 900)
        grain = np.random.default_rng(number).normal(0, 2, (height, width))
        return np.repeat((128 + 35 * waves + grain)[..., None], 3, 2).clip(0, 255).astype(np.uint8)

    source = list(frames(20, scene, (320, 240)))
    write_video(source, job)
    errors = [
        np.square(original.planes()[0].astype(float) - ours.planes()[0]).mean()
        for original, ours in zip(source, read(job.path), strict=True)
    ]
    assert 10 * np.log10(255**2 / np.mean(errors)) > 40


def test_the_source_s_key_frames_are_not_forced_on_the_encoder(tmp_path):
    path = make_video(tmp_path / "a.mov", frames=30, codec="mjpeg", pix_fmt="yuvj420p")
    source = open_source(path, Shape(), FPS)
    write_video(source.frames(), target(tmp_path / "b.mp4"))
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert sum(packet.is_keyframe for packet in container.demux(video=0)) == 1


def test_a_frame_can_be_shown_again_and_keeps_its_time(tmp_path):
    frame = next(frames())
    frame.av_frame.pts, frame.av_frame.time_base = 77, Fraction(1, 1000)
    write_video([frame] * 5, target(tmp_path / "a.mp4"))
    assert len(read(tmp_path / "a.mp4")) == 5
    assert (frame.av_frame.pts, frame.av_frame.time_base) == (77, Fraction(1, 1000))


SOUNDS = [
    (".mp4", ".m4a", "aac", True),
    (".mp4", ".mp3", "mp3", True),
    (".mp4", ".flac", "flac", True),
    (".mp4", ".ogg", "opus", True),
    (".mp4", ".mka", "ac3", True),
    (".mp4", ".aac", "aac", True),
    (".m4v", ".wav", "aac", False),
    (".mov", ".wav", "pcm_s16le", True),
    (".mov", ".ogg", "aac", False),
    (".mkv", ".wav", "pcm_s16le", True),
    (".mkv", ".mp3", "mp3", True),
    (".avi", ".mp3", "mp3", True),
    (".avi", ".flac", "aac", False),
    (".webm", ".ogg", "opus", True),
    (".webm", ".m4a", "opus", False),
]


def heard(path):
    """(samples of the first channel, seconds they start after the picture, rate, channels)."""
    with av.open(str(path)) as container:
        videos = container.streams.video
        zero = videos[0].start_time * videos[0].time_base if videos else 0
        sound = list(container.decode(audio=0))
    samples = np.concatenate([frame.to_ndarray().astype(np.float64) for frame in sound], axis=1)
    if not sound[0].format.is_planar:
        samples = samples.reshape(-1, len(sound[0].layout.channels)).T
    first = sound[0].pts * sound[0].time_base - zero
    return samples[0], first, sound[0].sample_rate, len(samples)


def loudness(samples):
    return float(np.sqrt(np.mean(np.square(samples))))


def lag(ours, theirs):
    """By how many samples `ours` comes later than `theirs`."""
    size = 2 ** (len(ours) + len(theirs)).bit_length()
    product = np.fft.rfft(ours, size) * np.conj(np.fft.rfft(theirs, size))
    peak = int(np.argmax(np.fft.irfft(product, size)))
    return peak - size if peak > size // 2 else peak


@pytest.mark.parametrize(("ending", "sound", "codec", "copied"), SOUNDS)
def test_the_original_sound_is_beside_the_picture(tmp_path, ending, sound, codec, copied):
    rate = 48_000 if sound == ".ogg" else 44_100
    samples = np.repeat(np.random.default_rng(0).normal(0, 0.1, (1, rate // 4)), 4, axis=1)
    source = make_sound(tmp_path / f"s{sound}", rate=rate, samples=np.vstack([samples, samples]))
    path = tmp_path / f"a{ending}"
    written = write_video(frames(25), target(path, sound=source))
    assert (written.sound.removeprefix("lib"), written.sound_copied) == (codec, copied)
    ours, first, our_rate, channels = heard(path)
    theirs, _, their_rate, _ = heard(source)
    assert channels == 2
    if ending == ".webm":
        assert our_rate == 48_000  # Opus knows no 44.1 kHz
    else:
        assert our_rate == their_rate == rate
    assert abs(first + Fraction(len(ours), our_rate) - 1) < Fraction(1, 25) + Fraction(1, 100)
    if our_rate == their_rate and ending != ".avi":  # which has no time stamps
        late = lag(ours, theirs) / our_rate + float(first)
        assert abs(late) < 0.001


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm", ".mov"])
@pytest.mark.parametrize(
    ("sound", "fps"),
    [(".wav", 25), (".m4a", 25), slow(".flac", 25), slow(".mp3", 25), (".wav", 60)],
)
def test_sound_and_picture_end_within_a_frame(tmp_path, ending, sound, fps):
    if (ending, sound) == (".mkv", ".flac"):
        pytest.skip("Matroska states no duration for a packet, and FLAC's last 0.1 s come in one")
    source = make_sound(tmp_path / f"s{sound}", seconds=1.5, rate=44_100, channels=2)
    path = tmp_path / f"a{ending}"
    write_video(frames(fps), target(path, fps=Fraction(fps), sound=source))  # one second
    with av.open(str(path)) as container:
        end = {"video": Fraction(0), "audio": Fraction(0)}
        for packet in container.demux():
            if packet.pts is not None:
                after = (packet.pts + packet.duration) * packet.time_base
                end[packet.stream.type] = max(end[packet.stream.type], after)
    assert abs(end["video"] - end["audio"]) <= Fraction(1, fps) + Fraction(1, 500)


@pytest.mark.parametrize("rate", rest_slow([16_000, 11_025, 64_000]))
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_rate_and_channels_of_the_sound_are_kept(tmp_path, rate, channels):
    source = make_sound(tmp_path / "s.wav", rate=rate, channels=channels)
    write_video(frames(25), target(tmp_path / "a.mp4", sound=source))
    _, _, our_rate, our_channels = heard(tmp_path / "a.mp4")
    assert (our_rate, our_channels) == (rate, channels)


@pytest.mark.parametrize("channels", rest_slow([9, *map(slow, (12, 22)), 64]))
def test_more_channels_than_any_speaker_layout_has_are_heard(tmp_path, channels):
    """FFmpeg converts some of these counts, and refuses others after the last frame."""
    sound, samples = tmp_path / "s.wav", (tone(0.48, 48_000, channels) * 32767).astype("<i2")
    with wave.open(str(sound), "wb") as file:
        file.setparams((channels, 2, 48_000, 0, "NONE", ""))
        file.writeframes(samples.T.tobytes())
    write_video(frames(12), target(tmp_path / "a.mp4", sound=sound))
    ours, _, _, count = heard(tmp_path / "a.mp4")
    level, original = (loudness(s[4800:-4800]) for s in (ours, samples[0] / 32768))
    assert count == 2 and level == pytest.approx(original, rel=0.05)


def test_an_unknown_rate_goes_to_the_nearest(tmp_path):
    source = make_sound(tmp_path / "s.wav", rate=37_800)
    write_video(frames(25), target(tmp_path / "a.mp4", sound=source))
    ours, _, rate, _ = heard(tmp_path / "a.mp4")
    assert rate == 32_000 or rate == 44_100
    assert abs(len(ours) / rate - 1) < 0.05


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
@pytest.mark.parametrize(
    "setups", rest_slow([[(44_100, 2), (48_000, 1)], [(48_000, 1), (44_100, 2)]])
)
def test_a_sound_that_changes_rate_and_channels_midway(tmp_path, setups, ending):
    parts = [make_sound(tmp_path / f"{rate}.mp2", 1, rate, n, codec="mp2") for rate, n in setups]
    source = tmp_path / "both.mp2"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    path = tmp_path / f"a{ending}"
    assert not write_video(frames(50), target(path, sound=source)).sound_copied
    ours, start, rate, channels = heard(path)
    assert (rate, channels) in setups or ending == ".webm"  # Opus knows no 44.1 kHz
    assert abs(float(start) + len(ours) / rate - 2) < 0.06
    for half in (ours[:rate], ours[rate : 2 * rate]):
        assert 0.07 < loudness(half) < 0.16  # FFmpeg plays mono 3 dB softer in stereo
        spectrum = np.abs(np.fft.rfft(half[rate // 4 : rate * 3 // 4] * np.hanning(rate // 2)))
        assert abs(2 * int(spectrum.argmax()) - 440) <= 2


def test_a_sound_that_cannot_be_converted_is_an_error_of_the_sound(tmp_path):
    source = tmp_path / "fast.wav"
    with wave.open(str(source), "wb") as file:
        file.setparams((1, 2, 2**31 - 1, 0, "NONE", ""))  # samples a second
        file.writeframes(bytes(2000))
    with pytest.raises(InputError, match=r"fast\.wav: its sound cannot be .*; export it"):
        write_video(frames(), target(tmp_path / "a.mp4", sound=source))
    assert [path.name for path in tmp_path.iterdir()] == ["fast.wav"]


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_a_pause_in_the_times_of_an_encoded_sound_is_silent(tmp_path, ending):
    source = make_paused(tmp_path / "s.mkv", 2)
    path = tmp_path / f"a{ending}"
    assert not write_video(frames(100), target(path, sound=source)).sound_copied
    ours, start, rate, _ = heard(path)
    assert abs(float(start) + len(ours) / rate - 4) < 0.06
    levels = [loudness(ours[rate * tenth // 10 :][: rate // 10]) for tenth in range(40)]
    assert max(levels[11:29]) < 1e-3
    assert min(levels[1:9] + levels[31:39]) > 0.05


def test_a_pause_of_an_hour_is_not_believed(tmp_path):
    source = make_paused(tmp_path / "s.mkv", 3600, live=True)
    write_video(frames(60), target(tmp_path / "a.mp4", sound=source))
    ours, start, rate, _ = heard(tmp_path / "a.mp4")
    assert abs(float(start) + len(ours) / rate - 2) < 0.06


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_the_first_sound_that_holds_samples_is_taken(tmp_path, ending):
    """The mouth follows it, even where a player would choose another."""
    source = make_two_sounds(tmp_path / "s.mka")
    path = tmp_path / f"a{ending}"
    write_video(frames(25), target(path, sound=source))
    ours, _, rate, channels = heard(path)
    assert channels == 1
    assert len(ours) / rate == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("ending", [".mkv", ".webm"])  # copied, encoded
def test_a_stream_that_begins_late_does_not_end_the_sound(tmp_path, ending):
    """PyAV can raise an IndexError where FFmpeg finds another stream midway."""
    sound = make_sound(tmp_path / "s.ts", 15, 48_000, codec="ac3").read_bytes()
    film = make_video(tmp_path / "v.ts", codec="mpeg4", sound=True).read_bytes()
    source = tmp_path / "live.ts"
    source.write_bytes(sound + film + sound)
    path = tmp_path / f"a{ending}"
    write_video(frames(155), target(path, fps=Fraction(5), sound=source))
    with av.open(str(path)) as container:
        stamps = [
            packet.pts * packet.time_base for packet in container.demux(audio=0) if packet.size
        ]
    assert stamps == sorted(set(stamps))
    assert 29 < stamps[-1] < 31
    steps = np.diff(np.array(stamps, float))
    assert steps.min() > 0.015


def test_the_sound_of_a_video_is_taken(tmp_path):
    source = make_video(tmp_path / "v.mp4", frames=25, sound=True)
    assert write_video(frames(25), target(tmp_path / "a.mp4", sound=source)).sound_copied


def test_a_sound_file_without_sound(tmp_path):
    source = make_video(tmp_path / "v.mp4")
    with pytest.raises(InputError, match="no sound"):
        write_video(frames(), target(tmp_path / "a.mp4", sound=source))
    with pytest.raises(InputError, match="no such file"):
        write_video(frames(), target(tmp_path / "a.mp4", sound=tmp_path / "none.wav"))
    assert [path.name for path in tmp_path.iterdir()] == ["v.mp4"]


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("before")

    def watched():
        for frame in frames(60):
            assert path.read_text() == "before"
            yield frame

    write_video(watched(), target(path))
    assert len(read(path)) == 60


@pytest.mark.parametrize(
    "stop", [InputError("x"), OSError("y"), KeyboardInterrupt(), GeneratorExit()]
)
@pytest.mark.parametrize("after", [0, 3, 100])
def test_an_error_in_the_frames_reaches_the_caller_and_leaves_nothing(tmp_path, stop, after):
    def stopping():
        yield from frames(after)
        raise stop

    path = tmp_path / "new" / "a.mp4"
    with pytest.raises(type(stop)) as caught:
        write_video(stopping(), target(path))
    assert caught.value is stop
    assert list(path.parent.iterdir()) == []


def test_no_frames_are_an_error(tmp_path):
    with pytest.raises(OutputError, match="no frame"):
        write_video([], target(tmp_path / "a.mp4"))
    assert list(tmp_path.iterdir()) == []


def test_two_writers_in_one_folder_do_not_meet(tmp_path):
    """Each has a partial file of its own."""
    barrier = threading.Barrier(2)

    def together(first):
        for index, frame in enumerate(frames(40)):
            if index % 10 == first:
                barrier.wait(600)
            yield frame

    jobs = [target(tmp_path / "same.mp4"), target(tmp_path / "same.mp4")]
    threads = [threading.Thread(target=write_video, args=(together(5), job)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
    assert [path.name for path in tmp_path.iterdir()] == ["same.mp4"]
    assert [number_of(frame.picture()) for frame in read(tmp_path / "same.mp4")] == list(range(40))


@pytest.mark.parametrize(
    "name",
    [
        *("two words.mp4", "$(x).mp4", ";ls.mp4", "-o.mp4", "a'b\".mp4", "漢字.mp4"),
        *("a:b.mp4", "http:x.mp4", "%03d.mp4", "." + "ä" * 120 + ".mp4"),
    ],
)
def test_a_name_is_only_ever_a_file(tmp_path, monkeypatch, name):
    """No shell splits or runs it, and FFmpeg takes it for no address or pattern."""
    monkeypatch.chdir(tmp_path)
    write_video(frames(3), target(Path(name)))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert len(read(tmp_path / name)) == 3


FULL_DISK = """
import resource, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from base.errors import OutputError
from video.writer import Target, write_video
from video.yuv import Frame
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
rng = np.random.default_rng(0)
pictures = (rng.integers(0, 256, (96, 128, 3), np.uint8) for _ in range(int(sys.argv[2])))
try:
    target = Target(Path(sys.argv[1]), Fraction(25), 128, 96, crf=5)
    write_video(map(Frame.of_picture, pictures), target)
except OutputError as error:
    print(error)
    sys.exit(6)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
@pytest.mark.parametrize("count", rest_slow([3, 100]))
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path, ending, count):
    path = tmp_path / f"a.{ending}"
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), str(count)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 6, ran.stderr
    assert ran.stdout.startswith(f"{path}: cannot be written: {os.strerror(errno.EFBIG).lower()}")
    assert ran.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_failed_encode_is_an_error(tmp_path):
    tiny = (2, 2)  # x265 refuses it
    with pytest.raises(OutputError, match=r"libx265 does not start .* for 2x2 at 25 a second;"):
        write_video(frames(3, size=tiny), target(tmp_path / "a.mp4", tiny, encoder="libx265"))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_made(tmp_path):
    path = tmp_path / "a" / "b c" / "d.mp4"
    check(path)
    assert not path.parent.exists()
    write_video(frames(2), target(path))
    assert path.exists()


@pytest.mark.parametrize("name", ["a", "a.txt", "a.mp4.part", ".mp4", "mp4", "a.gif"])
def test_an_unknown_ending_names_the_known_ones(tmp_path, name):
    with pytest.raises(OutputError, match=r"unknown ending; give one of \.mp4 \.m4v"):
        check(tmp_path / name)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_never_replaced(tmp_path):
    """A link to /dev/null would leave the whole machine a file in its place."""
    device, link = tmp_path / "null", tmp_path / "a.mp4"
    os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    link.symlink_to(device)
    for attempt in (lambda: check(link), lambda: write_video(frames(2), target(link))):
        with pytest.raises(OutputError, match="is a pipe or device"):
            attempt()
    assert device.is_char_device() and link.is_symlink()


def test_a_folder_or_a_file_in_the_way(tmp_path):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a folder"):
        check(tmp_path / "folder.mp4")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        check(tmp_path / "file" / "deeper" / "a.mp4")


@pytest.mark.parametrize("name", ["a" * 300 + ".mp4", "a\0b.mp4", "a" * 300 + "/b.mp4"])
def test_a_name_that_no_file_can_have(tmp_path, name):
    with pytest.raises(OutputError, match="cannot be written") as caught:
        write_video(frames(2), target(tmp_path / name))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a read-only folder")
def test_a_read_only_folder_is_one_line():
    with pytest.raises(
        OutputError, match=r"/proc/self/a.mp4: cannot be written|may not be written"
    ):
        write_video(frames(2), target(Path("/proc/self/a.mp4")))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="may not be written"):
        check(tmp_path / "a.mp4")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoder": "divx"}, "encoder divx: unknown; give one of auto libx264"),
        ({"encoder": "ffv1"}, r"it fits into \.mkv \.avi"),
        ({"preset": "warp"}, "preset warp: give one of ultrafast"),
        ({"crf": 52}, "crf 52: give 0"),
        ({"crf": -1}, "crf -1: give 0"),
    ],
)
def test_wrong_encoder_options_are_wrong_usage(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        check(tmp_path / "a.mp4", **options)


def test_a_target_has_a_size_and_a_rate(tmp_path):
    with pytest.raises(ValueError, match="no video"):
        Target(tmp_path / "a.mp4", Fraction(0), 64, 48)


def test_frames_of_another_size_are_a_bug(tmp_path):
    with pytest.raises(AssertionError, match="64x48 frame"):
        write_video(frames(2), target(tmp_path / "a.mp4", (80, 48)))
    assert list(tmp_path.iterdir()) == []


def test_x264_s_default_preset_is_lighter_at_the_same_quality():
    options = ENCODERS["libx264"].options
    assert options("veryfast", 18) == {
        "preset": "veryfast",
        "x264-params": "subme=1",
        "crf": "17.5",
    }
    assert options("medium", 18) == {"preset": "medium", "crf": "18"}
    assert options("veryfast", 0) == {"preset": "veryfast", "qp": "0"}
    assert ENCODERS["libx265"].options("veryfast", 18)["crf"] == "18"
