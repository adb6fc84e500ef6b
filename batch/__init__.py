"""Folders of videos: a plan of jobs, workers that stay warm, and a journal that outlives them."""

import wav2lip  # noqa: F401  its package's settings must precede numpy
