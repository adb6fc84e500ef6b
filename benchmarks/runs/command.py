"""The command's arguments, and the check that a run wrote a complete video."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from benchmarks.machine import ROOT
from benchmarks.material.inputs import InputClip
from benchmarks.runs.process import RunError
from benchmarks.runs.production import PRODUCTION

COMMAND = (sys.executable, str(ROOT / "inference_fast.py"))


@dataclass(frozen=True)
class ClipRun:
    """A clip whose video one run makes, and the folders of its files."""

    clip: InputClip
    checkpoint: Path | None  # none: the puppet
    device: str
    folder: Path
    cache: Path

    @property
    def outfile(self) -> Path:
        return self.folder / "result.mp4"

    @property
    def report(self) -> Path:
        return self.folder / "report.json"


def command_line(run: ClipRun, look: str) -> list[str]:
    """The host's command; without weights the puppet takes the network's place."""
    puppet, network = ("--engine", "puppet"), ("--checkpoint_path", str(run.checkpoint))
    return [
        *COMMAND,
        *file_flags(run),
        *(puppet if run.checkpoint is None else (*network, "--device", run.device)),
        *("--cache_dir", str(run.cache), "--report", str(run.report), "--progress", "json"),
        *PRODUCTION,
        *look.split(),
    ]


def file_flags(run: ClipRun) -> Sequence[str]:
    clip = run.clip
    files = ("--face", str(clip.face), "--audio", str(clip.audio))
    return (*files, "--outfile", str(run.outfile))


def check_result(run: ClipRun, name: str) -> None:
    """RunError unless the video has the clip's size, all of its frames, and sound."""
    with av.open(str(run.outfile)) as video:
        stream = video.streams.video[0]
        size, sound = (stream.width, stream.height), len(video.streams.audio)
        frames = sum(packet.size > 0 for packet in video.demux(stream))
    if (size, frames, sound) != (run.clip.size, run.clip.frames, 1):
        raise RunError(
            f"{name} on {run.clip.name} made {frames} frames of {size} with {sound} sounds"
            f" where {run.clip.frames} of {run.clip.size} with one were due"
        )
