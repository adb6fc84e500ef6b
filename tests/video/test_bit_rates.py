"""Limits of the bit rate, measured on the finished file, and the rate of encoded sound."""

from fractions import Fraction

import av
import numpy as np
import pytest

from base.errors import UsageError
from tests.encoders import opens
from tests.media import drawn, make_sound, noise
from tests.slow import rest_slow, slow
from video.encoders import ENCODERS, PURPOSES
from video.writer import Target, check_output, write_video
from video.yuv import Frame

FPS, SIZE, LIMIT = Fraction(25), (192, 144), 400_000
STRICT = ("libx264", "libx265", "h264_nvenc", "hevc_nvenc")
ON_AVERAGE = ("libsvtav1", "libvpx-vp9")


def target(path, **options):
    return Target(path, FPS, *SIZE, **options)


def hard_frames(seconds=5):
    """Noise that changes in every frame: no encoder has anything to go by."""
    for number in range(int(seconds * FPS)):
        yield Frame(drawn(noise(number, *SIZE), "yuv420p"))


def bits_in_windows(path, seconds=2):
    """Bits a second of the picture, in every window of so many seconds."""
    with av.open(str(path)) as video:
        packets = [p for p in video.demux(video=0) if p.pts is not None]
        bits = np.zeros(len(packets))
        for packet in packets:
            bits[round(packet.pts * packet.time_base * FPS)] += 8 * packet.size
    length = int(seconds * FPS)
    return np.convolve(bits, np.ones(length), "valid") / seconds


def written(path, encoder, **options):
    write_video(hard_frames(), target(path, encoder=encoder, preset="real_time", **options))
    return bits_in_windows(path)


@pytest.mark.parametrize("name", rest_slow(STRICT))
@pytest.mark.parametrize("crf", [10, slow(18)])
def test_no_two_seconds_hold_more_than_the_limit(tmp_path, name, crf):
    if not opens(name, *SIZE):
        pytest.skip(f"{name} does not open on this machine")
    free = written(tmp_path / "free.mp4", name, crf=crf)
    limited = written(tmp_path / "limited.mp4", name, crf=crf, max_bitrate=LIMIT)
    assert free.min() > 2 * LIMIT
    assert LIMIT / 2 < limited.max() <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_AVERAGE)
def test_others_go_by_the_limit(tmp_path, name):
    free = written(tmp_path / "free.mp4", name)
    limited = written(tmp_path / "limited.mp4", name, max_bitrate=LIMIT)
    assert limited.mean() < min(2.5 * LIMIT, 0.7 * free.mean())


def test_a_limit_that_is_never_reached_changes_nothing(tmp_path):
    calm = [Frame(drawn(np.full((144, 192, 3), 90, np.uint8), "yuv420p"))] * 30
    for name, options in (("free", {}), ("limited", {"max_bitrate": 50_000_000})):
        write_video(calm, target(tmp_path / f"{name}.mp4", **options))
    sizes = {name: (tmp_path / f"{name}.mp4").stat().st_size for name in ("free", "limited")}
    assert abs(sizes["free"] - sizes["limited"]) < 200


@pytest.mark.parametrize(("encoder", "crf"), [("ffv1", 18), ("libx264", 0)])
def test_what_is_lossless_takes_no_limit(tmp_path, encoder, crf):
    path = tmp_path / "a.mkv"
    check_output(path, encoder, "veryfast", crf)
    with pytest.raises(UsageError, match="lossless"):
        check_output(path, encoder, "veryfast", crf, LIMIT)


@pytest.mark.parametrize("name", [name for name in ENCODERS if name != "ffv1"])
def test_every_encoder_has_a_preset_for_each_purpose(name):
    presets = ENCODERS[name].presets
    assert all(presets[purpose] in set(presets.values()) for purpose in PURPOSES)
    assert presets["real_time"] != presets["studio"]


def test_nvenc_has_its_own_presets_for_a_purpose():
    options = ENCODERS["h264_nvenc"].options
    assert [options(purpose, 18)["preset"] for purpose in PURPOSES] == ["p1", "p7", "p7"]
    assert [ENCODERS["libx264"].options(p, 18)["preset"] for p in PURPOSES] == [
        "ultrafast",
        "slow",
        "slower",
    ]


def sound_bits(path):
    with av.open(str(path)) as video:
        packets = [p for p in video.demux(audio=0) if p.size]
    return 8 * sum(p.size for p in packets) / float(sum(p.duration * p.time_base for p in packets))


@pytest.mark.parametrize("ending", [".mp4", slow(".webm")])
def test_sound_is_encoded_at_the_rate_that_is_asked_for(tmp_path, ending):
    sound = make_sound(tmp_path / "a.wav", seconds=1, rate=48_000, samples=hiss(1, 48_000))
    rates = {}
    for rate in (48_000, 160_000):
        path = tmp_path / f"{rate}{ending}"
        write_video(
            hard_frames(1), target(path, sound=sound, preset="real_time", audio_bitrate=rate)
        )
        rates[rate] = sound_bits(path)
    assert 0.7 < rates[48_000] / 48_000 < 1.3 and 0.7 < rates[160_000] / 160_000 < 1.3


def hiss(seconds, rate):
    return np.random.default_rng(0).normal(0, 0.2, (1, seconds * rate)).astype(np.float32)


def chords(seconds, rate):
    """Chords that fade, each with overtones, beginning with a noise."""
    rng, times = np.random.default_rng(0), np.arange(rate // 2) / rate
    tones = 220 * 2 ** (rng.integers(0, 24, (2 * seconds, 4, 1)) / 12)
    overtones = sum(np.sin(2 * np.pi * n * tones * times) / n for n in range(1, 12)).sum(1)
    struck = overtones * np.exp(-3 * times) + rng.normal(size=times.shape) * np.exp(-40 * times)
    return (struck.reshape(1, -1) / 12).astype(np.float32)


def test_little_of_a_sound_is_lost_at_few_bits(tmp_path):
    rate = 44_100
    samples = chords(3, rate)
    sound = make_sound(tmp_path / "a.wav", seconds=3, rate=rate, samples=samples)
    path = tmp_path / "a.mp4"
    write_video(hard_frames(3), target(path, sound=sound, preset="real_time", audio_bitrate=64_000))
    with av.open(str(path)) as video:
        decoded = np.concatenate([f.to_ndarray()[0] for f in video.decode(audio=0)])
    windows = (len(decoded) // 1024 - 1) * 1024
    original, lost = samples[0, :windows], samples[0, :windows] - decoded[:windows]
    power, noise = ((part.reshape(-1, 1024) ** 2).sum(1) for part in (original, lost))
    assert np.median(10 * np.log10(power / noise)) > 29


def test_opus_in_mono_takes_no_more_than_it_can(tmp_path):
    sound = make_sound(tmp_path / "a.wav", seconds=1, rate=48_000, samples=hiss(1, 48_000))
    path = tmp_path / "a.webm"
    facts = write_video(
        hard_frames(1), target(path, sound=sound, preset="real_time", audio_bitrate=320_000)
    )
    assert (facts.sound, facts.sound_copied) == ("libopus", False)
    assert sound_bits(path) < 290_000


def test_sound_that_fits_is_copied_whatever_its_rate(tmp_path):
    sound = make_sound(tmp_path / "a.m4a", seconds=2)
    facts = write_video(
        hard_frames(2), target(tmp_path / "a.mp4", sound=sound, audio_bitrate=9_000)
    )
    assert facts.sound_copied
