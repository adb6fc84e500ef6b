"""The inputs of a measurement: the user's own, or synthetic ones."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from audio.load import load_sound
from audio.windows import count_frames
from benchmarks.material.clips import FPS, NAMES, make_clip
from benchmarks.material.sound import make_speech
from benchmarks.material.weights import make_checkpoint
from video.shape import Shape
from video.source import open_source
from wav2lip.checkpoint import detect_format
from wav2lip.generators import DEVICES


@dataclass(frozen=True)
class InputClip:
    """A face and a sound, and the size, rate and length of the video that is due."""

    name: str
    face: Path
    audio: Path
    size: tuple[int, int]
    fps: Fraction
    frames: int
    synthetic: bool  # always the same, so that figures can be compared from machine to machine

    def __post_init__(self) -> None:
        if self.frames < 1 or min(self.size) < 1:
            raise ValueError(f"a clip has at least one frame and one pixel: {self}")

    @property
    def seconds(self) -> float:
        return float(self.frames / self.fps)


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose clips and weights."""
    add = parser.add_argument
    add("--face", type=Path, metavar="FILE", help="your own video or picture")
    add("--audio", type=Path, metavar="FILE", help="your own sound, not the demo's")
    add("--seconds", type=parse_positive, metavar="S", help="length of the clips that are made")
    add("--only", action="append", choices=NAMES, help="only this clip; may be repeated")
    add_weights(parser)


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose weights and the device."""
    add = parser.add_argument
    add("--checkpoint_path", type=Path, metavar="FILE", help="your own weights, not random ones")
    add("--device", default="auto", choices=DEVICES, help="where the network runs")


def parse_positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"more than 0, not {text}")
    return value


def parse_count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"1 to 1000, not {text}")
    return value


def select_clips(
    args: argparse.Namespace, seconds: Mapping[str, float], folder: Path
) -> tuple[InputClip, ...]:
    """The user's clip, or the chosen ones of the names in `seconds`, made in `folder`."""
    if args.face is not None:
        audio = args.audio or make_speech(folder / "speech.wav", args.seconds or 10)
        return (probe_clip(args.face.stem, args.face, audio, synthetic=False),)
    names = [name for name in seconds if name in (args.only or seconds)]
    lengths = {name: args.seconds or seconds[name] for name in names}
    return tuple(_make_clip(name, length, args.audio, folder) for name, length in lengths.items())


def _make_clip(name: str, seconds: float, audio: Path | None, folder: Path) -> InputClip:
    face = make_clip(name, folder, seconds)
    sound = audio or make_speech(folder / f"{name}.wav", seconds)
    return probe_clip(name, face, sound, synthetic=audio is None)


def probe_clip(name: str, face: Path, audio: Path, synthetic: bool) -> InputClip:
    """The facts of a face and a sound; InputError where one of them cannot be used."""
    source = open_source(face, Shape(), FPS)
    frames = count_frames(load_sound(audio).duration, source.fps)
    size = (source.width, source.height)
    paths = face.absolute(), audio.absolute()
    return InputClip(name, *paths, size, source.fps, frames, synthetic)


def checkpoint_path(args: argparse.Namespace, folder: Path) -> Path:
    """The user's weights, or random ones of the real size, made in `folder`."""
    if args.checkpoint_path is None:
        return make_checkpoint(folder / "tensors.safetensors")
    detect_format(args.checkpoint_path)
    return Path(args.checkpoint_path).absolute()


def input_settings(args: argparse.Namespace) -> dict[str, object]:
    """The flags about inputs; of the user's files the names only, not the folders."""
    paths = {name: getattr(args, name, None) for name in ("face", "audio", "checkpoint_path")}
    others = ("seconds", "device", "quick")
    return {
        **{name: path.name if path else None for name, path in paths.items()},
        **{name: getattr(args, name) for name in others if hasattr(args, name)},
    }
