"""Fill an HTML template safely, and embed pictures in it."""

import base64
from pathlib import Path

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from base.geometry import Picture


def render_template(template: Path, values: dict[str, object]) -> str:
    """The template's HTML with the values in it, escaped, so that no value can act as markup."""
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(values)


def data_uri(picture: Picture | NDArray[np.uint8], quality: int = 85) -> str:
    """The picture as a JPEG inside a data: address, so that a page needs no other file."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
