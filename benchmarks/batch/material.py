"""Faces and sounds for a batch, and digests of the videos' pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from pathlib import Path

import av
import numpy as np

from audio.load import SAMPLE_RATE, load_sound
from benchmarks.material.clips import PORTRAIT, SIZES, make_video
from benchmarks.material.sound import SPEECH, write_wav
from video.still import read_picture


@dataclass(frozen=True)
class Material:
    """Faces and sounds; every face speaks every sound."""

    faces: tuple[Path, ...]
    sounds: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.faces) * len(self.sounds)

    def jobs(self) -> Iterator[tuple[Path, Path, str]]:
        """Each job's face, sound, and the name of its video."""
        for face, sound in product(sorted(self.faces), sorted(self.sounds)):
            yield face, sound, f"{face.stem}_{sound.stem}.mp4"


def make_videos(folder: Path, count: int, seconds: float) -> tuple[Path, ...]:
    """Make clips of the portrait, in turn of all sizes that x264 encodes reproducibly.

    If the width is no multiple of 16, its output depends on what its memory held before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [size for size in SIZES.values() if size[0] % 16 == 0]
    return tuple(
        make_video(folder / f"face{n:02}.mp4", sizes[n % len(sizes)], seconds) for n in range(count)
    )


def make_stills(folder: Path, count: int) -> tuple[Path, ...]:
    """Make pictures of the portrait, each with another border cut off."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    portrait = read_picture(PORTRAIT)
    paths = tuple(folder / f"face{n:02}.png" for n in range(count))
    for n, path in enumerate(paths):
        cv2.imwrite(str(path), portrait[2 * n :, 2 * n :])
    return paths


def make_sounds(folder: Path, count: int, seconds: float) -> tuple[Path, ...]:
    """Make sounds from the demo's speech, each beginning at another moment."""
    folder.mkdir(parents=True, exist_ok=True)
    samples, length = load_sound(SPEECH).samples, round(seconds * SAMPLE_RATE)
    paths = tuple(folder / f"sound{n:03}.wav" for n in range(count))
    for n, path in enumerate(paths):
        write_wav(path, np.resize(np.roll(samples, -n * len(samples) // count), length))
    return paths


def pixel_digest(video: Path) -> str:
    """A digest of every decoded frame."""
    digest = blake2b(digest_size=16)
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            digest.update(frame.to_ndarray().tobytes())
    return digest.hexdigest()


def differing_videos(first: Path, second: Path, names: list[str]) -> list[str]:
    """The names of the videos that have other pixels in the second folder than in the first."""
    return [name for name in names if pixel_digest(first / name) != pixel_digest(second / name)]
