"""Voice activity detectors: name -> loader, which imports what it needs when it is called."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audio.energy import Vad

Loader = Callable[[], "Vad"]


def load_energy() -> "Vad":
    from audio.energy import energy_vad

    return energy_vad


def load_silero() -> "Vad":
    from audio.silero import load_vad

    return load_vad()


def load_none() -> "Vad":
    from audio.energy import all_speech_vad

    return all_speech_vad


VADS: dict[str, Loader] = {"energy": load_energy, "silero": load_silero, "none": load_none}
# These tell speech from other sounds so well that the mouth follows nothing but speech.
SPEECH_ONLY_VADS = ("silero",)
