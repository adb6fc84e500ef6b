"""What the method `lips` must gain on held mouths."""

from collections.abc import Iterator, Sequence
from statistics import fmean

from benchmarks.limits import LimitCheck
from benchmarks.truth.measure import Row

BASE, SHARP, CARRIED = "ellipse", "hd", "lips"
GAINS = {0.0: 0.5, 0.7: 1.5, 1.2: 2.5}  # decibels over BASE, by blur
HARMLESS = -0.1  # decibels: SHARP may lose so many against BASE, and CARRIED against SHARP
MOST_FLICKER = 1.1  # of BASE's


def check_limits(rows: Sequence[Row]) -> Iterator[LimitCheck]:
    """Means over clips and sizes decide, for each blur."""
    for blur in sorted({row.blur for row in rows}):
        psnr, flicker = (
            {method: _mean(rows, blur, method, name) for method in (BASE, SHARP, CARRIED)}
            for name in ("psnr", "flicker")
        )
        gain = psnr[CARRIED] - psnr[BASE]
        if blur in GAINS:
            yield LimitCheck(f"{CARRIED} over {BASE}, blur {blur:g}", gain, GAINS[blur], True)
        over_sharp, sharp = psnr[CARRIED] - psnr[SHARP], psnr[SHARP] - psnr[BASE]
        yield LimitCheck(f"{CARRIED} over {SHARP}, blur {blur:g}", over_sharp, HARMLESS, True)
        yield LimitCheck(f"{SHARP} over {BASE}, blur {blur:g}", sharp, HARMLESS, True)
        share = flicker[CARRIED] / max(flicker[BASE], 1e-6)
        yield LimitCheck(f"flicker of {CARRIED} / {BASE}, blur {blur:g}", share, MOST_FLICKER)


def _mean(rows: Sequence[Row], blur: float, method: str, name: str) -> float:
    return fmean(getattr(row, name) for row in rows if (row.blur, row.method) == (blur, method))
