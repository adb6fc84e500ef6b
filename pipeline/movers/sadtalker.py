"""A photo that speaks by SadTalker's networks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from options.weights import find_sadtalker
from pipeline.movers.driving_video import follow_head, open_driving_video
from pipeline.movers.kept import kept_networks
from pipeline.movers.mover import Mover, PhotoScene
from pipeline.settings import PortraitSettings, Settings
from sadtalker.coefficients import rows_at
from sadtalker.hearing import FPS, Hearing
from sadtalker.manner import Manner
from sadtalker.networks import Networks, load_networks
from sadtalker.portrait import DrivingCoefficients, moved, see_in_square, see_photo, spoken_rows
from video.source import Source
from video.yuv import Frame

LoadNetworks = Callable[[Path, int, bool, str, bool], Networks]  # as load_networks


@dataclass(frozen=True, eq=False)
class SadTalker:
    """The networks, ready to run, and how they move the photo."""

    networks: Networks
    manner: Manner
    later: Fraction  # seconds by which the mouth comes after its sound
    driving: Source | None = None  # whose head and lids are followed

    def __call__(self, scene: PhotoScene, /) -> Iterator[Frame]:
        """As many frames as the sound has."""
        full = self.manner.full
        seen = see_photo(self.networks, scene.photo, scene.face, full)
        driving = None if self.driving is None else _followed(self.networks, self.driving, scene)
        rows = spoken_rows(self.networks, Hearing.of(scene.sound), seen.face, self.manner, driving)
        frames = moved(self.networks, seen, rows, self._places(scene), full)
        return scene.counted(frames, scene.frames)

    def _places(self, scene: PhotoScene) -> NDArray[np.float64]:
        """(frames,): where each frame lies among those that the networks make."""
        times = (frame / scene.fps - self.later for frame in range(scene.frames))
        return np.array([float(time * FPS) for time in times])


def load_sadtalker(
    portrait: PortraitSettings, settings: Settings, load: LoadNetworks = load_networks
) -> Mover:
    chosen, mouth = portrait.sadtalker, settings.mouth
    driving = None
    if portrait.driving is not None:
        driving = open_driving_video(portrait.driving, settings)
    full = chosen.manner.full
    networks = kept_networks(load, find_sadtalker(), chosen.size, full, mouth.device, mouth.half)
    return SadTalker(networks, chosen.manner, settings.sound.mouth_later, driving)


def _followed(networks: Networks, video: Source, scene: PhotoScene) -> DrivingCoefficients:
    """Head and lids of the largest face of the video, as long as the sound needs it."""
    head = follow_head(video, scene.stages, scene.seconds)
    if head.end:
        seconds = float((head.start + len(head.track)) / video.fps)
        scene.note(f"the motion of {video.path} ends at {seconds:.2f} s, {head.end}")
    faces = [
        see_in_square(networks, frame, face)
        for frame, face in zip(head.frames(), head.track, strict=True)
        if face is not None  # it is in every frame
    ]
    count = ceil(len(faces) / video.fps * FPS)
    places = np.arange(count, dtype=np.float64) * float(video.fps / FPS)
    expressions = np.stack([face.expression for face in faces])
    poses = np.stack([face.pose for face in faces])
    return DrivingCoefficients(rows_at(expressions, places), rows_at(poses, places))
