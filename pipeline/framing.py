"""Which part of a frame a generator works on, and how its patch comes back into the frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from base.generator import SIDE, WHOLE_PATCH, keep_visible
from base.geometry import Affine, Box, Picture, Rect, Region
from base.lips import CHIN, Lips
from blending.methods import BlendSettings
from blending.patch import Patch, cut_planes
from blending.texture import Donors, Texture
from faces.face import Face, FaceTrack
from pipeline.visible import rect_in_patch, visible_rect
from puppet.average import average_lips
from puppet.contours import Contours, MouthAxes
from video.yuv import Frame

# Around a mouth, in its own unit: all that its jaw moves, and a border that stays.
BESIDE, ABOVE, BELOW_CHIN = 0.9, 0.5, 0.45
LARGEST = 768  # pixels: larger surroundings of a mouth are reduced
SAMPLES = 2000  # frames of a long clip that are looked at
REST = 5  # percent of a speaker's frames have lips closer together than at rest
CLOSED = 0.03  # units: lips so near each other at rest are closed
SPEAKING = 0.04  # units between a narrow and a wide gap of somebody who speaks
WIDE = 0.16  # units: a mouth open so far does not close cleanly
SPEAKS = (
    "the person in the picture already speaks: the puppet closes that mouth before it opens it;"
    " Wav2Lip's weights (--checkpoint_path) would draw a new one"
)
ROOM = 1.06  # for frames that were not looked at


Size = tuple[int, int]  # width and height
Gaps = NDArray[np.float64]  # (faces,)


class Framing(Protocol):
    """The place of a generator's patches in the frames."""

    @property
    def rest_gap(self) -> float:
        """How far a silent person's lips are apart, in the puppet's unit."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of the faces."""

    def visible(self, track: FaceTrack, settings: BlendSettings, size: Size, /) -> Rect:
        """The pixels of the patches that are visible in any frame: no others need be made."""

    def place(self, face: Face, /) -> Box:
        """The part of the frame that a patch of this face shows."""

    def cut(self, frame: Frame, place: Box, /) -> Picture:
        """The part as the generator takes it; outside the frame its border is repeated."""

    def blend(self, change: "Change", settings: BlendSettings, /) -> Frame:
        """The frame with its new mouth; what the patch leaves as it was stays bit-identical."""


@dataclass(frozen=True, eq=False)
class Change:
    """A frame, a face in it, the patch generated for it, and what it was generated from."""

    frame: Frame
    face: Face
    source: Picture
    patch: Picture


@dataclass(frozen=True)
class FaceFraming:
    """The whole face as a square, blended into the frame: what networks were trained on."""

    donors: Donors | None = None  # of the clip, for a method that uses texture
    rest_gap: float = 0.0
    notices: tuple[str, ...] = ()
    side: int = SIDE  # pixels of the square

    def visible(self, track: FaceTrack, settings: BlendSettings, size: Size) -> Rect:
        return visible_rect(track, settings, *size, side=self.side)

    def place(self, face: Face) -> Box:
        return face.box

    def cut(self, frame: Frame, place: Box) -> Picture:
        rect = place.inside(frame.width, frame.height)
        if rect is None:
            raise ValueError(f"the face lies outside its frame: {place}")
        return frame.to_picture(cut_planes(frame.plane_parts(rect), place, self.side))

    def blend(self, change: Change, settings: BlendSettings) -> Frame:
        face, frame = change.face, change.frame
        outline = settings.outline(face.box, face.landmarks, face.lips)
        rect = outline.bounds.inside(frame.width, frame.height)
        if rect is None:
            return frame
        # outside the visible part nothing counts as changed, whether it was computed or not
        part = rect_in_patch(rect, face.box, self.side)
        (pixels,) = keep_visible(change.patch[None], change.source[None], part)
        texture = self._texture(face, rect) if settings.uses_texture else None
        patch = Patch.for_box(pixels, face.box, rect, change.source, texture)
        mask = outline.mask(rect)
        if settings.mixes(patch):
            changes = settings.change(patch, frame.plane_parts(rect), mask, face.box)
            return frame.with_changed_samples(rect, changes) if changes else frame
        before = frame.region(rect)
        region = settings.blend(patch, before, mask, face.box)
        return frame.with_region(rect, region, before)

    def _texture(self, face: Face, rect: Rect) -> Texture | None:
        """What the clip offers to the face in the region `rect`; None where no lips are seen."""
        if face.lips is None:
            return None
        return Texture(face.lips.mapped(Affine.shift(-rect.left, -rect.top)), self.donors)


@dataclass(frozen=True)
class MouthFraming:
    """What a mouth moves, pixel for pixel; the change is added to the frame."""

    size: Size  # of every patch
    rest_gap: float = 0.0
    notices: tuple[str, ...] = ()

    @classmethod
    def of(cls, track: FaceTrack) -> "MouthFraming":
        sampled = [_lips_of(face) for face in _sampled(track)]
        boxes = [_surroundings(lips) for lips in sampled]
        room = ROOM if len(track) > len(sampled) else 1.0
        width, height = (
            min(LARGEST, int(room * max(sides)) + 2)
            for sides in zip(*((box.width, box.height) for box in boxes), strict=True)
        )
        gaps = np.array([_gap(lips) for lips in sampled])
        return cls((width, height), _rest_gap(gaps), _notices(gaps))

    def visible(self, track: FaceTrack, settings: BlendSettings, size: Size) -> Rect:
        return WHOLE_PATCH  # the puppet makes whole patches of any size

    def place(self, face: Face) -> Box:
        """On whole pixels, so that a patch of the frame's own size is an exact copy."""
        box = _surroundings(_lips_of(face))
        (x, y), (width, height) = box.centre, self.size
        scale = max(1.0, box.width / width, box.height / height)
        left, top = x - scale * width / 2, y - scale * height / 2
        if scale == 1:
            left, top = round(left), round(top)
        return Box(top, top + scale * height, left, left + scale * width)

    def cut(self, frame: Frame, place: Box) -> Picture:
        rect = place.inside(frame.width, frame.height)
        if rect is None:  # nothing of it shows
            return np.zeros((*self.size[::-1], 3), np.uint8)
        region = frame.region(rect)
        if place.width == self.size[0]:
            return _padded(region, rect, place)
        flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
        matrix = self._to_pixels(place, rect)
        warped = cv2.warpAffine(
            region, matrix, self.size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.clip(np.rint(warped), 0, 255).astype(np.uint8)

    def blend(self, change: Change, settings: BlendSettings) -> Frame:
        frame, place = change.frame, self.place(change.face)
        changed = _changed_part(change)
        rect = changed and self._in_frame(changed, place).inside(frame.width, frame.height)
        if rect is None:
            return frame
        return frame.with_change(rect, self._difference(change, place, rect))

    def _in_frame(self, part: Rect, place: Box) -> Box:
        """Where a part of the patch lies in the frame."""
        scale = place.width / self.size[0]
        border = 0 if scale == 1 else 2 * scale  # as far as the patch's pixels are spread
        return Box(
            place.top + scale * part.top - border,
            place.top + scale * part.bottom + border,
            place.left + scale * part.left - border,
            place.left + scale * part.right + border,
        )

    def _difference(self, change: "Change", place: Box, rect: Rect) -> Region:
        """What the patch changed, at the frame's pixels `rect`."""
        if place.width == self.size[0]:
            top, left = rect.top - round(place.top), rect.left - round(place.left)
            part = slice(top, top + rect.size[1]), slice(left, left + rect.size[0])
            return _subtracted(change.patch[part], change.source[part])
        difference = _subtracted(change.patch, change.source)
        matrix = self._to_pixels(place, rect)
        return np.asarray(
            cv2.warpAffine(difference, matrix, rect.size, flags=cv2.INTER_CUBIC), np.float32
        )

    def _to_pixels(self, place: Box, rect: Rect) -> NDArray[np.float64]:
        """From the patch to the frame's pixels `rect`, for cv2.warpAffine."""
        to_frame = Affine.size_to_box(self.size, place)
        return to_frame.then(Affine.shift(-rect.left, -rect.top)).warp_matrix()


def _changed_part(change: Change) -> Rect | None:
    """The smallest part of the patch that holds all changes, if there are any."""
    height, width = change.patch.shape[:2]
    changed = cv2.absdiff(change.patch, change.source).reshape(height, -1)
    rows = np.flatnonzero(changed.max(axis=1))
    columns = np.flatnonzero(changed.max(axis=0).reshape(width, -1).max(axis=1))
    if not len(rows):
        return None
    return Rect(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _subtracted(first: Picture, second: Picture) -> Region:
    return np.asarray(cv2.subtract(first, second, dtype=cv2.CV_32F), np.float32)


def _padded(region: Region, rect: Rect, place: Box) -> Picture:
    """The pixels of `rect`, with its border repeated to fill the place."""
    border = (
        rect.top - round(place.top),
        round(place.bottom) - rect.bottom,
        rect.left - round(place.left),
        round(place.right) - rect.right,
    )
    pixels = np.asarray(cv2.convertScaleAbs(region), np.uint8)  # rounded, as nothing is below 0
    if any(border):
        pixels = cv2.copyMakeBorder(pixels, *border, cv2.BORDER_REPLICATE)  # type: ignore[assignment]
    return pixels


def _sampled(track: FaceTrack) -> Iterator[Face]:
    """Faces of a track, evenly spaced: not all of a long one."""
    frames = np.flatnonzero(track.has_face)
    for frame in frames[:: max(1, len(frames) // SAMPLES)].tolist():
        face = track[frame]
        if face is not None:
            yield face


def _lips_of(face: Face) -> Lips:
    return face.lips or average_lips(face.landmarks)


def _gap(lips: Lips) -> float:
    return Contours.of(lips, MouthAxes.of(lips)).gap


def _rest_gap(gaps: Gaps) -> float:
    """What a speaker's lips come back to; a still keeps what it shows."""
    rest = float(np.percentile(gaps, REST))
    return rest if rest > CLOSED or np.ptp(gaps) == 0 else 0.0


def _notices(gaps: Gaps) -> tuple[str, ...]:
    narrow, wide = np.percentile(gaps, [10, 90])
    if wide - narrow < SPEAKING:
        return ()
    share = float((gaps > WIDE).mean())
    too_wide = f"; in {share:.0%} of the frames it is too wide open to close cleanly"
    return (SPEAKS + (too_wide if share >= 0.005 else ""),)


@lru_cache(maxsize=64)  # asked for when a mouth is cut out, and when it comes back
def _surroundings(lips: Lips) -> Box:
    """All that a speaking mouth moves, and a border that stays."""
    axes = MouthAxes.of(lips)
    bottom = float(axes.from_pixels(lips.mesh(CHIN))[0, 1]) + BELOW_CHIN
    corners = axes.to_pixels(
        np.array([(-BESIDE, -ABOVE), (BESIDE, -ABOVE), (BESIDE, bottom), (-BESIDE, bottom)])
    )
    return Box.around(corners)
