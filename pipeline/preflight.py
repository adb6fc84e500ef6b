"""What is known before the work begins: how large the result will be, and whether it fits."""

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from base.errors import OutputError
from pipeline.settings import FilesSettings
from video.encoders import Encoder
from video.output_paths import check_output_path, output_errors
from video.writer import Target

# Bits a pixel at quality 18, measured on faces that talk; half as many for every 6 steps of it.
USUAL_BITS, LOSSLESS_BITS = 0.05, 3.0
SOUND_RATE = 24_000  # bytes a second of encoded sound; copied sound is rarely more
OPEN_FILES = re.compile(rf"/dev/fd|/proc/{os.getpid()}(/task/\d+)?/fd")
MOST_LINKS = 40  # one after the other, as Linux follows them
CERTAIN = 8  # results of less than an eighth of the estimate have not been seen


@dataclass(frozen=True)
class Estimate:
    """What a run would make; bytes are a guess within a factor of three or so."""

    encoder: str
    size: tuple[int, int]
    fps: str
    frames: int
    seconds: float
    estimated_bytes: int
    free_bytes: int | None  # beside the output; none where the system does not tell


def check_places(files: FilesSettings) -> None:
    """Whether everything that is written after the video can be."""
    for flag, path in files.after.items():
        with output_errors(path, flag):
            _check_streams(path, flag, files.events)
        check_output_path(path, flag)


def _check_streams(path: Path, flag: str, has_events: bool) -> None:
    """Files must not go to standard error, nor to standard output where events go."""
    if _open_file(path) in {"2", "1" if has_events else "2"}:
        raise OutputError(f"{path}: has lines of its own; give another {flag}")


def _open_file(path: Path) -> str | None:
    """The descriptor's number, where the name leads to a file that this process has open."""
    for _ in range(MOST_LINKS):
        folder = os.path.realpath(path.parent)
        if OPEN_FILES.fullmatch(folder):
            return path.name
        if not path.is_symlink():
            break
        path = Path(folder, path.readlink())
    return None


def estimate(target: Target, encoder: Encoder, frames: int) -> Estimate:
    """OutputError where the result has no room."""
    seconds = frames / target.fps
    estimated = picture_bytes(target, encoder, frames) + sound_bytes(target, seconds)
    free = free_bytes(target.path)
    if free is not None and free < estimated // CERTAIN:
        raise OutputError(
            f"{target.path}: no room: about {in_words(estimated)} will be needed and"
            f" {in_words(free)} are free; free some space, or give another --outfile"
        )
    return Estimate(
        encoder=encoder.codec,
        size=(target.width, target.height),
        fps=str(target.fps),
        frames=frames,
        seconds=float(seconds),
        estimated_bytes=estimated,
        free_bytes=free,
    )


def picture_bytes(target: Target, encoder: Encoder, frames: int) -> int:
    lossless = encoder.is_lossless(target.crf)
    bits = LOSSLESS_BITS if lossless else USUAL_BITS * 2 ** ((18 - target.crf) / 6)
    estimated = int(target.width * target.height * frames * bits / 8)
    if target.max_bitrate is None:
        return estimated
    return min(estimated, int(target.max_bitrate * frames / target.fps / 8))


def sound_bytes(target: Target, seconds: Fraction) -> int:
    """No more than the file that it comes from holds."""
    if target.sound is None:
        return 0
    with suppress(OSError):
        return min(target.sound.stat().st_size, int(seconds * SOUND_RATE))
    return 0


def free_bytes(path: Path) -> int | None:
    """For a new file of this name, whose folder may still have to be made."""
    with suppress(OSError, RuntimeError, ValueError):  # links in a ring, a name with a null
        parents = path.absolute().resolve().parents
        usage = shutil.disk_usage(next(folder for folder in parents if folder.exists()))
        return usage.free if usage.total else None
    return None


def in_words(count: int) -> str:
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return (
                f"{count / size:.2g} {unit}" if count < 10 * size else f"{count / size:.0f} {unit}"
            )
    return f"{count} bytes"
