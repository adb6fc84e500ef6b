"""A stage that fails in the middle: no frame is lost, and the errors of others are not hidden."""

from collections.abc import Generator
from fractions import Fraction

import numpy as np
import pytest

from base.errors import EngineError, InputError
from stages.skipping import Skippable, Unchanged
from stages.stage import OutputFrame, VideoFormat
from stages.upscale import UpscaleSettings, load_upscale
from tests.cases import each
from video.yuv import Frame

FORMAT = VideoFormat(16, 16, Fraction(25))


def frames(count, error=None):
    for index in range(count):
        yield OutputFrame(index, Frame.of_picture(np.full((16, 16, 3), index, np.uint8)), None)
    if error is not None:
        raise error


class Failing:
    """Takes frames in groups, and fails at one of them; closed once it is no longer needed."""

    def __init__(self, at, error, together=1, times=1):
        self.at, self.error, self.together, self.times = at, error, together, times
        self.closed = False

    def output(self, given):
        return VideoFormat(given.width, given.height, given.fps * self.times)

    def __call__(self, frames) -> Generator[OutputFrame, None, None]:
        group = []
        try:
            for output in frames:
                if output.index == self.at:
                    raise self.error
                group.append(output)
                if len(group) == self.together:
                    yield from (one for one in group for _ in range(self.times))
                    group = []
            yield from (one for one in group for _ in range(self.times))
        finally:
            self.closed = True


class Twice(Failing):
    """Every frame twice, and never fails."""

    def __init__(self):
        super().__init__(None, None, times=2)


ERROR = EngineError("a.onnx: gave what is no number")


@each("at", [0, 1, 4, 9])
@each("together", [1, 3, 4])
def test_no_frame_is_lost(at, together):
    stage = Failing(at, ERROR, together)
    skippable = Skippable(stage, Unchanged(), FORMAT)
    assert [output.index for output in skippable(frames(10))] == list(range(10))
    first = at // together * together
    assert skippable.failure == f"failed at frame {first}: {ERROR}"
    assert stage.closed


def test_a_stage_that_does_not_fail_is_as_it_is():
    skippable = Skippable(Failing(None, None, 3), Unchanged(), FORMAT)
    assert [output.index for output in skippable(frames(10))] == list(range(10))
    assert skippable.failure is None


def test_too_little_memory_is_a_failure():
    skippable = Skippable(Failing(2, RuntimeError("CUDA out of memory")), Unchanged(), FORMAT)
    assert len(list(skippable(frames(5)))) == 5
    assert "out of memory" in skippable.failure


def test_a_bug_and_the_errors_of_the_frames_are_raised():
    with pytest.raises(TypeError):
        list(Skippable(Failing(2, TypeError()), Unchanged(), FORMAT)(frames(5)))
    skippable = Skippable(Failing(None, None, 3), Unchanged(), FORMAT)
    with pytest.raises(InputError):
        list(skippable(frames(5, InputError("damaged"))))
    assert skippable.failure is None


@pytest.mark.parametrize("at", [0, 1, 4, 9])
@pytest.mark.parametrize("together", [1, 3])
def test_a_stage_of_another_rate_keeps_its_count(at, together):
    skippable = Skippable(Failing(at, ERROR, together, times=2), Twice(), FORMAT)
    made = [output.index for output in skippable(frames(10))]
    assert made == [index for index in range(10) for _ in range(2)]


def test_what_stands_in_makes_the_same_format():
    upscale = load_upscale(UpscaleSettings(2), None)
    with pytest.raises(ValueError, match="another format"):
        Skippable(upscale, Unchanged(), FORMAT)
    assert Skippable(upscale, upscale, FORMAT).output(FORMAT).width == 32


def test_closing_it_closes_the_stage():
    stage = Failing(None, None)
    made = Skippable(stage, Unchanged(), FORMAT)(frames(5))
    next(made)
    made.close()
    assert stage.closed
