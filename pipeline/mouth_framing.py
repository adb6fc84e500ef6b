"""The surroundings of a mouth, which the puppet moves in the frame's own samples."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from base.generator import WHOLE_PATCH
from base.geometry import Affine, Box, Picture, Rect
from base.lips import CHIN, Lips
from base.packing import PlaneAfterPlane
from base.planes import Cell, PlanePart, Samples
from blending.methods import BlendSettings
from faces.face import Face, FaceTrack
from pipeline.framing import Change, Size
from puppet.average import average_lips
from puppet.contours import Contours, MouthAxes
from video.yuv import Frame

# Around a mouth, in its own unit: all that its jaw moves, and a border that stays.
BESIDE, ABOVE, BELOW_CHIN = 0.9, 0.5, 0.45
LARGEST = 768  # pixels: larger surroundings of a mouth are reduced
WHOLE_CELLS = 4  # pixels: patches begin and end on chroma samples in any layout
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

Gaps = NDArray[np.float64]  # (faces,)


@dataclass(frozen=True)
class MouthFraming:
    """What a mouth moves, in the frame's own samples; the change is added to the frame."""

    size: Size  # of every patch
    rest_gap: float = 0.0
    notices: tuple[str, ...] = ()

    @classmethod
    def of(cls, track: FaceTrack) -> "MouthFraming":
        sampled = [_lips_of(face) for face in _sampled(track)]
        boxes = [_surroundings(lips) for lips in sampled]
        room = ROOM if len(track) > len(sampled) else 1.0
        width, height = (
            min(LARGEST, _whole_cells(room * max(sides)) + WHOLE_CELLS)
            for sides in zip(*((box.width, box.height) for box in boxes), strict=True)
        )
        gaps = np.array([_gap(lips) for lips in sampled])
        return cls((width, height), _rest_gap(gaps), _notices(gaps))

    def visible(self, track: FaceTrack, settings: BlendSettings, size: Size) -> Rect:
        return WHOLE_PATCH  # the puppet makes whole patches of any size

    def place(self, face: Face) -> Box:
        """On whole cells, so that a patch of the frame's own size is an exact copy."""
        box = _surroundings(_lips_of(face))
        (x, y), (width, height) = box.centre, self.size
        scale = max(1.0, box.width / width, box.height / height)
        left, top = x - scale * width / 2, y - scale * height / 2
        if scale == 1:
            left, top = _whole_cells(left), _whole_cells(top)
        return Box(top, top + scale * height, left, left + scale * width)

    def packing(self, frame: Frame) -> PlaneAfterPlane:
        samples = frame.samples
        return PlaneAfterPlane(self.size, len(samples.planes), samples.cell, samples.colors)

    def cut(self, frame: Frame, place: Box) -> Picture:
        packing = self.packing(frame)
        rect = place.inside(frame.width, frame.height)
        if rect is None:  # nothing of it shows
            kind = frame.samples.planes[0].dtype
            return packing.pack([np.zeros(shape, kind) for shape in packing.shapes])
        return packing.pack(
            [window.cut(samples) for window, samples in self._windows(frame, place, rect)]
        )

    def blend(self, change: Change, settings: BlendSettings) -> Frame:
        frame, place, packing = change.frame, self.place(change.face), self.packing(change.frame)
        source, patch = packing.unpack(change.source), packing.unpack(change.patch)
        changed = source.differing(patch)
        rect = changed and self._in_frame(changed, place, packing.cell).inside(*frame.samples.size)
        if rect is None:
            return frame
        windows = self._windows(frame, place, rect)
        planes = zip(windows, source.planes, patch.planes, strict=True)
        changes = [window.change(before, after) for (window, _), before, after in planes]
        return frame.with_changed_samples(rect, changes)

    def _in_frame(self, part: Rect, place: Box, cell: Cell) -> Box:
        """Where a part of the patch lies in the frame."""
        scale = place.width / self.size[0]
        border = 0 if scale == 1 else 2 * scale * max(cell)  # as far as samples are spread
        return Box(
            place.top + scale * part.top - border,
            place.top + scale * part.bottom + border,
            place.left + scale * part.left - border,
            place.left + scale * part.right + border,
        )

    def _windows(self, frame: Frame, place: Box, rect: Rect) -> Iterator[tuple["_Window", Samples]]:
        """For each plane where the patch lies in it, and its samples at the frame's pixels."""
        for part in frame.plane_parts(rect):
            window = self._window(part, place)
            yield from ((window, samples) for samples in part.samples)

    def _window(self, part: PlanePart, place: Box) -> "_Window":
        (width, height), (across, along) = self.size, part.cell
        in_plane = Box(
            place.top / along, place.bottom / along, place.left / across, place.right / across
        )
        return _Window(part.cells, in_plane, (width // across, height // along))


@dataclass(frozen=True)
class _Window:
    """Where a patch lies in a plane: all in the plane's samples."""

    rect: Rect  # the part of the plane that it meets
    place: Box
    size: Size  # of the patch

    @property
    def is_exact(self) -> bool:
        """Whether a sample of the patch is one of the plane."""
        return self.place.width == self.size[0]

    def cut(self, samples: Samples) -> Samples:
        """The plane's part as the patch takes it."""
        if self.is_exact:
            return self._padded(samples)
        reduced = cv2.warpAffine(
            samples.astype(np.float32),
            self._to_rect(),
            self.size,
            flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(np.rint(reduced), samples.dtype)

    def change(self, source: Samples, patch: Samples) -> Samples:
        """What the patch changed, at the plane's part."""
        if self.is_exact:
            rows, columns = self.rect.slices
            top, left = round(self.place.top), round(self.place.left)
            inside = (
                slice(rows.start - top, rows.stop - top),
                slice(columns.start - left, columns.stop - left),
            )
            return cv2.subtract(patch[inside], source[inside], dtype=cv2.CV_32F)
        difference = cv2.subtract(patch, source, dtype=cv2.CV_32F)
        return cv2.warpAffine(difference, self._to_rect(), self.rect.size, flags=cv2.INTER_CUBIC)

    def _padded(self, samples: Samples) -> Samples:
        """With its border repeated to fill the place."""
        rect, place = self.rect, self.place
        border = (
            rect.top - round(place.top),
            round(place.bottom) - rect.bottom,
            rect.left - round(place.left),
            round(place.right) - rect.right,
        )
        if not any(border):
            return samples
        return cv2.copyMakeBorder(samples, *border, cv2.BORDER_REPLICATE)

    def _to_rect(self) -> NDArray[np.float64]:
        """From the patch to the plane's part, for cv2.warpAffine."""
        to_plane = Affine.size_to_box(self.size, self.place)
        return to_plane.then(Affine.shift(-self.rect.left, -self.rect.top)).warp_matrix()


def _whole_cells(pixels: float) -> int:
    return WHOLE_CELLS * round(pixels / WHOLE_CELLS)


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
