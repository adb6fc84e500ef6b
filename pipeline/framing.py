"""Which part of a frame a generator works on, and how its patch comes back into the frame."""

from dataclasses import dataclass
from typing import Protocol

from base.generator import SIDE, keep_visible
from base.geometry import Affine, Box, Picture, Rect
from base.packing import BGR_PIXELS, Packing
from blending.methods import BlendSettings
from blending.patch import Patch, cut_planes
from blending.texture import Donors, Texture
from faces.face import Face, FaceTrack
from pipeline.visible import rect_in_patch, visible_rect
from video.yuv import Frame

Size = tuple[int, int]  # width and height


class Framing(Protocol):
    """The place of a generator's patches in the frames."""

    @property
    def size(self) -> Size:
        """Of every patch, in pixels."""

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

    def packing(self, frame: Frame, /) -> Packing:
        """How a part cut from this frame lies in its array."""

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

    @property
    def size(self) -> Size:
        return self.side, self.side

    def visible(self, track: FaceTrack, settings: BlendSettings, size: Size) -> Rect:
        return visible_rect(track, settings, *size, side=self.side)

    def place(self, face: Face) -> Box:
        return face.box

    def packing(self, frame: Frame) -> Packing:
        return BGR_PIXELS

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
