"""The stage that makes a photo live: what moves in it is moved behind its mouth."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from base.errors import UsageError
from base.geometry import Affine, Box, Landmarks, Points
from base.lips import Lips
from faces.face import Face
from stages.animate.eyelids import (
    EyeSamples,
    contrast,
    eye_samples,
    outgrows_lids,
    with_closed_eyes,
)
from stages.animate.field import Field, Puller
from stages.animate.motion import AnimateSettings, Motion, emphasis_of
from stages.animate.networks import Networks
from stages.animate.portrait import Portrait, see_portrait
from stages.animate.pose import Pose
from stages.animate.restraint import Restraint, can_blink, restraint_of
from stages.animate.warp import warped
from stages.animate.zones import zones_of
from stages.stage import OutputFrame, Stage, StageScene, VideoFormat
from video.yuv import Frame

LEAST_CONTRAST = 0.10  # of an eyeball; eyes have 0.2 and more, sunglasses none


@dataclass(frozen=True, eq=False)
class Living:
    """A photo with a face that is ready to be moved."""

    puller: Puller
    eyes: tuple[tuple[EyeSamples, ...], ...]
    restraint: Restraint

    @classmethod
    def of(cls, networks: Networks, photo: Frame, face: Face, scale: float) -> "Living | None":
        """None where the networks see no face in the photo."""
        portrait = see_portrait(networks, photo, face)
        if portrait is None:
            return None
        puller = Puller(zones_of(portrait, (photo.width, photo.height)))
        eyes = _eyes(portrait, photo)
        restraint = restraint_of(portrait, puller, scale, can_blink=bool(eyes))
        return cls(puller, eyes, restraint)

    def posed(self, output: OutputFrame, pose: Pose) -> OutputFrame:
        """The frame in a pose, as far as its picture allows, and its face where it then is."""
        pose = self.restraint(pose)
        forward = self.puller.forward(pose)
        frame = with_closed_eyes(output.frame, self.eyes, pose.blink)
        if forward.any():
            frame = warped(frame, self.puller.grid, self.puller.backward(forward))
        face = None if output.face is None else moved_face(output.face, self.puller, forward)
        return replace(output, frame=frame, face=face)


@dataclass(frozen=True, eq=False)
class Idle:
    """Sway, breath, blinks and emphasis for every frame of a photo."""

    settings: AnimateSettings
    scene: StageScene
    networks: Networks
    found: list[Living | None] = field(default_factory=list)  # once, in the photo

    @property
    def notes(self) -> tuple[str, ...]:
        """What was held back, and why."""
        living = self.found[0] if self.found else None
        if living is None:
            return ("nothing moves: no face is seen in the photo",)
        return living.restraint.notes

    def output(self, format: VideoFormat) -> VideoFormat:
        return format

    def __call__(self, frames: Iterator[OutputFrame], /) -> Iterator[OutputFrame]:
        photo, scale = self.scene.first, self.settings.scale
        for output in frames:
            if output.face is not None and not self.found:  # a still has the same in every frame
                self.found.append(Living.of(self.networks, photo, output.face, scale))
            living = self.found[0] if self.found else None
            pose = self._motion.pose(output.index)
            yield output if living is None else living.posed(output, pose)

    @cached_property
    def _motion(self) -> Motion:
        sound, fps = self.scene.sound, self.scene.format.fps
        assert sound is not None  # the stage stands behind the mouth
        settings = self.settings
        emphasis = emphasis_of(sound, fps) if sound.speaking.any() else None
        frames = len(sound.loudness)
        return Motion(fps, frames, settings, emphasis)


def load_animate(settings: AnimateSettings, scene: StageScene) -> Stage:
    if not scene.still:
        raise UsageError(
            "--animate and --idle bring a photo to life, and --face is a video, which lives"
            " already: leave them out, or take its first frame with --static"
        )
    return Idle(settings, scene, Networks.load(scene.cache))


def _eyes(portrait: Portrait, photo: Frame) -> tuple[tuple[EyeSamples, ...], ...]:
    """Both eyes; none where they are not seen well enough to blink."""
    left, right = portrait.left_eye, portrait.right_eye
    if left is None or right is None or not can_blink(portrait):
        return ()
    eyes = eye_samples(left, photo, is_left=True), eye_samples(right, photo, is_left=False)
    return eyes if all(_fits(luma, photo) for luma, *_ in eyes) else ()


def _fits(eye: EyeSamples, photo: Frame) -> bool:
    """Whether there is an eyeball between the lids, and none beyond them."""
    return contrast(eye, photo) >= LEAST_CONTRAST and not outgrows_lids(eye, photo)


def moved_face(face: Face, puller: Puller, forward: Field) -> Face:
    """The face where a field has brought it; its box moves, turns not, and grows."""
    points = face.landmarks.points()
    lips = None if face.lips is None else face.lips.points.astype(np.float64)
    moved = puller.moved(points, forward)
    return replace(
        face,
        box=_moved_box(face.box, points, moved),
        landmarks=Landmarks.of(moved),
        lips=None if lips is None else Lips(puller.moved(lips, forward).astype(np.float32)),
    )


def _moved_box(box: Box, points: Points, moved: Points) -> Box:
    way = Affine.similarity(points, moved)
    ((x, y),) = way(np.array([box.centre])).tolist()
    scale = float(np.hypot(way.a, way.d))
    width, height = scale * box.width / 2, scale * box.height / 2
    return Box(y - height, y + height, x - width, x + width)
