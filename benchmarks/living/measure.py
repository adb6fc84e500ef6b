"""What a living photo costs, how its eyes blink, and whether its loop has a jump."""

import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.errors import NoFaceError
from base.geometry import Picture
from faces.detector import DetectorSettings
from faces.detectors import DETECTORS
from faces.face import Face
from stages.animate.motion import AnimateSettings, Motion
from stages.animate.networks import Networks
from stages.animate.pose import Pose
from stages.animate.stage import Living
from stages.stage import OutputFrame
from video.shape import Shape
from video.source import open_source
from video.yuv import Frame, resize

FPS = Fraction(25)
LOOP, MINUTES = 6, 3  # seconds that are drawn; minutes of blinks that are counted
TURNS = 3
LONGEST = 1280  # pixels that the detector looks at
FEWEST, MOST, SHORTEST, LONGEST_BLINK = 12.0, 20.0, 0.1, 0.3  # blinks a minute, seconds
SHOWN = (
    Pose(),
    Pose(yaw=3.6, pitch=1.5, roll=2, x=0.02),
    Pose(yaw=-3.6, pitch=-2, roll=-2, x=-0.02, brow=0.05, breath=0.012),
    Pose(blink=0.5),
    Pose(blink=1.0),
)


@dataclass(frozen=True)
class Measurement:
    """The figures of one photo."""

    photo: str
    size: str
    prepare_ms: float  # of processor time, once
    frame_ms: float  # of processor time: the mean of a loop's frames, the best of some turns
    moves: float  # share of the motion that its picture allows
    blinks_a_minute: float  # 0 where its eyes are not seen well
    blink_ms: tuple[float, float]  # the shortest and the longest
    jump: float  # from a loop's last frame to its first, in its largest step
    untouched: float  # share of the luma that never changes

    @property
    def passed(self) -> bool:
        shortest, longest = self.blink_ms
        lasts = shortest >= SHORTEST * 1000 and longest <= LONGEST_BLINK * 1000
        blinks = self.blinks_a_minute == 0 or (lasts and FEWEST <= self.blinks_a_minute <= MOST)
        return blinks and self.jump <= 1


@dataclass(frozen=True, eq=False)
class Subject:
    """A photo that is ready to live."""

    name: str
    frame: Frame
    face: Face
    living: Living
    prepare_ms: float

    def posed(self, pose: Pose) -> Frame:
        return self.living.posed(OutputFrame(0, self.frame, self.face), pose).frame


def subject_of(path: Path, networks: Networks) -> Subject:
    frame = open_source(path, Shape(), FPS).first
    face = _face(path, frame)
    start = time.process_time()
    living = Living.of(networks, frame, face, 1.0)
    if living is None:
        raise NoFaceError(f"{path}: no face is seen in it; name another photo")
    return Subject(path.stem, frame, face, living, (time.process_time() - start) * 1000)


def measure(subject: Subject, turns: int = TURNS) -> Measurement:
    motion = Motion(FPS, int(LOOP * FPS), AnimateSettings(loops=True))
    frames = [subject.posed(motion.pose(index)).planes()[0] for index in range(motion.frames)]
    blinks = _blinks() if subject.living.restraint.can_blink else []
    return Measurement(
        photo=subject.name,
        size=f"{subject.frame.width}x{subject.frame.height}",
        prepare_ms=subject.prepare_ms,
        frame_ms=min(_milliseconds(subject, motion) for _ in range(turns)),
        moves=subject.living.restraint.share,
        blinks_a_minute=len(blinks) / MINUTES,
        blink_ms=(min(blinks, default=0.0) * 1000, max(blinks, default=0.0) * 1000),
        jump=_step(frames[-1], frames[0]) / max(_step(a, b) for a, b in pairwise(frames)),
        untouched=float(np.all([frame == frames[0] for frame in frames], axis=0).mean()),
    )


def sheet_row(subject: Subject, height: int) -> Picture:
    """The photo beside its extremes, and its eyes half and wholly closed."""
    pictures = [subject.posed(pose).picture() for pose in SHOWN]
    width = round(height * subject.frame.width / subject.frame.height)
    return np.hstack([np.asarray(resize(one, (width, height)), np.uint8) for one in pictures])


def _milliseconds(subject: Subject, motion: Motion) -> float:
    """Of processor time for a frame, its pose included."""
    start = time.process_time()
    for index in range(motion.frames):
        subject.posed(motion.pose(index))
    return (time.process_time() - start) * 1000 / motion.frames


def _blinks(steps: int = 200) -> list[float]:
    """The seconds that each blink lasts, in some minutes."""
    motion = Motion(FPS, int(MINUTES * 60 * FPS))
    times = np.arange(MINUTES * 60 * steps) / steps
    closed = np.array([motion.closure(time) for time in times]) > 0.05
    ends = np.flatnonzero(np.diff(np.r_[0, closed, 0])).reshape(-1, 2)
    return [float(last - first) / steps for first, last in ends]


def _step(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def _face(path: Path, frame: Frame) -> Face:
    picture, scale = frame.downscaled(LONGEST)
    faces = DETECTORS["mtcnn"](DetectorSettings()).detect(picture)
    if not faces:
        raise NoFaceError(f"{path}: no face was found; name another photo")
    return max(faces, key=lambda face: face.box.width).scaled(1 / scale)
