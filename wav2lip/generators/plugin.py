"""Generators of other packages: functions of plain values, none of which is ours.

A plug-in is a function `(checkpoint, device) -> generate`, the checkpoint a path as text or None.
`generate(mels, faces, landmarks)` gets windows (n, 80, 16) float32, faces (n, 96, 96, 3) uint8 BGR
and five points of each (n, 5, 2) in its pixels, and returns the faces with their new mouths.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from base.generator import Batch, Generator, Patches
from base.plugins import load_plugin, package_of, plugin_errors
from wav2lip.generators.prepared import PreparedEngine, Scene
from wav2lip.generators.settings import EngineSettings


def prepare_plugin(name: str, settings: EngineSettings) -> PreparedEngine:
    """EngineError if the plug-in cannot be loaded, or refuses the checkpoint."""
    begin, package = load_plugin("generators", name), package_of("generators", name)
    checkpoint = None if settings.checkpoint is None else str(settings.checkpoint)
    with plugin_errors(name, package):
        generate = begin(checkpoint, settings.device)

    def patches(batches: Iterable[Batch]) -> Iterator[Patches]:
        for batch in batches:
            with plugin_errors(name, package):
                made = np.asarray(generate(batch.mels, batch.faces.copy(), batch.landmarks))
                if made.shape != batch.faces.shape or made.dtype != np.uint8:
                    raise TypeError(f"it returned {made.dtype} {made.shape}")
            yield made

    def generator(scene: Scene) -> Generator:
        return patches

    return PreparedEngine(generator)
