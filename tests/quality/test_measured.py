"""All figures of a real run together."""

from dataclasses import replace
from fractions import Fraction

from quality.measured import measured
from quality.view import View, sights
from tests.quality.spoken import spoken


def test_a_lag_that_was_asked_for_is_none(tmp_path):
    view, _ = spoken(tmp_path, seconds=5.0, audio_offset=200)
    assert measured(view).sync.lag_ms > 150
    asked = measured(replace(view, late=Fraction(1, 5)))
    assert asked.sync.confidence > 0.5 and abs(asked.sync.lag_ms) < 40


def test_a_still_is_cut_once_and_without_a_source_the_rest_is_measured(tmp_path):
    view, _ = spoken(tmp_path, seconds=2.4)
    first, second = list(sights(view))[:2]
    assert first.before is second.before is not None
    values = measured(View(view.result)).values
    known = {name for name, value in values.items() if value is not None}
    assert known >= {"sync_confidence", "ends_apart_ms", "share_of_speech_moving"}
    assert not known & {"seam", "colour_step", "double_mouth", "untouched_psnr"}
