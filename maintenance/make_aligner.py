"""Learn speech/data/aligner.npz from voices that tell their times, then from Pico's own sound.

    .venv/bin/python -m maintenance.make_aligner

The first model comes from Piper's English voice, whose durations are exact. With it Pico's sound
is aligned, and the model is learned anew from what was found, a few times over, in all languages.
No other aligner has a part in it, so that one can judge it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from speech import pico, piper
from speech.alignment import (
    ANYTHING,
    COEFFICIENTS,
    HOP,
    LIKE,
    MODEL,
    RATE,
    SILENCE,
    STATES,
    AcousticModel,
    best_path,
    features,
    units_of,
)
from speech.pronunciation import pronounce
from speech.sound import resampled
from speech.speech import Speech
from speech.voice import VoiceSettings
from speech.words import words_of

SENTENCES = Path(__file__).parent / "aligner_sentences.json"
UNITS = "#?ɑæʌɔəɛɝeɪioʊuayøœjwɹlmnŋpbtdkɡfvθðszʃʒhxɲʎrɾʁç"
FIRST = {  # where Piper's English has no such sound
    **{"y": "u", "ø": "ɝ", "œ": "ɝ", "x": "h", "ɲ": "n", "ʎ": "l", "r": "d", "ɾ": "d"},
    **{"ʁ": "ɹ", "ç": "ʃ", "a": "ɑ", "e": "ɛ", "o": "ɔ"},
}
RATES = (0.85, 1.0, 1.2)
ROUNDS = 6
PRIOR = 20.0  # frames for which the model of the round before counts
LEAST_VARIANCE = 0.02  # of the whole sound's

Matrix = NDArray[np.float32]


class Sums:
    """What was heard in each state."""

    def __init__(self) -> None:
        self.frames: dict[tuple[str, int], list[Matrix]] = defaultdict(list)

    def add(self, unit: str, state: int, frames: Matrix) -> None:
        if len(frames):
            self.frames[unit, state].append(frames)

    def model(self, before: AcousticModel | None) -> AcousticModel:
        """Means and precisions, drawn towards those of the model before."""
        everything = np.concatenate([part for parts in self.frames.values() for part in parts])
        floor = LEAST_VARIANCE * everything.var(axis=0)
        shape = (len(UNITS), STATES, 2 * COEFFICIENTS)
        means, precisions = np.zeros(shape, np.float32), np.ones(shape, np.float32)
        for number, unit in enumerate(UNITS):
            for state in range(STATES):
                old = None
                if before is not None:
                    old = before.means[number, state], 1 / before.precisions[number, state]
                mean, variance = self._gaussian(unit, state, old, everything)
                means[number, state] = mean
                precisions[number, state] = 1 / np.maximum(variance, floor)
        return AcousticModel(tuple(UNITS), means, precisions)

    def _gaussian(
        self, unit: str, state: int, old: tuple[Matrix, Matrix] | None, everything: Matrix
    ) -> tuple[Matrix, Matrix]:
        if unit == ANYTHING:
            return everything.mean(axis=0), everything.var(axis=0)
        names = [unit, FIRST.get(unit, unit)] if old is None else [unit]
        parts = next((p for name in names if (p := self.frames.get((name, state)))), None)
        if parts is None:
            assert old is not None, unit
            return old
        heard = np.concatenate(parts)
        mean, variance = heard.mean(axis=0), heard.var(axis=0)
        if old is None:
            return mean, variance
        share = len(heard) / (len(heard) + PRIOR)
        return share * mean + (1 - share) * old[0], share * variance + (1 - share) * old[1]


@dataclass(frozen=True, eq=False)
class Example:
    """A sentence's features and its words' symbols."""

    features: Matrix
    words: Sequence[Sequence[str]]


def timed_examples(sentences: Iterable[str]) -> Iterator[Speech]:
    for rate in (0.9, 1.1):
        voice = piper.load_voice(VoiceSettings(rate=rate))
        for sentence in sentences:
            yield voice(sentence)


def first_model(sentences: Iterable[str]) -> AcousticModel:
    sums = Sums()
    for speech in timed_examples(sentences):
        heard = features(resampled(speech, RATE).samples)
        silent = np.ones(len(heard), np.bool_)
        for phoneme in speech.phonemes:
            edges = np.linspace(phoneme.begin, phoneme.end, STATES + 1) * RATE / HOP
            at = np.maximum.accumulate(edges.round().astype(int))
            silent[at[0] : at[-1]] = False
            for letter in phoneme.letters:
                name = LIKE.get(letter, letter)
                for state in range(STATES):
                    sums.add(name, state, heard[at[state] : max(at[state + 1], at[state] + 1)])
        for state in range(STATES):
            sums.add(SILENCE, state, heard[silent])
    return sums.model(None)


def examples_of_pico(sentences: dict[str, list[str]]) -> Iterator[Example]:
    for language in pico.LANGUAGES:
        for rate in RATES:
            voice = pico.load_voice(VoiceSettings(language=language, rate=rate))
            for sentence in sentences[language[:2]]:
                words = [pronounce(word, language) for word in words_of(sentence)]
                yield Example(features(voice.samples(sentence)), words)


def next_model(model: AcousticModel, examples: Iterable[Example]) -> tuple[AcousticModel, float]:
    """Learned from the best paths of the model; and how well it explained a frame."""
    sums, total, count = Sums(), 0.0, 0
    for example in examples:
        units = units_of(model, example.words)
        fit = model.fit(example.features)[:, units.states]
        path = best_path(fit, units.skippable)
        total += float(fit[np.arange(len(path)), path].sum())
        count += len(path)
        states = units.states[path]
        for state in np.unique(states):
            unit, part = UNITS[state // STATES], int(state % STATES)
            parts = range(STATES) if unit == SILENCE else (part,)
            for each in parts:
                sums.add(unit, each, example.features[states == state])
    return sums.model(model), total / count


def main() -> None:
    sentences = json.loads(SENTENCES.read_text("utf-8"))
    model = first_model(sentences["en"])
    examples = list(examples_of_pico(sentences))
    for number in range(ROUNDS):
        model, fit = next_model(model, examples)
        print(f"round {number}: {fit:.3f} a frame")
    means, precisions = (a.astype(np.float16) for a in (model.means, model.precisions))
    np.savez_compressed(MODEL, units=np.array(UNITS), means=means, precisions=precisions)


if __name__ == "__main__":
    main()
