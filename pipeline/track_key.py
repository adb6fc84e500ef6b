"""Which kept track belongs to a run: the clip's content and all that decides what is seen in it."""

from collections.abc import Iterator
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from faces.cache import Entry, stamp_of
from pipeline.options import Options
from video.source import Source

WHOLE = 256 << 20  # bytes, read in 0.3 s; of a larger clip the ends and the times tell
PIECE = 1 << 20
ROOT = Path(__file__).parent.parent
# a track of other code is another track
CODE = ("faces/*.py", "video/*.py", "base/geometry.py", "base/media.py")
WEIGHTS = ("mtcnn", "face_alignment")  # packages that bring a detector's


def entry_for(folder: Path | None, options: Options, source: Source, side: int) -> Entry | None:
    """The entry in the cache `folder` for faces looked for in frames reduced to `side`."""
    if folder is None:
        return None
    try:
        stamp = stamp_of(source.path)
        facts = (content_of(source.path), code(), *weights(), side, *seen_as(options, source))
    except OSError:  # a clip that can no longer be read is told where its frames are wanted
        return None
    key = blake2b(repr(facts).encode(), digest_size=16).hexdigest()
    return Entry(folder / "tracks" / key, source.path, stamp)


def seen_as(options: Options, source: Source) -> Iterator[object]:
    """What the user can change about it; smoothing and pads come later."""
    yield source.width, source.height
    yield None if source.still else source.fps
    yield options.resize_factor, options.rotate, options.crop
    yield options.face_detector
    yield options.face_box or (options.face_det_stride, options.face_select)


def content_of(clip: Path) -> str:
    """Changes with any byte of the file; of a large one, whenever it is written to."""
    facts = clip.stat()
    digest = blake2b(digest_size=16)
    with clip.open("rb") as file:
        if facts.st_size > WHOLE:
            digest.update(repr((facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)).encode())
            digest.update(file.read(PIECE))
            file.seek(-PIECE, 2)
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def code() -> str:
    digest = blake2b(digest_size=16)
    for path in sorted(path for pattern in CODE for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def weights() -> Iterator[tuple[str, int, int]]:
    """Change with what is installed; to ask for versions would take as long as all the rest."""
    for package in WEIGHTS:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            start = Path(spec.origin)
            for path in [start, *sorted(start.parent.glob("assets/weights/*"))]:
                facts = path.stat()
                yield path.name, facts.st_size, facts.st_mtime_ns
