"""Make speech/data/english.zip from the dictionary in the package pocketsphinx.

.venv/bin/python -m maintenance.make_dictionary
"""

import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from speech.pronunciation import DICTIONARY, LETTERS, PHONES

SOURCE = "model/en-us/cmudict-en-us.dict"
EPOCH = (2026, 1, 1, 0, 0, 0)  # so that the same words make the same file


def entries(path: Path) -> Iterator[tuple[str, str]]:
    """Each word with its first pronunciation, a letter for a phone."""
    codes = dict(zip(PHONES, LETTERS, strict=True))
    for line in path.read_text("ascii").splitlines():
        word, *phones = line.split()
        if "(" not in word and "a" <= word[0] <= "z":
            yield word, "".join(codes[phone] for phone in phones)


def main() -> None:
    spec = find_spec("pocketsphinx")
    assert spec is not None and spec.origin is not None, "pocketsphinx is not installed"
    words = sorted(entries(Path(spec.origin).parent / SOURCE))
    DICTIONARY.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(DICTIONARY, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for first, group in groupby(words, key=lambda entry: entry[0][0]):
            text = "\n".join(f"{word} {sounds}" for word, sounds in group)
            archive.writestr(zipfile.ZipInfo(first, EPOCH), text, zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
