"""A name is a name: whatever it looks like, nothing runs, is fetched or is waited for."""

import json
import os
import shutil
import socket
from pathlib import Path

import av
import pytest

from command.cli import main
from faces.detectors import DETECTORS
from tests.checkpoints import save_other_network
from tests.media import make_picture, make_sound, make_video, numbered
from tests.seers import Blind
from tests.slow import rest_slow

BOX = ("--box", "10", "44", "10", "54")
NAMES = [
    "two words",
    "  ends in a space ",
    'quote\'s "and" `tick`',
    "$(touch pwned);touch pwned|&",
    "line\nbreak\ttab\r",
    "-x",
    "--help",
    "%s%n%03d{0}",
    "größe 声 \u202e",
    os.fsdecode(b"latin-\xff\xfe"),
    "concat:a|b",
    "http:x",
    "pipe:0",
    "file:x",
    "data:,x",
    "subfile,,start,1,end,9,,:x",
    "*?[a]~",
    "\\back\\slash",
]
INPUTS = {"face": 3, "audio": 3, "checkpoint_path": 5}
OUTPUTS = {"outfile": 6, "report": 6}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the command runs, with a good face and sound in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(DETECTORS, "mtcnn", lambda settings: Blind())
    make_picture(tmp_path / "face.png", numbered(1), ".png")
    make_sound(tmp_path / "sound.wav", seconds=0.08)
    return tmp_path


@pytest.fixture
def run(folder, capfd):
    """Exit code and the lines on standard error; standard output is empty."""

    def command(**flags):
        given = {"face": "face.png", "audio": "sound.wav", "outfile": "out/a.mp4", **flags}
        engine = [] if "checkpoint_path" in given else ["--engine=puppet"]
        words = [f"--{flag}={value}" for flag, value in given.items()]
        words += [] if "cache_dir" in given else ["--no_cache"]
        code = main([*words, *engine, *BOX, "--preset=ultrafast"])
        told = capfd.readouterr()
        assert told.out == ""
        return code, told.err.splitlines()

    return command


def refused(run, flag, name, code):
    """One line, at once, and nothing is written."""
    before = everything()
    ended, lines = run(**{flag: name})
    assert ended == code, lines
    assert len(lines) == 1 and lines[0].startswith("error: ") and lines[0].isprintable()
    assert everything() == before
    return lines[0]


def everything():
    return {(path, os.lstat(path).st_size) for path in Path().rglob("*")}


@pytest.mark.parametrize("name", rest_slow(NAMES, 9))
def test_every_file_may_have_any_name(run, folder, name):
    """As typed behind a flag's =, in a folder of such a name, and as the cache's."""
    Path(name).mkdir()
    shutil.copy("face.png", face := f"{name}/{name}.png")
    shutil.copy("sound.wav", sound := f"{name}/{name}.wav")
    Path("face.png").unlink()
    code, lines = run(
        face=face,
        audio=sound,
        outfile=f"{name}/{name}.mp4",
        report=f"{name}/{name}.json",
        cache_dir=f"{name}/{name}",
    )
    assert code == 0, lines
    assert len(lines) == 1 and lines[0].isprintable()
    made = {path.name for path in Path(name).iterdir()}
    assert made == {f"{name}{ending}" for ending in (".png", ".wav", ".mp4", ".json", "")}
    assert {path.name for path in Path().iterdir()} == {name, "sound.wav"}
    assert json.loads(Path(f"{name}/{name}.json").read_text())["outfile"] == f"{name}/{name}.mp4"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("flag", INPUTS)
def test_a_missing_file_of_any_name_is_one_line(run, flag, name):
    refused(run, flag, name, INPUTS[flag])


@pytest.mark.parametrize("flag", INPUTS | OUTPUTS)
@pytest.mark.parametrize("name", ["n" * 4000, "n" * 300, "d/" * 3000 + "n"], ids=len)
def test_a_name_that_is_too_long_is_one_line(run, flag, name):
    line = refused(run, flag, name + ".mp4", (INPUTS | OUTPUTS)[flag])
    assert "too long" in line.lower() or "no file has such a name" in line


@pytest.mark.parametrize("flag", INPUTS | OUTPUTS)
def test_a_name_that_is_too_long_where_the_result_is_there_already(run, folder, flag):
    """Then both are compared."""
    Path("out").mkdir()
    Path("out/a.mp4").touch()
    refused(run, flag, "n" * 4000 + ".mp4", (INPUTS | OUTPUTS)[flag])


@pytest.mark.parametrize("flag", INPUTS | OUTPUTS)
def test_a_name_with_a_null_is_one_line(run, flag):
    refused(run, flag, "a\0b.mp4", (INPUTS | OUTPUTS)[flag])


@pytest.mark.parametrize("name", ["n" * 4000, "a\0b", "face.png", "ring", "/dev/null"], ids=len)
def test_a_cache_that_cannot_be_only_costs_time(run, folder, name):
    Path("ring").symlink_to("ring")
    code, lines = run(cache_dir=name)
    assert code == 0, lines


@pytest.mark.parametrize("flag", ["face", "audio"])
@pytest.mark.parametrize(
    "name",
    [
        "concat:sound.wav",
        "file:sound.wav",
        "http://127.0.0.1:9/a.mp4",
        "pipe:0",
        "data:audio/wav;base64,UklGRg==",
        "subfile,,start,0,end,0,,:sound.wav",
        "crypto:sound.wav",
        "cache:face.png",
        "lavfi:testsrc",
        "async:face.png",
        "tee:face.png",
        "unix:socket",
    ],
)
def test_no_protocol_is_a_protocol(run, flag, name):
    line = refused(run, flag, name, 3)
    assert "no such file" in line


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nsound.wav\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile sound.wav\n",
    "list.mp4": "ffconcat version 1.0\nfile /etc/passwd\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "list.pls": "[playlist]\nFile1=sound.wav\n",
    "list.txt": "sound.wav\n",
}


@pytest.mark.parametrize("flag", ["face", "audio"])
@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_list_of_files_is_refused(run, folder, flag, name):
    (folder / name).write_text(PLAYLISTS[name])
    refused(run, flag, name, 3)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)


SPECIAL = {
    "folder": lambda: Path("it").mkdir(),
    "pipe": lambda: os.mkfifo("it"),
    "socket": lambda: make_socket("it"),
    "link to nothing": lambda: Path("it").symlink_to("nowhere"),
    "link to itself": lambda: Path("it").symlink_to("it"),
    "link in a ring": lambda: (Path("it").symlink_to("at"), Path("at").symlink_to("it")),
    "link to a pipe": lambda: (os.mkfifo("pipe"), Path("it").symlink_to("pipe")),
    "endless": lambda: Path("it").symlink_to("/dev/zero"),
    "nothing": lambda: Path("it").symlink_to("/dev/null"),
    "terminal": lambda: Path("it").symlink_to("/dev/stdin"),
    "empty": lambda: Path("it").touch(),
    "under a file": lambda: Path("it").symlink_to("face.png/deeper"),
}


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("flag", INPUTS)
def test_what_is_no_file_is_refused_and_not_waited_for(run, folder, flag, kind):
    SPECIAL[kind]()
    refused(run, flag, "it", INPUTS[flag])


@pytest.mark.parametrize("kind", ["folder", "pipe", "socket", "link in a ring", "link to a pipe"])
@pytest.mark.parametrize("flag", OUTPUTS)
def test_what_is_no_file_is_not_written_over(run, folder, flag, kind):
    SPECIAL[kind]()
    name = "it.mp4" if flag == "outfile" else "it"
    if flag == "outfile":
        Path("it").rename("it.mp4") if kind != "link in a ring" else Path("it.mp4").symlink_to("it")
    refused(run, flag, name, 6)


@pytest.mark.parametrize("flag", ["face", "audio"])
def test_links_to_inputs_are_followed(run, folder, flag):
    good = {"face": "face.png", "audio": "sound.wav"}[flag]
    Path("one").symlink_to("two")
    Path("two").symlink_to(folder / good)
    code, lines = run(**{flag: "one"})
    assert code == 0, lines
    assert Path("one").is_symlink()


@pytest.mark.parametrize("there", [True, False])
def test_what_a_link_of_the_result_points_to_is_written(run, folder, there):
    """The link stays: whoever made it wants the result there."""
    Path("elsewhere").mkdir()
    if there:
        Path("elsewhere/real.mp4").write_text("earlier")
    Path("link.mp4").symlink_to("elsewhere/real.mp4")
    code, lines = run(outfile="link.mp4")
    assert code == 0, lines
    assert Path("link.mp4").is_symlink()
    assert [path.name for path in Path("elsewhere").iterdir()] == ["real.mp4"]
    assert Path("elsewhere/real.mp4").stat().st_size > 500


def test_a_link_of_the_result_is_no_way_around_the_inputs(run, folder):
    Path("link.mp4").symlink_to("face.png")
    assert "same file" in refused(run, "outfile", "link.mp4", 2)


def test_a_name_that_begins_with_a_dash_needs_the_equals_sign(folder, capfd):
    """Without it no program could tell it from a flag; it is said so, in one line."""
    code = main(["--face", "-x.mp4", "--audio", "sound.wav"])
    assert code == 2
    assert len(capfd.readouterr().err.splitlines()) == 1


def test_code_in_a_name_of_a_checkpoint_is_a_name(run, folder):
    save_other_network(folder / "$(touch pwned).pth")
    line = refused(run, "checkpoint_path", "$(touch pwned).pth", 5)
    assert "another network" in line


HOSTILE = "%s%n {0} $(touch pwned)\nsecond line\x1b[31m ../../x"


def make_told(path):
    """A film with hostile words wherever a container keeps words, and attachments."""
    plain = make_video(path.with_name("plain.mkv"), frames=3, sound=True)
    with av.open(str(plain)) as source, av.open(str(path), "w") as made:
        made.metadata["title"] = made.metadata["comment"] = HOSTILE
        streams = {s.index: made.add_stream_from_template(s) for s in source.streams}
        for stream in streams.values():
            stream.metadata["title"] = HOSTILE
        made.add_attachment("../../pwned", "text/plain", b"words")
        made.add_attachment("/tmp/$(touch pwned)", "application/x-truetype-font", b"font")
        about = {"id": 1, "start": 0, "end": 80, "time_base": av.time_base, "metadata": {}}
        made.set_chapters([{**about, "metadata": {"title": HOSTILE}}])
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                made.mux(packet)
    plain.unlink()
    return path


def test_words_in_a_file_are_only_words(run, folder):
    """Titles, chapters and attachments become no line, no file, no command."""
    film = make_told(folder / "film.mkv")
    with av.open(str(film)) as container:
        assert "%n" in container.metadata["title"]
        assert {s.type for s in container.streams} >= {"video", "audio", "attachment"}
    code, lines = run(face="film.mkv", audio="film.mkv", outfile="out/a.mkv", report="out/r.json")
    assert code == 0, lines
    assert len(lines) == 1 and "%n" not in lines[0]
    assert sorted(str(path) for path in Path().rglob("*")) == sorted(
        ["face.png", "film.mkv", "out", "out/a.mkv", "out/r.json", "sound.wav"]
    )
    with av.open("out/a.mkv") as container:
        told = str([container.metadata, *(stream.metadata for stream in container.streams)])
    assert "%n" not in told and "%n" not in Path("out/r.json").read_text()
