"""All figures of a real run, measured in one pass."""

from dataclasses import replace
from fractions import Fraction

import pytest

from quality.comparison import Comparison, compared_frames
from quality.measurement import measure
from tests.quality.puppet_run import run_puppet


@pytest.mark.slow
def test_a_lag_that_was_asked_for_does_not_count(tmp_path):
    comparison, _ = run_puppet(tmp_path, seconds=3.6, audio_offset=200)
    assert measure(comparison).sync.lag_ms > 150
    corrected = measure(replace(comparison, mouth_delay=Fraction(1, 5)))
    assert corrected.sync.confidence > 0.5 and abs(corrected.sync.lag_ms) < 40


@pytest.mark.slow
def test_a_still_is_cut_once_and_without_a_source_the_rest_is_measured(tmp_path):
    comparison, _ = run_puppet(tmp_path, seconds=2.4)
    first, second = list(compared_frames(comparison))[:2]
    assert first.source_crop is second.source_crop is not None
    values = measure(Comparison(comparison.result)).values
    measured = {name for name, value in values.items() if value is not None}
    assert measured >= {"sync_confidence", "ends_apart_ms", "share_of_speech_moving"}
    assert not measured & {"seam", "colour_step", "double_mouth", "untouched_psnr"}
