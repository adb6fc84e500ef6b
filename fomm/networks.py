"""First Order Motion's networks, the user's own: checked, and run on arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from base.errors import EngineError
from base.geometry import Picture, Region
from fomm.motion import Floats, KeyPoints
from networks.loading import require_torch
from networks.pictures import as_input, as_region
from networks.running import Run

FLAG = "--animate fomm"


@dataclass(frozen=True, eq=False)
class SourceFeatures:
    """What all frames take from the source picture, computed once."""

    features: Floats  # (1, 256, 64, 64)
    quarter: Floats  # (1, 3, 64, 64)
    points: KeyPoints


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks, ready to run."""

    path: Path  # of their file
    detector: Run
    encoder: Run
    motion: Run
    painter: Run

    def key_points(self, picture: Picture) -> KeyPoints:
        """In a square of 256 pixels."""
        places, jacobians = self.detector(as_input(picture))
        return self._checked(KeyPoints(places[0], jacobians[0]))

    def source(self, picture: Picture) -> SourceFeatures:
        features, quarter = self.encoder(as_input(picture))
        return SourceFeatures(features, quarter, self.key_points(picture))

    def picture(self, source: SourceFeatures, wanted: KeyPoints) -> Region:
        """The source, its key points moved to the wanted ones: BGR in 0..255."""
        own, wanted = source.points, self._checked(wanted)
        deformation, occlusion = self.motion(
            source.quarter,
            own.places[None],
            own.jacobians[None],
            wanted.places[None],
            wanted.jacobians[None],
        )
        (made,) = self.painter(source.features, deformation, occlusion)
        if not np.isfinite(made).all():
            raise self._no_number()
        return as_region(made)

    def _checked(self, points: KeyPoints) -> KeyPoints:
        if not points.are_numbers:
            raise self._no_number()
        return points

    def _no_number(self) -> EngineError:
        return EngineError(f"{self.path}: the network gave what is no number; get the file again")


def load_networks(path: Path, device: str, half: bool) -> Networks:
    """EngineError, in a line, for a file that is damaged or of another network."""
    require_torch(FLAG)
    from fomm.loading import load_runs  # torch

    return Networks(path, **load_runs(path, device, half))
