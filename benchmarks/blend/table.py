"""The figures as tables in Markdown."""

from collections.abc import Sequence

from benchmarks.blend.measure import Row
from benchmarks.blend.verdict import BASE, Comparison, MethodLine, mean, methods_of, of, sizes_of

COLUMNS = {  # of Row: its heading and how many digits count
    "seam": ("seam", 2),
    "coverage": ("coverage", 3),
    "double_mouth": ("old mouth", 2),
    "sharpness": ("sharpness", 2),
    "gradient": ("gradient", 2),
    "halo": ("halo", 1),
    "colour_step": ("colour step", 2),
    "texture": ("texture", 2),
    "outside": ("outside", 0),
    "flicker": ("flicker", 2),
    "ms": ("ms", 2),
}


def figures(rows: Sequence[Row]) -> str:
    """A line for every method and size, mean over the faces."""
    heads = ["face", "method", *(head for head, _ in COLUMNS.values()), f"sharpness / {BASE}"]
    lines = [
        _figures_line(rows, method, size)
        for size in sizes_of(rows)
        for method in methods_of(rows)
        if of(rows, method, size)
    ]
    return markdown(heads, lines)


def _figures_line(rows: Sequence[Row], method: str, size: int) -> list[str]:
    chosen, base = of(rows, method, size), of(rows, BASE, size)
    cells = [f"{mean(chosen, name):.{digits}f}" for name, (_, digits) in COLUMNS.items()]
    crisper = mean(chosen, "sharpness") / max(mean(base, "sharpness"), 1e-6) if base else 1.0
    return [f"{size} px", method, *cells, f"{crisper:.2f}"]


def judged(lines: Sequence[MethodLine]) -> str:
    """Every limit that was missed, or a word that none was."""
    missed = [line for line in lines if not line.passed]
    if not missed:
        return f"all {len(lines)} limits are kept"
    heads = ["missed", "method", "face", "is", "limit"]
    cells = [
        [line.what, line.method, f"{line.size} px", f"{line.figure:.3f}", line.allowed]
        for line in missed
    ]
    return f"{len(missed)} of {len(lines)} limits are missed:\n\n{markdown(heads, cells)}"


def differences(comparisons: Sequence[Comparison]) -> str:
    heads = ["face", "method", f"better than {BASE}", f"worse than {BASE}"]
    lines = [
        [f"{c.size} px", c.method, ", ".join(c.better) or "-", ", ".join(c.worse) or "-"]
        for c in comparisons
    ]
    return markdown(heads, lines)


def markdown(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Padded, so that it reads well as plain text, too."""
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in (heads, rule, *lines)
    )
