"""The API's own description: requests made from it, right and wrong ones, meet no bug."""

import json
import os
import random
import string
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator

from tests.jobs import ROOT

CASES = int(os.environ.get("CASES") or 120)
ODD = ("", "\0", "../../etc/passwd", "%00", "a" * 3000, "ü\u202e", "-1", "1e309", "null", "'--")
SAFE = ("demo:portrait", "demo:speech", "ann.png", "one.wav")
METHODS = ("get", "post", "delete", "put", "patch")


@pytest.fixture(scope="module")
def api(server):
    return server.get("/openapi.json").json


def word(dice):
    letters = string.ascii_letters + string.digits + "/.:\\ -_%"
    return "".join(dice.choice(letters) for _ in range(dice.randrange(12)))


def value_for(schema, dice):
    """A value of the schema, or at times any other."""
    if dice.random() < 0.2:
        return dice.choice([None, True, -1, 1e300, [], {}, [[]], *ODD, word(dice)])
    if "enum" in schema:
        return dice.choice(schema["enum"])
    kind = schema.get("type") or next(iter(schema.get("anyOf", [{}]))).get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind in ("integer", "number"):
        return dice.choice([0, 1, 5, 100, dice.randrange(-(10**6), 10**6), dice.random()])
    if kind == "boolean":
        return dice.random() < 0.5
    if kind == "array":
        return [dice.randrange(-5, 200) for _ in range(schema.get("minItems", 1))]
    return dice.choice([*SAFE, word(dice)])


def body_for(operation, dice):
    """A JSON body with some of the operation's properties."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    properties = schema.get("properties", {})
    names = [name for name in properties if dice.random() < 0.15 or name in ("face", "audio")]
    body = {name: value_for(properties[name], dice) for name in names}
    return json.dumps(body) if dice.random() > 0.1 else dice.choice(["", "[]", '{"a"', "\0"])


def address_for(path, operation, known, dice):
    query = []
    for parameter in operation.get("parameters", []):
        value = value_for(parameter["schema"], dice)
        if parameter["in"] == "path":
            pick = known.get(parameter["name"], "x") if dice.random() < 0.6 else value
            path = path.replace(f"{{{parameter['name']}}}", quoted(pick) or "x")
        elif parameter["in"] == "query" and dice.random() < 0.6:
            value = 0.2 if parameter["name"] == "wait" else value
            query.append(f"{parameter['name']}={quoted(value)}")
    return path + ("?" + "&".join(query) if query else "")


def quoted(value):
    return quote(str(value)[:500], safe="")


def check(answer, operation, api, request):
    """No bug, and the body is what the description says."""
    assert answer.status < 500 or answer.status == 503, (request, answer.status, answer.body)
    assert b"Traceback" not in answer.body and str(ROOT).encode() not in answer.body
    told = operation.get("responses", {}).get(str(answer.status), {})
    schema = told.get("content", {}).get("application/json", {}).get("schema")
    if schema and answer.headers.get("content-type") == "application/json":
        rooted = {**schema, "components": api["components"]}
        Draft202012Validator(rooted).validate(answer.json)
    elif answer.status >= 400 and answer.headers.get("content-type") == "application/json":
        assert {"code", "message"} == answer.json["error"].keys(), (request, answer.body)


def test_requests_made_from_the_description_meet_no_bug(server, api):
    dice = random.Random(int(os.environ.get("SEED") or 7))
    job_id = server.accept(face="ann.png", audio="one.wav")
    server.end(job_id)
    known = {"job_id": job_id, "name": "face", "asset_id": "0" * 64, "avatar_id": "0" * 24}
    operations = [
        (method, path, operation)
        for path, methods in sorted(api["paths"].items())
        for method, operation in methods.items()
    ]
    assert len(operations) > 15
    for _ in range(CASES):
        method, path, operation = dice.choice(operations)
        address = address_for(path, operation, known, dice)
        headers = {"content-type": "application/json"} if method == "post" else {}
        if dice.random() < 0.1:
            headers[dice.choice(["range", "if-none-match", "last-event-id", "idempotency-key"])] = (
                dice.choice(["bytes=0-1", "bytes=x", "7", "\xff", "bytes=5-,1-2,-9"])
            )
        if method == "delete" and job_id in address:
            continue
        used = method if dice.random() > 0.05 else dice.choice(METHODS)
        body = body_for(operation, dice) if method == "post" else None
        answer = server.ask(used.upper(), address, body, headers)
        check(answer, operation if used == method else {}, api, (used, address, body, headers))
        if answer.status == 202 and "jobs" in path and "id" in answer.json:
            server.post(f"/v1/jobs/{answer.json['id']}/cancel")
    assert server.get("/health/ready").status == 200
    errors = [line for line in server.log() if line["level"] == "error"]
    assert not errors, errors[0].get("trace", [])[-6:]
