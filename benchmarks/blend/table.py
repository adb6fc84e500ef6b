"""The figures of the blend methods as tables in Markdown."""

from collections.abc import Sequence

from benchmarks.blend.measure import Row
from benchmarks.blend.verdict import (
    BASE,
    MethodDifference,
    MethodLimit,
    mean_of_meter,
    mean_of_score,
    methods_in,
    select_rows,
    sizes_in,
)
from benchmarks.markdown import markdown_table
from quality.meters import METERS

SCORES = {  # of Row: its heading and the digits that are shown
    "mask_edge_step": ("step at the mask", 2),
    "coverage": ("coverage", 3),
    "old_mouth": ("old mouth", 2),
    "mouth_detail": ("mouth detail", 2),
    "halo": ("halo", 1),
    "mask_edge_colour": ("colour at the mask", 2),
    "skin_detail": ("skin detail", 2),
    "outside_mask": ("outside", 0),
    "skin_flicker": ("skin flicker", 2),
    "ms": ("ms", 2),
}


def score_table(rows: Sequence[Row]) -> str:
    """The scores of every method and size, mean over the faces."""
    titles = [title for title, _ in SCORES.values()]
    heads = ["face", "method", *titles, f"mouth detail / {BASE}"]
    return markdown_table(heads, [_score_cells(rows, *key) for key in _methods_and_sizes(rows)])


def _score_cells(rows: Sequence[Row], method: str, size: int) -> list[str]:
    chosen, base = select_rows(rows, method, size), select_rows(rows, BASE, size)
    cells = [f"{mean_of_score(chosen, name):.{digits}f}" for name, (_, digits) in SCORES.items()]
    detail = mean_of_score(chosen, "mouth_detail")
    crisper = detail / max(mean_of_score(base, "mouth_detail"), 1e-6) if base else 1.0
    return [f"{size} px", method, *cells, f"{crisper:.2f}"]


def meter_table(rows: Sequence[Row]) -> str:
    """The figures of the meters of `quality` for every method and size, mean over the faces."""
    heads = ["face", "method", *(name.replace("_", " ") for name in METERS)]
    return markdown_table(heads, [_meter_cells(rows, *key) for key in _methods_and_sizes(rows)])


def _meter_cells(rows: Sequence[Row], method: str, size: int) -> list[str]:
    means = [mean_of_meter(select_rows(rows, method, size), name) for name in METERS]
    return [f"{size} px", method, *("-" if mean is None else f"{mean:.2f}" for mean in means)]


def _methods_and_sizes(rows: Sequence[Row]) -> list[tuple[str, int]]:
    return [
        (method, size)
        for size in sizes_in(rows)
        for method in methods_in(rows)
        if select_rows(rows, method, size)
    ]


def limit_table(limits: Sequence[MethodLimit]) -> str:
    """Every limit that was missed, or a sentence that none was."""
    missed = [limit for limit in limits if not limit.passed]
    if not missed:
        return f"all {len(limits)} limits are kept"
    heads = ["missed", "method", "face", "is", "limit"]
    cells = [
        [limit.what, limit.method, f"{limit.size} px", f"{limit.figure:.3f}", limit.allowed]
        for limit in missed
    ]
    return f"{len(missed)} of {len(limits)} limits are missed:\n\n{markdown_table(heads, cells)}"


def difference_table(differences: Sequence[MethodDifference]) -> str:
    """The scores in which each method is better or worse than the base method."""
    heads = ["face", "method", f"better than {BASE}", f"worse than {BASE}"]
    cells = [
        [f"{d.size} px", d.method, ", ".join(d.better) or "-", ", ".join(d.worse) or "-"]
        for d in differences
    ]
    return markdown_table(heads, cells)
