"""What a worker keeps from job to job: compiled engines and detectors, a bounded number of each."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from base.cache import Cached
from base.geometry import Rect
from faces.detector import Detector, DetectorSettings
from faces.detectors import DETECTORS
from pipeline.options import Options
from pipeline.run import Stages
from pipeline.stages import WITHOUT_WEIGHTS, stages_of
from wav2lip.generators import PREPARERS, EngineSettings
from wav2lip.generators.batch import Generator
from wav2lip.generators.prepared import Engine, Prepared
from workers.stamps import stamp
from workers.turns import taken

ENGINES, FINDERS = 2, 2  # a compiled network takes 150 MB
T = TypeVar("T")


class Bounded(Generic[T]):
    """The values used last; the oldest goes before another is made."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._kept)

    def get(self, key: Hashable, make: Callable[[], T]) -> tuple[T, str]:
        """The value, and whether it was resident or had to be loaded."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key], "resident"
        while len(self._kept) >= self._most:
            self._kept.popitem(last=False)
        self._kept[key] = make()
        return self._kept[key], "loaded"


class Resident:
    """Makes the stages of one job after another."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._limited = False
        self._engines: Bounded[Generator] = Bounded(ENGINES)
        self._detectors: Bounded[Detector] = Bounded(FINDERS)
        self.loads: dict[str, str] = {}  # of the current job: resident or loaded
        self.notices: list[str] = []

    def stages_of(self, options: Options) -> Stages:
        """As the command's own, with what is resident already."""
        self.loads, self.notices = {}, []
        return stages_of(options, self._engine, self._detector)

    def _engine(self, name: str, asked: str, settings: EngineSettings) -> "Held":
        if name == "puppet" and asked == "auto":
            self.notices.append(WITHOUT_WEIGHTS)
        self._limit(name == "openvino")
        return Held(self._engines, name, settings, self.loads)

    def _detector(self, name: str, settings: DetectorSettings) -> Detector:
        self._limit(True)
        key = name, settings
        detector, how = self._detectors.get(key, lambda: DETECTORS[name](settings))
        self.loads["detector"] = how
        return detector

    def _limit(self, openvino: bool) -> None:
        """This worker's share of the cores; which of them computes changes no pixel."""
        if openvino and not self._limited:
            from base.openvino import core

            core().set_property("CPU", {"INFERENCE_NUM_THREADS": self._threads})
            self._limited = True


class Held:
    """The two steps of an engine, of which only what is not resident is done."""

    def __init__(
        self,
        engines: Bounded[Generator],
        name: str,
        settings: EngineSettings,
        loads: dict[str, str],
    ) -> None:
        self._engines, self._loads = engines, loads
        self._weights = name, settings, stamp(settings.checkpoint)
        self._engine = Engine(lambda: _prepared(name, settings))

    def prepare(self) -> Cached:
        known = any(isinstance(key, tuple) and key[0] == self._weights for key in self._engines)
        return "hit" if known else self._engine.prepare()

    def generator(self, shown: Rect) -> Generator:
        key = self._weights, shown
        made, how = self._engines.get(key, lambda: self._engine.generator(shown))
        self._loads["engine"] = how
        return made


def _prepared(name: str, settings: EngineSettings) -> Prepared:
    if name != "openvino":
        return PREPARERS[name](settings)
    with taken(settings):
        return PREPARERS[name](settings)
