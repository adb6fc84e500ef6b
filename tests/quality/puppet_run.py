"""A short, real run of the puppet on the portrait, and its result beside its source."""

from pathlib import Path

from audio.load import SAMPLE_RATE, load_sound
from options.options import Options
from pipeline.report import Clock
from pipeline.run import lipsync
from pipeline.settings import settings_of
from pipeline.stages import stages_of
from quality.comparison import Comparison
from tests.media import make_sound
from tests.talking import PORTRAIT

SPEECH = PORTRAIT.parent / "speech.m4a"


def run_puppet(folder: Path, seconds=2.0, **flags):
    """The comparison of the result with its source, and the run's report."""
    samples = load_sound(SPEECH).samples[None, SAMPLE_RATE : round((1 + seconds) * SAMPLE_RATE)]
    sound = make_sound(folder / "speech.wav", rate=SAMPLE_RATE, samples=samples)
    options = Options(face=PORTRAIT, audio=sound, outfile=folder / "out.mp4", **flags)
    options = Options(**{**vars(options), "engine": "puppet"})
    settings = settings_of(options)
    report = lipsync(settings, stages_of(settings), lambda step: None, Clock())
    return Comparison(options.outfile, PORTRAIT, sound), report
