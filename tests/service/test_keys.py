"""API keys: hashed in their file, told apart, and asked for where others can come."""

import stat

import pytest

from base.errors import InputError, UsageError
from service.flags import parse_serve_options
from service.keys import add_key, digest_of, read_keys


def test_a_new_key_opens_and_its_file_does_not_show_it(tmp_path):
    path = tmp_path / "keys.txt"
    ann, bob = add_key(path, "ann"), add_key(path, "bob")
    keys = read_keys(path)
    assert (keys.owner_of(ann), keys.owner_of(bob)) == ("ann", "bob")
    for wrong in ("", ann + "x", ann[:-1], digest_of(ann), "\ud800"):
        assert keys.owner_of(wrong) is None
    assert ann not in path.read_text() and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_may_have_a_rank(tmp_path):
    path = tmp_path / "keys.txt"
    path.write_text(f"ann:{'0' * 64}\nbob:{'1' * 64}:5\neve:{'2' * 64}:-1\n")
    assert read_keys(path).ranks == {"ann": 0, "bob": 5, "eve": -1}


@pytest.mark.parametrize(
    "text", ["", "# nobody\n", "ann\n", "ann:abc\n", "a/b:" + "0" * 64, f"a:{64 * '0'}:x"]
)
def test_a_file_without_keys_is_an_error(tmp_path, text):
    path = tmp_path / "keys.txt"
    path.write_text(text)
    with pytest.raises(InputError):
        read_keys(path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--host", "0.0.0.0"], "give --key_file"),
        (["--port", "70000"], "--port must be"),
        (["--max_queue", "0"], "--max_queue must be"),
        (["--retry", "-1"], "--retry must be"),
        (["--keep", "long"], "--keep"),
        (["--new_key", "ann"], "give --key_file"),
        (["--no_such_flag"], "no_such_flag"),
        (["--crf", "99"], "--crf must be"),
        (["--face", "x.png"], "a job's own"),
        (["--demo"], "a job's own"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_wrong_flags_are_told_at_once(words, message):
    with pytest.raises(UsageError, match=message):
        parse_serve_options(words)


def test_flags_of_the_command_hold_for_all_jobs(tmp_path):
    words = ["--crf", "20", "--port", "9000", "--keep", "1h", "--host", "::1"]
    options, new_key = parse_serve_options([*words, "--allow_root", str(tmp_path)])
    assert (options.words, options.port, new_key) == (("--crf", "20"), 9000, None)
    assert options.keep.seconds == 3600 and options.allow_root == (tmp_path,)
