"""Any sound becomes 16 kHz mono, damaged files as far as they can be read."""

import os
import struct
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from audio.load import SAMPLE_RATE, Sound, load_sound
from base.errors import InputError

KINDS = [  # ending, codec, rate
    ("wav", "pcm_s16le", 44100),
    ("wav", "pcm_u8", 8000),
    ("wav", "pcm_f32le", 22050),
    ("aiff", "pcm_s16be", 96000),
    ("caf", "pcm_s24le", 11025),
    ("flac", "flac", 44100),
    ("m4a", "alac", 48000),
    ("mp3", "mp3", 44100),
    ("aac", "aac", 44100),
    ("m4a", "aac", 44100),
    ("opus", "libopus", 48000),
    ("webm", "libopus", 48000),
    ("ts", "mp2", 48000),
    ("flv", "aac", 44100),
    ("ac3", "ac3", 48000),
]


def loudness(samples):
    """The amplitude of a sine that is as loud."""
    return float(np.sqrt(2 * np.mean(np.square(samples, dtype=np.float64))))


def assert_refused(path, *words):
    """The InputError is one line that names the file and has these words."""
    with pytest.raises(InputError) as caught:
        load_sound(path)
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in (path.name, *words)), message


@pytest.mark.parametrize(("ending", "codec", "rate"), KINDS)
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_every_kind_is_read(tone, write, ending, codec, rate, layout):
    voice = np.stack([tone(1.0, rate)] * (1 + (layout == "stereo")))
    sound = load_sound(write(f"voice.{ending}", voice, codec, rate, layout))
    assert 0.995 < sound.duration < 1.06  # encoders fill up their last packet
    middle = sound.samples[SAMPLE_RATE // 4 : SAMPLE_RATE // 4 + SAMPLE_RATE // 2]
    assert loudness(middle) == pytest.approx(0.3, rel=0.06)  # LAME takes 5 % off
    spectrum = np.abs(np.fft.rfft(middle))
    assert spectrum.argmax() * 2 == 440


def test_sound_at_its_own_rate_stays_as_it_is(tone, write):
    samples = tone(0.7)
    assert np.array_equal(load_sound(write("voice.wav", samples, "pcm_f32le")).samples, samples)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_the_resampler_is_drained(tone, write, rate):
    assert load_sound(write("voice.wav", tone(1.0, rate), rate=rate)).duration == 1


def test_stereo_is_the_mean_of_both(tone, write):
    left, right = tone(0.5, amplitude=0.4), np.zeros(SAMPLE_RATE // 2)
    sound = load_sound(write("voice.wav", np.stack([left, right]), "pcm_f32le", layout="stereo"))
    assert np.allclose(sound.samples, left / 2, atol=1e-6)


@pytest.mark.parametrize(("channel", "share"), [(0, 0.5), (2, 0.7071), (3, 0.0), (5, 0.3536)])
def test_surround_sound_keeps_the_voice_in_the_centre(tone, write, channel, share):
    channels = np.zeros((6, SAMPLE_RATE // 2), np.float32)
    channels[channel] = tone(0.5)
    sound = load_sound(write("film.flac", channels, "flac", layout="5.1"))
    assert loudness(sound.samples) == pytest.approx(0.3 * share, abs=1e-3)


@pytest.mark.parametrize("count", [3, 9, 24])
def test_channels_without_a_place_count_alike(tmp_path, count):
    path = tmp_path / "microphones.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((count, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(np.arange(1, count + 1, dtype="<i2").repeat(1).tobytes() * 1600)
    assert load_sound(path).samples == pytest.approx((count + 1) / 2 / 32768)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_ten_milliseconds_are_a_sound(tone, write, rate):
    """Shorter than one window of the network, 0.2 s."""
    assert load_sound(write("click.wav", tone(0.01, rate), rate=rate)).duration == Fraction(1, 100)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_numbers_are_damage(tone, write, value):
    """The message blames the file, not a text-to-speech program."""
    samples = tone(2.0)
    samples[SAMPLE_RATE] = value
    path = write("voice.wav", samples, "pcm_f32le")
    assert_refused(path, "the file's samples", "NaN or infinite")
    with pytest.raises(InputError, match=r"^(?!.*(speech|TTS))"):
        load_sound(path)


def test_a_missing_file(tmp_path):
    assert_refused(tmp_path / "none.wav", "no such file")


def test_a_folder(tmp_path):
    assert_refused(tmp_path, "a folder")


def test_an_empty_file(tmp_path):
    (tmp_path / "void.wav").touch()
    assert_refused(tmp_path / "void.wav", "empty file")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    assert_refused(tmp_path / "pipe.wav", "not a regular file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(tone, write):
    path = write("voice.wav", tone())
    path.chmod(0)
    assert_refused(path, "Permission denied")


@pytest.mark.parametrize("ending", ["wav", "mp3", "mp4", "flac", "aac", "ogg", "txt", "m3u8"])
def test_a_text_file_by_any_name(tmp_path, ending):
    path = tmp_path / f"speech.{ending}"
    path.write_text("Four score and seven years ago\n" * 40)
    assert_refused(path)


def test_a_playlist_fetches_nothing(tmp_path):
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    assert_refused(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.ffconcat", "ffconcat version 1.0\nfile voice.ts\n"),
        ("list.wav", "ffconcat version 1.0\nfile voice.ts\n"),
        (
            "list.m3u8",
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nvoice.ts\n#EXT-X-ENDLIST\n",
        ),
    ],
)
def test_a_playlist_of_good_sound_is_refused_before_the_work(tone, write, tmp_path, name, text):
    """The sound of the output is copied from one file."""
    write("voice.ts", tone(1.0, 48000), "mp2", 48000)
    (tmp_path / name).write_text(text)
    assert_refused(tmp_path / name, "a list", "not a sound", "give the file of sound")


def test_a_video_without_sound(film):
    assert_refused(film("mute.mp4"), "a picture but no sound")


@pytest.mark.parametrize("rate", [1, 999, 10_000_001, 2**31 - 1])
def test_a_rate_that_no_sound_has_is_damage(tmp_path, rate):
    """At one sample a second a kilobyte is an hour."""
    path = tmp_path / "slow.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(bytes(8000))
    assert_refused(path, f"{rate} samples a second", "export it again")


def test_sound_without_samples(tmp_path):
    path = tmp_path / "hush.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
    assert_refused(path, "empty")


def test_an_unknown_codec_is_refused_and_does_not_end_the_process(tone, write):
    path = write("voice.wav", tone())
    data = bytearray(path.read_bytes())
    data[20:22] = struct.pack("<H", 0x7777)  # the format's number in the header
    path.write_bytes(data)
    assert_refused(path, "decoded")


def test_only_damaged_packets_are_lost(tone, write):
    path = write("voice.mp3", tone(4.0, 44100), "mp3", 44100)
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : third + 1500] = bytes(1500)
    path.write_bytes(data)
    sound = load_sound(path)
    assert 3.5 < sound.duration < 4.1
    assert loudness(sound.samples[-SAMPLE_RATE:]) == pytest.approx(0.3, rel=0.1)


def test_a_cut_off_file_is_read_to_its_end(tone, write):
    path = write("voice.wav", tone(3.0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert load_sound(path).duration == pytest.approx(1.5, abs=0.05)


def test_a_cut_off_m4a_says_so(tone, write, tmp_path):
    """Its index stands at the end; without it nothing can be read."""
    whole = write("whole.m4a", tone(3.0), "aac").read_bytes()
    path = tmp_path / "cut.m4a"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"it is cut off.*; copy or download it again"):
        load_sound(path)


def test_damage_everywhere_is_an_error(tone, write):
    path = write("voice.flac", tone(1.0), "flac")
    head = path.read_bytes()[:8200]  # header and padding
    noise = np.random.default_rng(0).integers(0, 128, 4000, np.uint8).tobytes()
    path.write_bytes(head[:4000] + noise)
    assert_refused(path)


@pytest.mark.parametrize(
    "name",
    [
        "two words.wav",
        "quote's \".wav",
        "$(touch pwned) `id`; &.wav",
        "-y.wav",
        "http:voice.wav",
        "concat:a|b.wav",
        "größe 声.wav",
        "a%03d.wav",
        "line\nbreak.wav",
        os.fsdecode(b"latin-\xff.wav"),
    ],
)
def test_names_are_only_names(tone, write, tmp_path, monkeypatch, name):
    write("plain.wav", tone(0.1)).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert (
        load_sound(Path(name)).duration == load_sound(tmp_path / name).duration == Fraction(1, 10)
    )
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_strange_name_still_makes_one_line(tmp_path):
    with pytest.raises(InputError, match=r"^'.*line\\nbreak.*$"):
        load_sound(tmp_path / "line\nbreak.wav")


def test_titles_in_any_encoding(tone, write):
    path = write("voice.wav", tone(0.5))
    title = b"INFOINAM" + struct.pack("<I", 6) + b"gr\xf6\xdfe\0"
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", len(title)) + title)
    assert load_sound(path).duration >= Fraction(1, 2)


def test_sound_of_a_video_begins_with_its_first_sample(film, tone):
    sound = load_sound(film("late.mkv", tone(1.0), delay=0.8))
    assert 1 <= sound.duration < 1.2
    assert loudness(sound.samples[2000:4000]) > 0.2


def test_a_pause_in_the_time_stamps_is_silent(tone, write):
    voice = tone(3.0, 48000)
    path = write("call.mka", voice, "libopus", 48000, lost=(1, 2))
    sound = load_sound(path)
    assert sound.duration == pytest.approx(3, abs=0.05)
    assert loudness(sound.samples[int(1.2 * SAMPLE_RATE) : int(1.9 * SAMPLE_RATE)]) < 1e-3
    assert loudness(sound.samples[int(2.2 * SAMPLE_RATE) : int(2.9 * SAMPLE_RATE)]) > 0.25


def test_time_stamps_in_milliseconds_are_no_pauses(tone, write):
    voice = tone(3.0, 44100)
    exact = load_sound(write("voice.flac", voice, "flac", 44100))
    rounded = load_sound(write("voice.mka", voice, "flac", 44100))
    assert np.array_equal(exact.samples, rounded.samples)


@pytest.mark.parametrize(
    ("jumps", "duration"),
    [(((1, 30),), 34), (((1, 100),), 4), (((1, 40), (3.5, 40)), 44)],
    ids=["half a minute", "too far", "too far in all"],
)
def test_a_jump_is_believed_only_within_reason(tone, write, jumps, duration):
    """Behind a jump that is not believed, pauses still count."""
    voice = tone(4.0, 48000)
    stamps = {"jumps": jumps, "lost": (2, 3), "live": True}
    sound = load_sound(write("call.mka", voice, "libopus", 48000, **stamps))
    assert sound.duration == pytest.approx(duration, abs=0.05)


def test_time_stamps_that_start_again(tone, write):
    """Two broadcasts in one file, the second with a pause."""
    first = write("first.ts", tone(3.0, 48000), "mp2", 48000)
    second = write("second.ts", tone(3.0, 48000), "mp2", 48000, lost=(1, 2))
    first.write_bytes(first.read_bytes() + second.read_bytes())
    assert load_sound(first).duration == pytest.approx(6, abs=0.1)


def test_a_rate_that_changes_midway(tone, write):
    first = write("first.mp3", tone(1.0, 44100), "mp3", 44100)
    second = write("second.mp3", tone(1.0, 32000), "mp3", 32000)
    first.write_bytes(first.read_bytes() + second.read_bytes())
    sound = load_sound(first)
    assert 1.9 < sound.duration < 2.2
    spectrum = np.abs(np.fft.rfft(sound.samples[-SAMPLE_RATE * 3 // 4 :][: SAMPLE_RATE // 2]))
    assert spectrum.argmax() * 2 == 440


def test_an_empty_stream_is_passed_over(tone, write):
    path = write("two.mka", tone(1.0, 48000), "libopus", 48000, empty=1)
    with av.open(str(path)) as container:
        assert len(container.streams.audio) == 2
    assert load_sound(path).duration == pytest.approx(1, abs=0.03)


def test_a_stream_that_begins_late_does_not_end_the_reading(film, tone, write):
    """PyAV can raise an IndexError where FFmpeg finds another stream midway."""
    path = write("live.ts", tone(60.0, 48000), "mp2", 48000)
    path.write_bytes(path.read_bytes() + film("film.ts", tone(2.0)).read_bytes())
    assert 59.9 < load_sound(path).duration < 63


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="counts bytes in /proc")
def test_pictures_are_not_even_read(film, tone):
    path = film("raw.mov", tone(2.0), codec="rawvideo")
    before = _bytes_read()
    load_sound(path)
    assert _bytes_read() - before < path.stat().st_size / 3


def _bytes_read():
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files in /proc")
def test_nothing_is_left_open(tone, write, film):
    good, mute = write("voice.flac", tone(), "flac"), film("mute.mp4")
    before = len(list(Path("/proc/self/fd").iterdir()))
    load_sound(good)
    assert_refused(mute)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_sound_is_read_only_and_leaves_its_array_writable(tone):
    samples = tone()
    sound = Sound(samples)
    with pytest.raises(ValueError, match="read-only"):
        sound.samples[0] = 1
    samples[0] = 0
    assert sound.duration == 1


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0, np.float32),
        np.zeros((2, 100), np.float32),
        np.zeros(100, np.float64),
        np.full(100, np.nan, np.float32),
        np.full(100, -np.inf, np.float32),
    ],
)
def test_samples_that_are_no_sound(samples):
    with pytest.raises(ValueError, match=r"sound|float32"):
        Sound(samples)


@pytest.mark.parametrize("length", [1, 500, 1000, 2500])
def test_a_sound_is_cut_off_or_padded_to_a_length(tone, length):
    sound = Sound(tone()[:1000])
    fitted = sound.with_length(length).samples
    assert len(fitted) == length
    assert np.array_equal(fitted[:1000], sound.samples[:length])
    assert not fitted[1000:].any()
