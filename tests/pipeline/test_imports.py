"""A run imports what it needs, and no more: importing is most of a short run's time."""

import subprocess
import sys

REST = (
    *("faces.sfd", "models", "pysubs2", "speech.narration", "speech.text", "subtitles.cues"),
    *("tensors", "torch", "openvino", "quality", "stages.animate", "wav2lip.checkpoint"),
)


def test_a_puppet_on_a_sound_needs_neither_weights_nor_words() -> None:
    words = (
        "import sys, command.cli, pipeline.run, pipeline.speaking, pipeline.stages, puppet;"
        f"print([name for name in {REST} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True)
    assert result.stdout.split() == [b"[]"], result.stdout
