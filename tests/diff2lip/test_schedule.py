"""The steps, their noise, and the way through them, against the reference."""

from fractions import Fraction

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from audio.load import Sound  # noqa: E402
from audio.windows import windows_of  # noqa: E402
from diff2lip.framing import EARLIER, smoothed_boxes  # noqa: E402
from diff2lip.sampling import sample  # noqa: E402
from diff2lip.schedule import DEFAULT_STEPS, Schedule, kept_shares  # noqa: E402
from tests.diff2lip.near import difference  # noqa: E402


def test_the_steps_are_those_of_the_reference(case):
    schedule = Schedule.of(DEFAULT_STEPS)
    assert np.array_equal(schedule.times, case["timestep_map"])
    assert difference(schedule.kept, case["alphas_cumprod25"]) < 1e-12


def test_the_noise_that_each_step_adds_is_that_of_the_reference(case):
    schedule = Schedule.of(DEFAULT_STEPS)
    before = np.array([schedule.kept_before(step) for step in range(len(schedule))])
    betas = 1 - schedule.kept / before
    assert difference(betas, case["betas25"]) < 1e-9
    variances = betas * (1 - before) / (1 - schedule.kept)
    variances[0] = variances[1]  # of the last step there is none
    logarithms = case["posterior_log_variance_clipped25"]
    assert difference(np.log(variances), logarithms) < 1e-9
    betas = np.diff(1 - kept_shares()[:2])[0] / kept_shares()[0]
    assert case["betas1000_first_last"][1] == pytest.approx(betas)


@pytest.mark.parametrize("steps", [1, 2, 7, 25, 999, 1000])
def test_any_number_of_steps_is_spaced_evenly(steps):
    times = Schedule.of(steps).times
    assert len(times) == steps and times[0] == 0 and times[-1] < 1000
    apart = np.diff(np.append(times, 1000))
    assert apart.min() >= 1 and apart.max() - apart.min() <= 1


@pytest.mark.parametrize("steps", [0, 1001])
def test_no_other_number_of_steps(steps):
    with pytest.raises((ValueError, ZeroDivisionError)):
        Schedule(np.arange(steps), np.ones(steps))


def test_every_step_with_a_simple_network_is_that_of_the_reference(case):
    schedule, kept = Schedule.of(DEFAULT_STEPS), kept_shares()
    wanted = torch.from_numpy(case["toy_cond"])

    def predict(noisy, step):
        return float((1 - kept[schedule.times[step]]) ** 0.5) * noisy + 0.05 * wanted

    samples = list(sample(predict, torch.from_numpy(case["toy_noise"]), schedule))
    assert difference(np.stack([one.noisy for one in samples]), case["toy_samples"]) < 3e-5
    assert difference(np.stack([one.clean for one in samples]), case["toy_x0"]) < 1e-4
    assert np.array_equal(schedule.times[::-1], case["toy_timesteps"])
    assert torch.equal(samples[-1].noisy, samples[-1].clean)


def test_boxes_are_smoothed_as_in_the_reference(case):
    before = case["boxes_in"].copy()
    assert np.array_equal(smoothed_boxes(case["boxes_in"]), case["boxes_out"])
    assert np.array_equal(case["boxes_in"], before)


@pytest.mark.parametrize("frames", [1, 3, 5, 6])
def test_few_boxes_are_their_mean(frames):
    boxes = np.arange(4.0 * frames).reshape(frames, 4)
    assert np.allclose(smoothed_boxes(boxes)[0], boxes[:5].mean(0))


def test_windows_begin_as_in_the_reference(case):
    starts = case["mel_starts_400_columns"]
    sound = Sound(np.zeros(16_000 * 6, np.float32))
    windows = windows_of(sound, Fraction(25), earlier=EARLIER)
    assert np.array_equal(windows.starts[: len(starts)], starts)


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(50)])
def test_at_other_rates_windows_begin_as_much_earlier(fps):
    windows = windows_of(Sound(np.zeros(16_000, np.float32)), fps, earlier=EARLIER)
    times = [max(index / fps - Fraction(1, 25), 0) for index in range(15)]
    assert windows.starts[:15].tolist() == [int(80 * time) for time in times]
    assert windows.times([10]).tolist() == [float(10 / fps)]
