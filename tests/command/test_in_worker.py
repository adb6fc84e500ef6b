"""Which commands a worker takes over from a client."""

import json
import socket
import sys
from dataclasses import asdict
from threading import Thread

import pytest

from command.client import Handover, request_of
from command.in_worker import ClientRequest, run_for_client
from command.surroundings import LENGTH_BYTES, surroundings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="passes open files on")


def request(**changed):
    facts = {
        "words": ["program"],
        "defaults": {},
        "environment": {"PATH": "/bin"},
        "umask": 0o22,
        "ignored_signals": [],
        "encodings": {},
        "surroundings": surroundings(),
    }
    return ClientRequest(**{**facts, **changed})


def test_a_worker_with_the_same_surroundings_does_the_same():
    assert request().can_run_here({})
    assert request(environment={"OMP_NUM_THREADS": "3"}).can_run_here({"OMP_NUM_THREADS": "3"})


@pytest.mark.parametrize("name", list(surroundings()))
def test_one_with_other_surroundings_might_not(name):
    assert not request(surroundings={**surroundings(), name: "other"}).can_run_here({})


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "LD_PRELOAD", "PYTHONPATH"])
def test_variables_of_libraries_must_be_the_same(name):
    assert not request(environment={name: "3"}).can_run_here({})
    assert not request().can_run_here({name: "3"})


def test_the_client_may_name_a_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert request().can_run_here({})
    assert request(environment={"CUDA_VISIBLE_DEVICES": "1"}).can_run_here({})
    assert not request(environment={"CUDA_VISIBLE_DEVICES": ""}).can_run_here({})


@pytest.mark.parametrize("change", [{"words": []}, {"encodings": {"other": ["utf-8", "strict"]}}])
def test_what_is_no_command_is_refused(change):
    with pytest.raises(ValueError, match="no command"):
        request(**change)


def answered(sent):
    """What a client gets that sends this, and the worker's exit code; nothing is run."""
    ours, theirs = socket.socketpair()
    codes = []
    worker = Thread(target=lambda: codes.append(run_for_client(theirs, None, {})))
    worker.start()
    with ours:
        ours.settimeout(60)
        assert ours.recv(1) == b"r"
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_WR)
        worker.join()
        theirs.close()
        return ours.recv(10), codes[0]


def framed(text):
    return len(text).to_bytes(LENGTH_BYTES, "big") + text


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\xff\xff\xff\xff{}",
        framed(b"no JSON"),
        framed(b"[]"),
        framed(b"{}"),
        framed(json.dumps(asdict(request())).encode()),  # without its folder
        request_of({}, [])[:-1],
    ],
)
def test_requests_that_are_not_whole_are_not_run(sent):
    assert answered(sent) == (b"", 0)


def test_a_client_whose_worker_refuses_runs_the_command_itself(monkeypatch):
    ours, theirs = socket.socketpair()
    monkeypatch.setattr("command.client.surroundings", dict)
    codes = []
    with ours, theirs:
        worker = Thread(
            target=lambda: (codes.append(run_for_client(theirs, None, {})), theirs.close())
        )
        worker.start()
        assert ours.recv(1) == b"r"
        assert Handover(ours).run({}) is None
        worker.join()
    assert codes == [0]
