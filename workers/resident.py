"""What a worker keeps from task to task: a few compiled engines and detectors."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from typing import Generic, TypeVar

from base.cache import Cached
from base.generator import Generator
from faces.detector import Detector, DetectorSettings
from pipeline.settings import Settings
from pipeline.stages import WITHOUT_WEIGHTS, Stages, load_detector, stages_of
from wav2lip.generators import DIFF2LIP, EngineSettings, preparer, scene_key
from wav2lip.generators.prepared import LazyEngine, Scene
from workers.stamps import stamp

MOST_ENGINES, MOST_DETECTORS = 2, 2  # a compiled network takes 260 MB
T = TypeVar("T")


class LruCache(Generic[T]):
    """The values used last; the oldest is dropped before another is loaded."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._values)

    def get(self, key: Hashable, load: Callable[[], T]) -> tuple[T, str]:
        """The value, and whether it was "resident" or had to be "loaded"."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key], "resident"
        while len(self._values) >= self._size:
            self._values.popitem(last=False)
        self._values[key] = load()
        return self._values[key], "loaded"


class ResidentModels:
    """Makes the stages of one task after another from models that stay loaded."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._limited = False
        self._engines: LruCache[Generator] = LruCache(MOST_ENGINES)
        self._detectors: LruCache[Detector] = LruCache(MOST_DETECTORS)
        self.loads: dict[str, str] = {}  # of the current task: resident or loaded
        self.notices: list[str] = []

    def stages_of(self, settings: Settings) -> Stages:
        """The command's own stages, with models that are loaded only where they are not yet."""
        self.loads, self.notices = {}, []
        return stages_of(settings, self._engine, self._detector)

    def _engine(self, name: str, option: str, settings: EngineSettings) -> "CachedEngine":
        if name == "puppet" and option == "auto":
            self.notices.append(WITHOUT_WEIGHTS)
        self._limit(name in ("openvino", DIFF2LIP))
        return CachedEngine(self._engines, name, settings, self.loads)

    def _detector(self, name: str, settings: DetectorSettings) -> Detector:
        self._limit(True)
        key = name, settings
        detector, state = self._detectors.get(key, lambda: load_detector(name, settings))
        self.loads["detector"] = state
        return detector

    def _limit(self, openvino: bool) -> None:
        """Compute on this worker's share of the cores; their number changes no pixel."""
        if openvino and not self._limited:
            from base.openvino import core

            core().set_property("CPU", {"INFERENCE_NUM_THREADS": self._threads})
            self._limited = True


class CachedEngine:
    """An engine's two steps, which do only what is not resident."""

    def __init__(
        self,
        engines: LruCache[Generator],
        name: str,
        settings: EngineSettings,
        loads: dict[str, str],
    ) -> None:
        self._engines, self._name, self._loads = engines, name, loads
        files = settings.checkpoint, settings.visemes, settings.recognised
        stamps = tuple(map(stamp, files))
        self._weights = name, settings, stamps
        self._engine = LazyEngine(partial(preparer(name), settings))

    def prepare(self) -> Cached:
        """Read the weights, unless an engine that was made from them is resident."""
        resident = any(isinstance(key, tuple) and key[0] == self._weights for key in self._engines)
        return "hit" if resident else self._engine.prepare()

    def generator(self, scene: Scene) -> Generator:
        """The generator for this scene."""
        key = self._weights, scene_key(self._name, scene)
        generator, state = self._engines.get(key, lambda: self._engine.generator(scene))
        self._loads["engine"] = state
        return generator
