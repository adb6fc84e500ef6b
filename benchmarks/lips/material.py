"""The faces, sounds and runs of a measurement."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from audio.load import SAMPLE_RATE, Samples, Sound, load_sound
from base.errors import LipSyncError, UsageError
from benchmarks.lips.runs import SILENCE, SPEECH, STRENGTH_0, LipsRun
from benchmarks.lips.variants import write_variants
from benchmarks.material.clips import FPS
from benchmarks.material.sound import SPEECH as DEMO_SPEECH
from benchmarks.material.sound import write_wav
from quality.sync import frame_loudness

SECONDS, REST_SECONDS, VARIANT_SECONDS = 6.0, 3.0, 1.4
QUICK_SECONDS, QUICK_FACES = 3.0, 3
SOUNDS = (".flac", ".wav", ".m4a", ".mp3", ".ogg")
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi")


@dataclass(frozen=True)
class LipsSounds:
    """The sounds that the faces speak."""

    speech: Path
    loud: Path  # the loudest part of it, for variants
    start: Path  # the beginning of it, for a mouth that does not follow it
    silence: Path


@dataclass(frozen=True)
class ClipFolder:
    """The faces of a folder and the sound they speak."""

    stills: tuple[Path, ...]
    videos: tuple[Path, ...]
    audio: Path

    def __post_init__(self) -> None:
        if not self.stills and not self.videos:
            raise UsageError("--clips: the folder has neither pictures nor videos; name another")

    @property
    def faces(self) -> tuple[Path, ...]:
        return self.stills + self.videos

    def first_few(self) -> "ClipFolder":
        """Three faces, of both kinds where there are both."""
        videos = self.videos[: max(QUICK_FACES - len(self.stills), 1)]
        return ClipFolder(self.stills[: QUICK_FACES - len(videos)], videos, self.audio)


def open_folder(folder: Path, audio: Path | None) -> ClipFolder:
    """The faces in a folder by their endings; the sound is the first there, else the demo's."""
    if not folder.is_dir():
        raise UsageError(f"--clips {folder}: not a folder")
    files = sorted(path for path in folder.iterdir() if path.is_file())
    stills, videos, sounds = (
        tuple(path.absolute() for path in files if path.suffix.lower() in endings)
        for endings in (PICTURES, VIDEOS, SOUNDS)
    )
    return ClipFolder(stills, videos, audio or next(iter(sounds), DEMO_SPEECH))


def make_sounds(audio: Path, folder: Path, seconds: float) -> LipsSounds:
    """The speech cut off, its loudest part, its beginning, and silence, as WAV."""
    samples = load_sound(audio).samples[: round(seconds * SAMPLE_RATE)]
    start = samples[: round(REST_SECONDS * SAMPLE_RATE)]
    parts = {"speech": samples, "loud": loudest_part(samples), "start": start}
    parts["silence"] = np.zeros(round(REST_SECONDS * SAMPLE_RATE), np.float32)
    return LipsSounds(**{n: write_wav(folder / f"{n}.wav", part) for n, part in parts.items()})


def loudest_part(samples: Samples) -> Samples:
    """The part of VARIANT_SECONDS in which the voice is loudest."""
    length = round(VARIANT_SECONDS * SAMPLE_RATE)
    if len(samples) <= length:
        return samples
    frames = int(len(samples) * FPS / SAMPLE_RATE)
    loudness = frame_loudness(Sound(samples), FPS, frames)
    sums = np.convolve(loudness, np.ones(round(VARIANT_SECONDS * float(FPS))), "valid")
    start = int(int(sums.argmax()) * SAMPLE_RATE / FPS)
    return samples[start : start + length]


def make_runs(clips: ClipFolder, sounds: LipsSounds) -> list[LipsRun]:
    """The faces with speech, and the videos also where they must be at rest."""
    runs = [LipsRun(face.name, SPEECH, face, sounds.speech, True) for face in clips.stills]
    for face in clips.videos:
        of_face = partial(LipsRun, face.name, path=face, still=False)
        strength_0 = ("--lip_strength", "0")
        runs.append(of_face(kind=SPEECH, audio=sounds.speech))
        runs.append(of_face(kind=SILENCE, audio=sounds.silence))
        runs.append(of_face(kind=STRENGTH_0, audio=sounds.start, flags=strength_0))
    return runs


def variant_runs(stills: Sequence[Path], sounds: LipsSounds, folder: Path) -> Iterator[LipsRun]:
    """A run for every variant of every picture in which a face is seen."""
    for face in stills:
        try:
            yield from (
                LipsRun(face.name, name, path, sounds.loud, True)
                for name, path in write_variants(face, folder)
            )
        except LipSyncError as error:
            print(f"no variants of {face.name}: {error}", file=sys.stderr)
