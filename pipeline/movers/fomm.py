"""A photo moved by First Order Motion's networks, as the head in a video moves."""

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from base.errors import UsageError
from base.geometry import AnyPoints
from faces.face import BOX_COLUMNS, Face, FaceTrack
from fomm.driving import DrivingPoints
from fomm.likeness import nearest_pose
from fomm.motion import KeyPoints, KeyPointTrack
from fomm.networks import Networks, load_networks
from fomm.square import HeadSquare, squares_around
from options.weights import find_fomm
from pipeline.movers.driving_video import DrivingHead, follow_head, open_driving_video
from pipeline.movers.kept import kept_networks
from pipeline.movers.mover import Mover, PhotoScene
from pipeline.settings import PortraitSettings, Settings
from video.source import Source
from video.yuv import Frame


@dataclass(frozen=True, eq=False)
class FirstOrderMotion:
    """The networks, ready to run, and the video whose motion they put on a photo."""

    networks: Networks
    video: Source
    relative: bool  # the photo keeps its own pose, and moves as the video has moved

    def __call__(self, scene: PhotoScene, /) -> Iterator[Frame]:
        """As many frames as the motion has, or the sound needs."""
        fps = self.video.fps
        head = follow_head(self.video, scene.stages, scene.seconds)
        if head.end:
            seconds = float((head.start + len(head.track)) / fps)
            scene.note(f"the motion of {self.video.path} ends at {seconds:.2f} s, {head.end}")
        squares = squares_around(head.track.rows[:, BOX_COLUMNS], float(fps))
        count = min(scene.frames, math.ceil(len(squares) * scene.fps / fps))
        steps = len(squares) + count  # every frame of the video is seen, every one of ours drawn
        points = KeyPointTrack.of(scene.counted(self._key_points_of(head, squares), steps))
        start = nearest_frame(scene.face, head.track)
        driving = DrivingPoints(fps, points, start if self.relative else None)
        like = head.track[start]
        assert like is not None  # the head is in every frame
        square = squares[start].moved_to(like.box, scene.face.box)
        return scene.counted(self._drawn(scene, driving, square, count), steps, len(squares))

    def _key_points_of(self, head: DrivingHead, squares: list[HeadSquare]) -> Iterator[KeyPoints]:
        with closing(head.frames()) as frames:
            for frame, square in zip(frames, squares, strict=True):
                yield self.networks.key_points(square.cut(frame))

    def _drawn(
        self, scene: PhotoScene, driving: DrivingPoints, square: HeadSquare, count: int
    ) -> Iterator[Frame]:
        source = self.networks.source(square.cut(scene.photo))
        for points in islice(driving.moved(source.points, scene.fps), count):
            yield square.paste(scene.photo, self.networks.picture(source, points))


def load_fomm(portrait: PortraitSettings, settings: Settings) -> Mover:
    if portrait.driving is None:
        raise UsageError("First Order Motion needs a video")
    video = open_driving_video(portrait.driving, settings)
    if video.still:
        raise UsageError(f"--driving_video {video.path} is a picture: it has no motion")
    mouth = settings.mouth
    return FirstOrderMotion(
        kept_networks(load_networks, find_fomm(), mouth.device, mouth.half),
        video,
        portrait.relative,
    )


def nearest_frame(photo: Face, track: FaceTrack) -> int:
    """The frame whose face is posed most like the photo's: by lips and mesh, or by five points."""
    found = None
    if photo.lips is not None:
        found = nearest_pose(photo.lips.points, map(_mesh_of, track))
    if found is None:
        found = nearest_pose(photo.landmarks.points(), map(_landmarks_of, track))
    return found or 0


def _mesh_of(face: Face | None) -> AnyPoints | None:
    return None if face is None or face.lips is None else face.lips.points


def _landmarks_of(face: Face | None) -> AnyPoints | None:
    return None if face is None else face.landmarks.points()
