"""Voices: name -> loader, which imports what it needs when it is called."""

from collections.abc import Callable
from dataclasses import dataclass

from base.errors import UsageError
from speech.voice import Voice, VoiceSettings

Loader = Callable[[VoiceSettings], Voice]


def load_pico(settings: VoiceSettings) -> Voice:
    from speech.pico import load_voice

    return load_voice(settings)


def load_piper(settings: VoiceSettings) -> Voice:
    from speech.piper import load_voice

    return load_voice(settings)


def load_espeak(settings: VoiceSettings) -> Voice:
    from speech.espeak import EspeakVoice

    return EspeakVoice(settings)


def load_command(settings: VoiceSettings) -> Voice:
    from speech.command import CommandVoice

    return CommandVoice(settings)


COMMAND = "command"  # starts a program of the user's
VOICES: dict[str, Loader] = {
    "pico": load_pico,
    "piper": load_piper,
    "espeak": load_espeak,
    COMMAND: load_command,
}
WITH_ARGUMENT = ("piper", COMMAND)


@dataclass(frozen=True)
class VoiceName:
    """A voice as the user names it: `pico`, `FILE.onnx`, `command:PROGRAM WORDS`."""

    name: str  # one of VOICES
    argument: str = ""

    def __post_init__(self) -> None:
        if self.name not in VOICES:
            raise UsageError(f"--voice {self.name[:40]!r}: choose {', '.join(VOICES)}, or a .onnx")
        if self.argument and self.name not in WITH_ARGUMENT:
            raise UsageError(f"--voice {self.name}: takes nothing behind a colon")
        if self.name == "command" and not self.argument.strip():
            raise UsageError("--voice command: name a program, such as 'command:say -o {wav}'")

    @classmethod
    def parse(cls, words: str) -> "VoiceName":
        name, colon, argument = words.partition(":")
        if not (colon and name in VOICES) and words.lower().endswith(".onnx"):
            return cls("piper", words)
        return cls(name, argument)

    @property
    def is_program(self) -> bool:
        """Whether it starts a program of the user's: nothing that comes from outside may."""
        return self.name == COMMAND
