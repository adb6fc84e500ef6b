"""The mouth follows the sound as far as the lip strength says; at 1 nothing changes."""

import numpy as np
import pytest

from audio.mel import SILENCE_LEVEL, mel_spectrogram
from base.generator import Batch
from base.geometry import Rect
from tests.talking import LANDMARKS, drawn, pause, portrait, vowel, windows
from wav2lip.generators import GENERATORS
from wav2lip.generators.settings import EngineSettings
from wav2lip.generators.strength import mel_at_gain, with_strength

STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0)


def speech():
    words = [vowel("a", 0.3), pause(0.1), vowel("i", 0.2, 0.3), vowel("u", 0.3), pause(0.4)]
    return np.concatenate([pause(0.3), *words, vowel("a", 0.5, 0.4), pause(0.3)])


def batch_of(mels, face=None, landmarks=LANDMARKS):
    face = drawn() if face is None else face
    n = len(mels)
    return Batch(mels, np.repeat(face[None], n, 0), np.repeat(landmarks[None], n, 0))


class Recorder:
    """A generator that keeps its batches."""

    def __init__(self):
        self.batches = []

    def __call__(self, batches):
        for batch in batches:
            self.batches.append(batch)
            yield batch.faces


def network_inputs(strength, *batches):
    recorder = Recorder()
    assert len(list(with_strength(recorder, strength)(batches))) == len(batches)
    return recorder.batches


def test_at_1_the_network_gets_the_batch_itself():
    batch = batch_of(windows(speech()))
    assert network_inputs(1.0, batch) == [batch]  # the very same object


def test_the_faces_are_left_alone():
    batch = batch_of(windows(speech()))
    for strength in (0.0, 0.5, 2.0):
        (changed,) = network_inputs(strength, batch)
        assert changed.faces is batch.faces and changed.landmarks is batch.landmarks
        assert changed.mels.dtype == np.float32 and not np.array_equal(changed.mels, batch.mels)


def test_at_0_the_network_gets_silence():
    (batch,) = network_inputs(0.0, batch_of(windows(speech())))
    assert np.array_equal(batch.mels, np.full_like(batch.mels, SILENCE_LEVEL))


@pytest.mark.parametrize("strength", STRENGTHS)
def test_silence_stays_silence(strength):
    silence = np.full((2, 80, 16), SILENCE_LEVEL, np.float32)
    assert np.array_equal(mel_at_gain(silence, strength), silence)


def test_it_only_gets_louder_with_the_strength():
    mels = windows(speech())
    scaled = np.stack([mel_at_gain(mels, strength) for strength in STRENGTHS])
    assert (np.diff(scaled, axis=0) >= 0).all()
    assert scaled.min() >= -4 and scaled.max() <= 4
    means = scaled.mean(axis=(1, 2, 3))
    assert (np.diff(means) > 0.01).all()
    assert np.allclose(scaled[STRENGTHS.index(1.0)], mels, atol=1e-6)


@pytest.mark.parametrize("strength", [0.5, 0.8, 1.5, 2.0])
def test_it_is_the_sound_played_louder_or_quieter(strength):
    """For a voice above the room's noise, the mel equals that of the amplified samples."""
    quiet = 0.2 * speech()
    mel, louder = (mel_spectrogram(quiet * gain) for gain in (1.0, np.float32(strength**3)))
    scaled = mel_at_gain(mel, strength)
    voice = (mel > -2) & (louder > -4)
    assert voice.mean() > 0.1
    assert np.abs(scaled - louder)[voice].max() < 1e-3


def test_the_hum_of_the_room_is_raised_less_than_the_voice():
    faint, voice = (
        mel_at_gain(np.full((1, 80, 16), v, np.float32), 2.0)[0, 0, 0] for v in (-3.5, 0)
    )
    assert faint + 3.5 == pytest.approx(0.5) and voice == pytest.approx(1.445, abs=1e-3)


@pytest.fixture(scope="module")
def puppets():
    """The puppet's patches at every strength, of one face and one sound."""
    face, landmarks = portrait()
    batch = batch_of(windows(speech()), face, landmarks)
    patches = {}
    for strength in STRENGTHS:
        (patches[strength],) = GENERATORS["puppet"](EngineSettings(strength=strength))([batch])
    return batch, patches


def darkness(patches):
    """For each frame, the share of the lower face that is dark, as the inside of the mouth is."""
    return (patches[:, 55:].max(axis=3) < 110).mean(axis=(1, 2))


def test_the_puppet_opens_wider_with_the_strength(puppets):
    batch, patches = puppets
    wide = {s: np.sort(darkness(p))[-8:].mean() for s, p in patches.items()}
    rest = darkness(batch.faces).mean()
    openings = np.array([wide[s] - rest for s in STRENGTHS])
    assert (np.diff(openings) > 0).all(), openings
    assert wide[2.0] - rest > 1.3 * (wide[1.0] - rest)
    assert wide[0.5] - rest < 0.75 * (wide[1.0] - rest)


def test_the_puppet_at_0_leaves_the_face_as_it_is(puppets):
    batch, patches = puppets
    assert np.array_equal(patches[0.0], batch.faces)


def test_the_puppet_at_1_is_the_puppet_by_default(puppets):
    batch, patches = puppets
    (plain,) = GENERATORS["puppet"](EngineSettings())([batch])
    assert np.array_equal(patches[1.0], plain)


def test_the_puppet_rests_in_pauses_at_any_strength(puppets):
    batch, patches = puppets
    assert np.array_equal(patches[2.0][:5], batch.faces[:5])
    assert np.array_equal(patches[2.0][-3:], batch.faces[-3:])


@pytest.mark.parametrize("wrong", [-0.1, 2.1, float("nan")])
def test_no_other_strength(wrong):
    with pytest.raises(ValueError, match="strength"):
        EngineSettings(strength=wrong)


@pytest.mark.parametrize("name", ["openvino", "torch"])
def test_the_strength_and_the_visible_part_reach_the_network(checkpoint, name):
    """Loaded as the command loads it: at 0 any sound makes the mouth of silence."""
    part = Rect(53, 96, 0, 61)
    settings = EngineSettings(checkpoint, "cpu", batch_size=2, strength=0.0, visible=part)
    mels = windows(speech())[8:10]
    batches = [batch_of(mels), batch_of(np.full_like(mels, SILENCE_LEVEL))]
    spoken, silent = GENERATORS[name](settings)(batches)
    assert np.array_equal(spoken, silent)
    changed = (spoken != batches[0].faces).any(axis=(0, 3))
    assert changed[part.slices].mean() > 0.9
    changed[part.slices] = False
    assert not changed.any()
