"""What a number stands for: damaged files and the command's words, the same in every campaign."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from random import Random

from base.geometry import Picture
from blending.methods import BLENDERS
from command.cli import main
from faces.detectors import DETECTORS
from faces.face import Face
from tests.campaigns.fuzz import checkpoints, seeds
from tests.campaigns.fuzz.children import Job, made_in_child
from tests.campaigns.fuzz.mutations import mutated
from tests.campaigns.fuzz.seeds import Seed
from wav2lip.generators import PREPARERS, EngineSettings
from wav2lip.generators.prepared import PreparedEngine

WHOLE_COMMAND = 20  # of so many cases, one with the real detector and engine


@dataclass(frozen=True)
class Good:
    """Files to begin with."""

    videos: list[Seed]
    sounds: list[Seed]
    pictures: list[Seed]
    strange: list[Seed]


@dataclass(frozen=True)
class Case:
    """A kind of damage, and the job that meets it."""

    kind: str
    job: Job


def media_case(campaign: int, number: int, folder: Path) -> Case:
    """A damaged face, sound, or both."""
    random = Random(f"{campaign} media {number}")
    role = random.choice(("face", "face", "face", "audio", "audio", "both", "strange"))
    if role == "strange":
        return strange_case(number, random, folder)
    face, sound, kind = random.choice(stills()), good_sound(), ""
    if role in ("face", "both"):
        face = random.choice(faces())
        kind, content = mutated(face.content, random, contents())
        face = Seed(face.name, content)
    if role in ("audio", "both"):
        sound = random.choice(speakable())
        kind, content = mutated(sound.content, random, contents())
        sound = Seed(sound.name, content)
    return made(kind, number, random, folder, face, sound)


def strange_case(number: int, random: Random, folder: Path) -> Case:
    """Whole files of the wrong kind, now and then damaged besides."""
    pool = [*good().strange, *faces(), *speakable()]
    face, sound = random.choice(pool), random.choice(pool)
    if random.random() < 0.5 and face.content:
        face = Seed(face.name, mutated(face.content, random, contents())[1])
    return made("file of another kind", number, random, folder, face, sound)


def made(kind: str, number: int, random: Random, folder: Path, face: Seed, sound: Seed) -> Case:
    folder.mkdir()
    names = {"face": f"face-{face.name}", "audio": f"sound-{sound.name}"}
    (folder / names["face"]).write_bytes(face.content)
    (folder / names["audio"]).write_bytes(sound.content)
    words = [f"--{flag}={name}" for flag, name in names.items()]
    ending = random.choice(("mp4", "mp4", "mp4", "mkv", "mov", "avi"))
    words += [f"--outfile=result/it.{ending}", "--engine=puppet", "--preset=ultrafast"]
    words += ["--box", "10", "70", "20", "80", *flags(random)]
    return Case(kind, Job(f"media-{number}", folder, partial(spoken, words, number)))


def flags(random: Random) -> list[str]:
    """What else the user asks for, most often nothing."""
    wishes = [
        ["--static"],
        ["--loop=pingpong"],
        ["--loop=freeze"],
        ["--rotate"],
        ["--resize_factor=2", "--box", "2", "30", "2", "30"],
        ["--crop", "0", "-1", "10", "-1"],
        [f"--blend_method={random.choice(tuple(BLENDERS))}"],
        ["--report=result/report.json"],
        ["--progress=json"],
        ["--encoder=ffv1", "--outfile=result/it.mkv"],
    ]
    chosen = random.sample(wishes, random.choice((0, 0, 0, 1, 2)))
    kept = [] if random.random() < 0.2 else ["--no_cache"]
    return [*kept, *(word for wish in chosen for word in wish)]


def checkpoint_case(campaign: int, number: int, folder: Path) -> Case:
    """A damaged or hostile checkpoint."""
    random = Random(f"{campaign} checkpoint {number}")
    folder.mkdir()
    (folder / "face.png").write_bytes(stills()[0].content)
    (folder / "sound.wav").write_bytes(good_sound().content)
    kind = checkpoints.placed(folder / "weights.pth", random)
    words = ["--face=face.png", "--audio=sound.wav", "--outfile=result/it.mp4", "--no_cache"]
    words += ["--engine=openvino", "--checkpoint_path=weights.pth", "--preset=ultrafast"]
    words += ["--box", "10", "70", "20", "80"]
    return Case(kind, Job(f"checkpoint-{number}", folder, partial(spoken, words, number)))


KINDS: dict[str, Callable[[int, int, Path], Case]] = {
    "media": media_case,
    "checkpoint": checkpoint_case,
}


def spoken(words: Sequence[str], number: int) -> int:
    """The whole command; in most cases with a detector that sees nothing in the given box, and
    with an engine that reads its checkpoint and leaves the mouth alone."""
    if number % WHOLE_COMMAND:
        DETECTORS["mtcnn"] = lambda _: Blind()
        PREPARERS["openvino"] = read_only
    return main(words)


class Blind:
    """Sees no face."""

    def detect(self, _: Picture) -> list[Face]:
        return []

    def refine(self, _: Picture, __: Face) -> Face | None:
        return None


def read_only(settings: EngineSettings) -> PreparedEngine:
    checkpoints.read(settings)
    return PreparedEngine(lambda _: lambda batches: (batch.faces for batch in batches))


def faces() -> list[Seed]:
    return [*good().videos * 2, *good().pictures]


def speakable() -> list[Seed]:
    return [*good().sounds, *(seed for seed in good().videos if seeds.VIDEOS[seed.name][2])]


def stills() -> list[Seed]:
    return good().pictures


def good_sound() -> Seed:
    return good().sounds[0]


def contents() -> list[bytes]:
    return [seed.content for seed in (*faces(), *speakable()) if len(seed.content) < 20_000]


@lru_cache
def good() -> Good:
    return made_in_child(
        lambda: Good(seeds.videos(), seeds.sounds(), seeds.pictures(), seeds.strange())
    )
