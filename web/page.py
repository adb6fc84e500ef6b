"""The page: one file, whose own style and script alone may run."""

import base64
import hashlib
import re
from pathlib import Path

PAGE = Path(__file__).with_name("page.html")
INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)


def page_and_policy() -> tuple[str, str]:
    """The page's text, and the Content-Security-Policy that it is served with."""
    text = PAGE.read_text("utf-8")
    hashes: dict[str, str] = {}
    for kind, content in INLINE.findall(text):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        hashes[kind] = f"{hashes.get(kind, '')} 'sha256-{digest}'"
    policy = (
        f"default-src 'none'; script-src{hashes['script']}; style-src{hashes['style']};"
        " img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self';"
        " frame-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return text, policy
