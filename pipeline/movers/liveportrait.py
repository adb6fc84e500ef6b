"""A photo moved by LivePortrait's networks, as a video or a template moves."""

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from base.errors import UsageError
from base.geometry import Landmarks
from faces.person import select_face
from liveportrait.driving import DrivingPoses
from liveportrait.networks import Networks, load_networks
from liveportrait.portrait import animated, poses_in
from liveportrait.template import SUFFIX, read_template
from pipeline.movers.driving_video import no_face_in, open_driving_video
from pipeline.movers.kept import kept_networks
from pipeline.movers.mover import Mover, PhotoScene
from pipeline.settings import PortraitSettings, Settings
from pipeline.stages import DETECTOR_SIDE, Stages
from video.source import Source
from video.yuv import Frame


@dataclass(frozen=True, eq=False)
class LivePortrait:
    """The networks, ready to run, and the motion that they follow."""

    networks: Networks
    driving: DrivingPoses | Source

    def __call__(self, scene: PhotoScene, /) -> Iterator[Frame]:
        """As many frames as the motion has, or the sound needs."""
        driving = self.driving
        if isinstance(driving, Source):
            driving = _followed(self.networks, driving, scene)
        count = min(scene.frames, math.ceil(driving.duration * scene.fps))
        poses = islice(driving.at_rate(scene.fps), count)
        moved = animated(self.networks, scene.photo, scene.face.landmarks, poses)
        return scene.counted(moved, count)


def load_liveportrait(portrait: PortraitSettings, settings: Settings) -> Mover:
    if portrait.folder is None or portrait.driving is None:
        raise UsageError("LivePortrait needs a folder and a motion")
    networks = kept_networks(load_networks, portrait.folder)
    if portrait.driving.suffix.lower() == SUFFIX:
        return LivePortrait(networks, read_template(portrait.driving))
    return LivePortrait(networks, open_driving_video(portrait.driving, settings))


def _followed(networks: Networks, video: Source, scene: PhotoScene) -> DrivingPoses:
    """The motion of the largest face of the driving video, as long as the sound needs it."""
    landmarks = _first_face(video, scene.stages)
    with closing(video.frames()) as frames:
        needed = islice(frames, math.ceil(scene.seconds * video.fps) + 1)
        return DrivingPoses(video.fps, tuple(poses_in(networks, needed, landmarks)))


def _first_face(video: Source, stages: Stages) -> Landmarks:
    detector = stages.detector()
    with closing(video.frames()) as frames:
        for frame in frames:
            picture, scale = frame.downscaled(DETECTOR_SIDE)
            size = picture.shape[1], picture.shape[0]
            face = select_face(detector.detect(picture), "largest", size)
            if face is not None:
                return face.scaled(1 / scale).landmarks
    raise no_face_in(video)
