"""A page in a real Chromium, driven through its own protocol over two pipes."""

import base64
import contextlib
import json
import os
import select
import subprocess
import sys

from tests.browser import ALONE, CHROMIUM

HANGS = 90  # seconds until it has hung
UNTIL = """
new Promise((resolve, reject) => {
  const end = Date.now() + 60000;
  const look = () => {
    try { const found = (%s); if (found) { return resolve(found); } } catch (error) { }
    if (Date.now() > end) { return reject(new Error("not so: " + document.body.innerText)); }
    setTimeout(look, 30);
  };
  look();
})
"""
START = """
import os, sys
os.dup2(int(sys.argv[1]), 3, inheritable=True); os.dup2(int(sys.argv[2]), 4, inheritable=True)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One tab."""

    def __init__(self, profile):
        reads, self._write = os.pipe()
        self._read, writes = os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        flags += [f"--user-data-dir={profile}", "--no-first-run", "--hide-scrollbars"]
        inner = [sys.executable, "-c", START, str(reads), str(writes), CHROMIUM, *flags]
        code = ALONE.replace(
            "subprocess.run(sys.argv[1:]", "subprocess.run(sys.argv[1:], pass_fds=FDS"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"FDS = ({reads}, {writes})\n{code}", *inner],
            pass_fds=(reads, writes),
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._buffer, self._number, self._session = b"", 0, None
        self.errors = []  # what the page's console says
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def open(self, address):
        self.ask("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")

    def run(self, script):
        """The value of a script's last expression, or of the promise that it is."""
        result = self.ask(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, condition):
        """The condition's value, once it holds."""
        return self.run(UNTIL % condition)

    def choose(self, selector, path):
        """Choose a file."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def press(self, key, code, text=""):
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "",
            )

    def look(self, width, height, dark):
        """Be seen at this size, in this scheme of colours."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path):
        """The whole page as PNG."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.ask(
            "Page.captureScreenshot", captureBeyondViewport=True, clip={**size, "scale": 1}
        )
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        with contextlib.suppress(OSError, AssertionError):
            self._session = None
            self.ask("Browser.close")
        os.close(self._write)
        os.close(self._read)
        self._process.wait(HANGS)

    def _receive(self):
        while b"\0" not in self._buffer:
            assert select.select([self._read], [], [], HANGS)[0], "chromium does not answer"
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise OSError("chromium has ended")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def _note(self, event):
        if event.get("method") == "Log.entryAdded":
            self.errors.append(event["params"]["entry"]["text"])
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(event["params"]["exceptionDetails"]))


@contextlib.contextmanager
def browsing(profile):
    browser = Browser(profile)
    try:
        yield browser
    finally:
        browser.close()
