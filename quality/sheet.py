"""What a page that holds its own pictures needs: a template safely filled, a picture as a link."""

import base64
from pathlib import Path

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from base.geometry import Picture


def filled(template: Path, values: dict[str, object]) -> str:
    """HTML; whatever a value holds is shown as it is."""
    there = FileSystemLoader(template.parent)
    room = Environment(
        loader=there,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return room.get_template(template.name).render(values)


def uri(picture: Picture | NDArray[np.uint8], quality: int = 85) -> str:
    """The picture itself as JPEG, where a page names one."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
