"""The inputs of a measurement: the user's own, or made ones."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from audio.load import load
from audio.windows import count_frames
from benchmarks.material.clips import FPS, NAMES, make_clip
from benchmarks.material.sound import make_speech
from benchmarks.material.weights import make_checkpoint
from video.shape import Shape
from video.source import open_source
from wav2lip.checkpoint import kind_of
from wav2lip.generators import DEVICES


@dataclass(frozen=True)
class Clip:
    """A face and a sound, and what their video will be."""

    name: str
    face: Path
    audio: Path
    size: tuple[int, int]
    fps: Fraction
    frames: int
    made: bool  # by us: its figures can be compared from machine to machine

    def __post_init__(self) -> None:
        if self.frames < 1 or min(self.size) < 1:
            raise ValueError(f"a clip of nothing: {self}")

    @property
    def seconds(self) -> float:
        return float(self.frames / self.fps)


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """The flags of all who measure the command."""
    add = parser.add_argument
    add("--face", type=Path, metavar="FILE", help="your own video or picture, not the made clips")
    add("--audio", type=Path, metavar="FILE", help="your own sound, not the kept speech")
    add("--seconds", type=positive, metavar="S", help="length of the clips that are made")
    add("--only", action="append", choices=NAMES, help="only this clip; may be repeated")
    add_weights(parser)


def add_weights(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--checkpoint_path", type=Path, metavar="FILE", help="your own weights, not random ones")
    add("--device", default="auto", choices=DEVICES, help="where the network runs")


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"more than 0, not {text}")
    return value


def count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"1 to 1000, not {text}")
    return value


def clips_of(
    given: argparse.Namespace, seconds: Mapping[str, float], folder: Path
) -> tuple[Clip, ...]:
    """The user's clip, or those asked for of the names in `seconds`, made in `folder`."""
    if given.face is not None:
        audio = given.audio or make_speech(folder / "speech.wav", given.seconds or 10)
        return (known(given.face.stem, given.face, audio, made=False),)
    names = [name for name in seconds if name in (given.only or seconds)]
    lengths = {name: given.seconds or seconds[name] for name in names}
    return tuple(_made(name, length, given.audio, folder) for name, length in lengths.items())


def _made(name: str, seconds: float, audio: Path | None, folder: Path) -> Clip:
    face = make_clip(name, folder, seconds)
    own = audio or make_speech(folder / f"{name}.wav", seconds)
    return known(name, face, own, made=audio is None)


def known(name: str, face: Path, audio: Path, made: bool) -> Clip:
    """InputError where one of them cannot be used."""
    source = open_source(face, Shape(), FPS)
    frames = count_frames(load(audio).duration, source.fps)
    size = (source.width, source.height)
    return Clip(name, face.absolute(), audio.absolute(), size, source.fps, frames, made)


def checkpoint_of(given: argparse.Namespace, folder: Path) -> Path:
    """The user's, or one of the real size."""
    if given.checkpoint_path is None:
        return make_checkpoint(folder / "wav2lip.safetensors")
    kind_of(given.checkpoint_path)
    return Path(given.checkpoint_path).absolute()


def told(given: argparse.Namespace) -> dict[str, object]:
    """What was asked for, without the places of the user's files."""
    own = ("face", "audio", "checkpoint_path")
    names = {name: getattr(given, name, None) for name in own}
    plain = ("seconds", "device", "quick")
    return {
        **{name: path.name if path else None for name, path in names.items()},
        **{name: getattr(given, name) for name in plain if hasattr(given, name)},
    }
