"""`--box`: the face's place in the picture, as the user gives it."""

from typing import Any

from base.errors import UsageError

Four = tuple[int, int, int, int]

UNSET_BOX: Four = (-1, -1, -1, -1)


def check_box(box: Four) -> None:
    """UsageError for a box without a pixel."""
    if box == UNSET_BOX:
        return
    top, bottom, left, right = box
    if min(box) < 0 or top >= bottom or left >= right:
        raise UsageError(
            f"--box must be top bottom left right with top < bottom and left < right,"
            f" got {' '.join(map(str, box))}"
        )


def reorder_box(values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Reorder a `--box` in the order that the former program took: right left bottom top."""
    box: Four = values["box"]
    first, second, third, fourth = box
    if not (first > second and third > fourth and min(box) >= 0):
        return values, []
    turned = (fourth, third, second, first)
    words = "--box was read as right left bottom top; the documented order is top bottom left right"
    return {**values, "box": turned}, [f"{words}: {' '.join(map(str, turned))}"]
