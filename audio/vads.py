"""Ways to tell speech from the rest: name -> loader, which imports what it needs when called."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audio.silence import Vad

Loader = Callable[[], "Vad"]


def load_energy() -> "Vad":
    from audio.silence import energy

    return energy


def load_silero() -> "Vad":
    from audio.silero import load

    return load()


def load_none() -> "Vad":
    from audio.silence import everything

    return everything


VADS: dict[str, Loader] = {"energy": load_energy, "silero": load_silero, "none": load_none}
SPEECH_ALONE = ("silero",)  # what else they hear is told from speech so well that it moves no mouth
