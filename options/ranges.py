"""The least and the most that an option with a number may be."""

from collections.abc import Mapping
from typing import Any

from base.errors import UsageError
from diff2lip.schedule import TRAINED_STEPS
from sadtalker.manner import STYLES
from speech.voice import FASTEST, HIGHEST, LOWEST, SLOWEST

RANGES: tuple[tuple[str, float, float], ...] = (
    ("fps", 1, 240),
    ("out_fps", 1, 240),
    ("face_det_batch_size", 1, 4096),
    ("wav2lip_batch_size", 1, 4096),
    ("resize_factor", 1, 64),
    ("mouth_region_size", 0.2, 1.0),
    ("blur_intensity", 0, 255),
    ("sharpen_amount", 0, 2),
    ("smooth_window", 1, 99),
    ("silence_threshold", 0, 1),
    ("face_det_stride", 1, 1000),
    ("audio_offset", -5000, 5000),
    ("lip_strength", 0, 2),
    ("enhance_strength", 0, 1),
    ("crf", 0, 51),
    ("idle", 0, 3600.0),
    ("expression_scale", 0, 2),
    ("pose_style", 0, STYLES - 1),
    ("seed", 0, 2**63 - 1),
    ("diffusion_steps", 1, TRAINED_STEPS),
    ("max_pixels", 0, 2**31 - 1),
    ("max_seconds", 0, 1e9),
    ("speaking_rate", SLOWEST, FASTEST),
    ("pitch", LOWEST, HIGHEST),
)


def check_ranges(values: Mapping[str, Any]) -> None:
    """UsageError for a number that is out of its range, or is none."""
    for name, low, high in RANGES:
        value = values[name]
        if value is not None and not low <= value <= high:
            raise UsageError(f"--{name} must be {low} to {high}, got {value}")
