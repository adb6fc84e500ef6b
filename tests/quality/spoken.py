"""A real run of the puppet on the portrait, short, as the meters see it."""

from pathlib import Path

from audio.load import SAMPLE_RATE, load
from pipeline.options import Options
from pipeline.report import Clock
from pipeline.run import lipsync
from pipeline.stages import stages_of
from quality.view import View
from tests.media import make_sound
from tests.talking import PORTRAIT

SPEECH = PORTRAIT.parent / "speech.m4a"


def spoken(folder: Path, seconds=2.0, **flags):
    """The result beside its source."""
    samples = load(SPEECH).samples[None, SAMPLE_RATE : round((1 + seconds) * SAMPLE_RATE)]
    sound = make_sound(folder / "speech.wav", rate=SAMPLE_RATE, samples=samples)
    options = Options(face=PORTRAIT, audio=sound, outfile=folder / "out.mp4", **flags)
    options = Options(**{**vars(options), "engine": "puppet", "no_cache": True})
    report = lipsync(options, stages_of(options), lambda step: None, Clock())
    return View(options.outfile, PORTRAIT, sound), report
