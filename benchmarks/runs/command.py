"""The command's words, and the check that a run made what it should."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from benchmarks.machine import ROOT
from benchmarks.material.asked import Clip
from benchmarks.runs.cold import RunError
from benchmarks.runs.production import PRODUCTION

COMMAND = (sys.executable, str(ROOT / "inference_fast.py"))


@dataclass(frozen=True)
class Task:
    """One clip to be made, and where its files go."""

    clip: Clip
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


def command_words(task: Task, look: str) -> list[str]:
    """As the host starts it; the puppet takes the network's place where there are no weights."""
    puppet, network = ("--engine", "puppet"), ("--checkpoint_path", str(task.checkpoint))
    return [
        *COMMAND,
        *inputs(task),
        *(puppet if task.checkpoint is None else (*network, "--device", task.device)),
        *("--cache_dir", str(task.cache), "--report", str(task.report), "--progress", "json"),
        *PRODUCTION,
        *look.split(),
    ]


def inputs(task: Task) -> Sequence[str]:
    clip = task.clip
    files = ("--face", str(clip.face), "--audio", str(clip.audio))
    return (*files, "--outfile", str(task.outfile))


def check_result(task: Task, what: str) -> None:
    """RunError unless the file has the clip's size, all of its frames, and sound."""
    with av.open(str(task.outfile)) as video:
        stream = video.streams.video[0]
        size, sound = (stream.width, stream.height), len(video.streams.audio)
        frames = sum(packet.size > 0 for packet in video.demux(stream))
    if (size, frames, sound) != (task.clip.size, task.clip.frames, 1):
        raise RunError(
            f"{what} on {task.clip.name} made {frames} frames of {size} with {sound} sounds"
            f" where {task.clip.frames} of {task.clip.size} with one were due"
        )
