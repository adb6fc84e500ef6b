"""A script becomes a sound and a track, in time and as loud as it should be."""

import json
import wave

import numpy as np
import pytest

from base.errors import InputError
from base.phonemes import Phoneme
from speech.loudness import HIGHEST_PEAK, RATE, TARGET_LUFS, LoudnessMeter, peaks_between
from speech.narration import PARAGRAPH_PAUSE, SENTENCE_PAUSE, narrate
from speech.sound import resampled, trimmed
from speech.speech import Speech, Word
from speech.text import script_of

BEEP = 0.5  # seconds of a word


def beeping(text):
    """A voice at 16 kHz: silence, then a beep for each word, then silence."""
    words = text.split()
    times = np.arange(int(BEEP * len(words) * 16_000)) / 16_000
    beep = 0.01 * np.sin(2 * np.pi * 500 * times)
    samples = np.pad(beep, (4800, 8000)).astype(np.float32)
    starts = [0.3 + BEEP * number for number in range(len(words))]
    spoken = [Word(w, s, s + BEEP) for w, s in zip(words, starts, strict=True)]
    return Speech(samples, 16_000, tuple(spoken), (Phoneme("a", 0.3, 0.8),))


def narrated(text, folder, **limits):
    narration = narrate(script_of(text), beeping, folder, **limits)
    with wave.open(str(narration.sound)) as file:
        assert file.getparams()[:3] == (1, 2, RATE)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
    return samples.astype(np.float32), json.loads(narration.track.read_text())


def test_words_are_where_their_sound_is(tmp_path):
    samples, track = narrated("One two. Three.\n\nFour.", tmp_path)
    level = np.abs(samples)
    for word in track["words"]:
        inside = slice(int((word["begin"] + 0.02) * RATE), int((word["end"] - 0.02) * RATE))
        assert level[inside].reshape(-1)[: RATE // 100 * 40].mean() > 0.02
    loud = sum(word["end"] - word["begin"] for word in track["words"])
    assert (level > 0.005).mean() * len(samples) / RATE == pytest.approx(loud, abs=0.1)


def test_a_pause_is_longer_between_paragraphs(tmp_path):
    _, track = narrated("One. Two.\n\nThree.", tmp_path)
    gaps = [b["begin"] - a["end"] for a, b in zip(track["words"], track["words"][1:], strict=False)]
    assert gaps == pytest.approx([SENTENCE_PAUSE + 0.06, PARAGRAPH_PAUSE + 0.06], abs=0.02)


def test_it_is_as_loud_as_wanted(tmp_path):
    samples, _ = narrated("One two three. Four five six seven eight.", tmp_path)
    meter = LoudnessMeter()
    meter.add(samples)
    assert meter.lufs() == pytest.approx(TARGET_LUFS, abs=0.3)
    assert peaks_between(samples).max() <= 10 ** (HIGHEST_PEAK / 20) + 0.01


def test_only_the_two_files_are_left(tmp_path):
    narrated("One.", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spoken.json", "spoken.wav"]


def test_a_text_that_lasts_too_long_is_told(tmp_path):
    with pytest.raises(InputError, match="--max_seconds"):
        narrated("One two. " * 20, tmp_path, max_seconds=10)


def test_times_move_with_the_sound_that_is_cut_and_resampled():
    speech = resampled(trimmed(beeping("one two")), 48_000)
    assert speech.rate == 48_000
    assert float(speech.duration) == pytest.approx(1.06, abs=0.01)
    assert speech.words[0].start == pytest.approx(0.03, abs=0.005)
    assert speech.phonemes[0].begin == pytest.approx(0.03, abs=0.005)
