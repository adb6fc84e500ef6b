"""The Model Context Protocol, with the SDK's own client, over HTTP and over standard streams."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest

from tests.jobs import ROOT
from tests.web.server import OPTIONS

RENDER = {"avatar_path": "ann.png", "audio_path": "one.wav", "options": OPTIONS}
TOOLS = {"render_avatar", "get_job", "cancel_job", "list_avatars"}


def connected(to):
    """The SDK's client of an address or a program."""
    from mcp import Client  # takes a second, which every process would wait for

    return Client(to)


def words_of(inputs, tmp_path):
    data = ["--data_dir", tmp_path / "data", "--allow_root", inputs, "--workers", 1, "--cold"]
    return [str(word) for word in (ROOT / "inference_serve.py", "--mcp", "--grace", 0, *data)]


async def talk(client):
    """What every client does; the rendered job, its link, and the steps that were told."""
    steps = []

    async def heard(progress, total, message):
        steps.append((progress, total, message))

    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert tools.keys() == TOOLS
    schema = tools["render_avatar"].input_schema
    assert "avatar_path" in schema["required"] and "ctx" not in schema["properties"]
    made = await client.call_tool("render_avatar", RENDER, progress_callback=heard)
    assert not made.is_error, made.content
    job = made.structured_content
    assert json.loads(made.content[0].text) == job
    again = await client.call_tool("get_job", {"job_id": job["id"]})
    assert again.structured_content["status"] == "succeeded"
    wrong = await client.call_tool("render_avatar", {**RENDER, "avatar_path": "/etc/passwd"})
    assert wrong.is_error and "not_found" in wrong.content[0].text
    long = await client.call_tool(
        "render_avatar", {**RENDER, "audio_path": "minutes.wav", "wait_seconds": 0}
    )
    stopped = await client.call_tool("cancel_job", {"job_id": long.structured_content["id"]})
    assert stopped.structured_content["status"] in ("running", "canceled")
    assert not (await client.call_tool("list_avatars", {})).is_error
    return job, made.content[1], steps


@pytest.mark.slow
def test_over_http(server):
    async def main():
        async with connected(f"http://{server.host}:{server.port}/mcp") as client:
            return await talk(client)

    job, link, steps = asyncio.run(main())
    assert (job["status"], job["frames"]) == ("succeeded", 5)
    assert server.get(urlparse(link.uri).path).body[4:8] == b"ftyp"
    assert steps and [step[0] for step in steps] == sorted(step[0] for step in steps)
    assert server.post("/mcp", {"jsonrpc": "2.0"}, origin="https://evil.example").status == 403


def test_over_standard_streams(inputs, long, tmp_path):
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client

    words = words_of(inputs, tmp_path)

    async def main():
        with (tmp_path / "log").open("w") as log:
            program = StdioServerParameters(command=sys.executable, args=words)
            async with connected(stdio_client(program, errlog=log)) as client:
                return await talk(client)

    job, link, _ = asyncio.run(main())
    assert (job["status"], link.mime_type) == ("succeeded", "video/mp4")
    assert Path(url2pathname(urlparse(link.uri).path)).read_bytes()[4:8] == b"ftyp"


@pytest.mark.slow
def test_the_one_line_form_is_answered(inputs, tmp_path):
    lines = [
        {"tool": "list_avatars"},
        {"tool": "render_avatar", "params": {**RENDER, "wait_seconds": 0}},
    ]
    with subprocess.Popen(
        [sys.executable, *words_of(inputs, tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as program:
        answers = []
        for line in [*lines, {"tool": "none"}]:
            program.stdin.write(json.dumps(line) + "\n")
            program.stdin.flush()
            answers.append(json.loads(program.stdout.readline()))
        rest, _ = program.communicate()
    assert rest == "" and program.returncode == 0
    assert answers[0] == {"result": {"avatars": []}}
    assert answers[1]["result"]["status"] in ("queued", "running")
    assert answers[2]["error"]["code"] == "usage"


@pytest.mark.parametrize("wait", [-1, 10_000])
def test_no_call_waits_for_ever(server, wait):
    async def main():
        async with connected(f"http://{server.host}:{server.port}/mcp") as client:
            return await client.call_tool("get_job", {"job_id": "0", "wait_seconds": wait})

    assert asyncio.run(main()).is_error
