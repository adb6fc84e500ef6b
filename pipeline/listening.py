"""The words of a run's sound, found before it: aligned with a text, or heard by a network."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from audio.load import Samples, load_sound
from options.options import PACKAGED, Options
from pipeline.report import Clock
from pipeline.run_folder import run_folder
from speech.track import SpokenWords, is_track

TRACK = "words.json"
RUN_FOLDER = ".lipsync-words."


UNFINISHED = re.compile(r"\.lipsync-words\.([0-9a-f]{16})")


@contextmanager
def with_words(options: Options, clock: Clock) -> Iterator[Options]:
    """The options with a track of the words in place of their text, or of the network.

    The mouth follows the phonemes, where these are known and the user names no others.
    """
    if options.transcribe is None and (options.transcript is None or is_track(options.transcript)):
        yield options
        return
    with clock.stage("words"):
        spoken = _spoken_words(options)
    with run_folder(RUN_FOLDER, UNFINISHED) as folder:
        track = folder / TRACK
        track.write_text(spoken.as_json(), "utf-8")
        unnamed = options.visemes is None and not options.recognise_phonemes
        visemes = track if unnamed and spoken.phonemes else options.visemes
        yield replace(options, transcribe=None, transcript=track, visemes=visemes)


def _spoken_words(options: Options) -> SpokenWords:
    """With --check only what is needed for them is looked at."""
    if options.transcript is not None:
        return _aligned(options, options.transcript)
    return _heard(options)


def _aligned(options: Options, path: Path) -> SpokenWords:
    from speech.transcript import LANGUAGE, align, check_aligner, read_transcript

    text = read_transcript(path)
    check_aligner()
    if options.check:
        return SpokenWords()
    return SpokenWords(*align(_sound(options), text), LANGUAGE)


def _heard(options: Options) -> SpokenWords:
    from speech.transcription import model_folder, transcribe

    folder = model_folder(None if options.transcribe == PACKAGED else options.transcribe)
    if options.check:
        return SpokenWords()
    words, language = transcribe(_sound(options), folder)
    return SpokenWords(words, (), language)


def _sound(options: Options) -> Samples:
    """The one that moves the mouth: a separated voice is heard better."""
    path = options.drive_audio or options.audio
    assert path is not None  # Options checked it, and a text was spoken
    return load_sound(path, options.max_seconds).samples
