"""Another aligner's word on when sounds are spoken: pocketsphinx's, for English."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from base.phonemes import ARPABET
from speech.alignment import RATE
from speech.pronunciation import PHONES
from speech.sound import resampled
from speech.speech import Speech

FRAMES_A_SECOND = 100
PHONE_OF = {ARPABET[phone]: phone for phone in PHONES} | {"ə": "AH"}

Symbols = Sequence[Sequence[str]]
Starts = list[tuple[str, float]]  # a symbol, and the second in which it starts


def judged_starts(speech: Speech, symbols: Symbols) -> list[Starts] | None:
    """For each word the starts of its symbols; None where pocketsphinx finds no way through."""
    from pocketsphinx import Decoder  # type: ignore[import-not-found,import-untyped,unused-ignore]

    decoder = Decoder(samprate=RATE, loglevel="FATAL", bestpath=False)
    names = [f"word{number}" for number in range(len(symbols))]
    for number, (name, word) in enumerate(zip(names, symbols, strict=True), 1):
        phones = " ".join(PHONE_OF[symbol] for symbol in word)
        decoder.add_word(name, phones, number == len(names))
    samples = resampled(speech, RATE).samples
    sound = (samples.clip(-1, 1) * 32767).astype("<i2").tobytes()
    try:
        decoder.set_align_text(" ".join(names))
        _hear(decoder, sound)
        decoder.set_alignment()
        _hear(decoder, sound)
        starts = list(_starts(decoder, symbols))
    except (RuntimeError, TypeError, ValueError):
        return None
    return starts if len(starts) == len(symbols) else None


def _hear(decoder: Any, sound: bytes) -> None:  # noqa: ANN401  pocketsphinx has no types
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()


def _starts(decoder: Any, symbols: Symbols) -> Iterator[Starts]:  # noqa: ANN401
    words = (word for word in decoder.get_alignment() if word.name.startswith("word"))
    for word, own in zip(words, symbols, strict=True):
        phones = (phone.start / FRAMES_A_SECOND for phone in word)
        yield list(zip(own, phones, strict=True))


def errors(speech: Speech, judged: Sequence[Starts]) -> tuple[list[float], Starts]:
    """Seconds by which words start later than judged, and phonemes that both have, with those."""
    pairs = zip(speech.words, judged, strict=True)
    words = [word.start - starts[0][1] for word, starts in pairs]
    own = [(letters[0], p.begin) for p in speech.phonemes if (letters := p.letters)]
    theirs = [(symbol[0], start) for starts in judged for symbol, start in starts]
    names, other_names = ([name for name, _ in side] for side in (own, theirs))
    blocks = SequenceMatcher(None, names, other_names, autojunk=False).get_matching_blocks()
    phonemes = [
        (own[block.a + n][0], own[block.a + n][1] - theirs[block.b + n][1])
        for block in blocks
        for n in range(block.size)
    ]
    return words, phonemes
