"""The socket for commands: who may open it, and where it may lie."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from base.errors import OutputError
from service.commands import MOST_WAITING, Commands
from service.unix_socket import commands_taken, listening

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets that tell who calls")
# As nobody, who need not be able to start this Python.
CONNECT = """
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(60)
connection.connect(sys.argv[1])
print(connection.recv(1))
"""


@pytest.fixture
def path():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "s")


def connected(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(str(path))
    return connection


def test_only_the_user_may_open_it_and_it_is_gone_afterwards(path):
    with listening(path):
        facts = path.stat()
        assert (stat.S_IMODE(facts.st_mode), facts.st_uid) == (0o600, os.geteuid())
    assert not path.exists()
    with commands_taken(None, print):
        assert not path.exists()


def test_connections_are_handed_on(path):
    taken = []

    def take(connection):
        taken.append(connection)
        connection.sendall(b"r")

    with commands_taken(path, take), connected(path) as connection:
        assert connection.recv(1) == b"r"
    taken[0].close()


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone becomes another user")
def test_another_user_s_process_is_not_taken(path):
    taken = []
    with commands_taken(path, taken.append):
        path.parent.chmod(0o755)
        path.chmod(0o666)  # as if the file system did not hold the mode
        ran = subprocess.run(
            [sys.executable, "-I", "-c", CONNECT, str(path)], capture_output=True, text=True
        )
    assert ran.stdout == "b''\n", ran.stderr
    assert not taken


def test_a_folder_that_others_may_change_is_refused(path):
    for mode in (0o777, 0o1777, 0o770):
        path.parent.chmod(mode)
        with pytest.raises(OutputError, match="others may change"), listening(path):
            pass
    path.parent.chmod(0o755)
    with listening(path):
        pass


def test_what_is_there_already_is_not_replaced(path):
    with listening(path):
        with pytest.raises(OutputError, match="another server"), listening(path):
            pass
        assert path.exists()
    path.write_text("mine")
    with pytest.raises(OutputError, match="no socket"), listening(path):
        pass
    assert path.read_text() == "mine"


def test_the_socket_of_a_server_that_was_killed_is_replaced(path):
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with commands_taken(path, socket.socket.close), connected(path) as connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize("name", ["none/s", "s" * 120, "s" * 300])
def test_a_place_that_cannot_be_is_told(path, name):
    with pytest.raises(OutputError, match="--socket"), listening(path.parent / name):
        pass


def test_commands_wait_in_their_order_and_not_for_ever(monkeypatch):
    monkeypatch.setattr("service.commands.WAIT_SECONDS", 1e9)
    arrived = []
    commands = Commands(lambda: arrived.append(1))
    pairs = [socket.socketpair() for _ in range(MOST_WAITING + 1)]
    for _, theirs in pairs:
        commands.add(theirs)
    assert len(arrived) == MOST_WAITING and pairs[-1][0].recv(1) == b""
    assert [commands.next(), commands.next()] == [pairs[0][1], pairs[1][1]]
    monkeypatch.setattr("service.commands.WAIT_SECONDS", -1)
    assert commands.next() is None and pairs[2][0].recv(1) == b""
    commands.close()
    commands.add(pairs[0][1])
    assert pairs[0][0].recv(1) == b""
    for ours, theirs in pairs:
        ours.close()
        theirs.close()
