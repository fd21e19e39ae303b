"""A headless Chromium that a test drives as a person would, over its DevTools protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

BROWSER = next((path for name in ("chromium", "google-chrome", "chrome") if (path := shutil.which(name))), None)

SECONDS = 120.0
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--remote-debugging-port=0"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "about:blank"),
)
_KEYS = {"Enter": 13, "Tab": 9, "Escape": 27}


class Page:
    """One page; what it asked for and what went wrong in it is kept.

    Attributes:
        asked: Addresses it requested.
        wrong: Exceptions of its scripts, and violations of its security policy.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._sent = 0
        self.asked: list[str] = []
        self.wrong: list[str] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and its result."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=SECONDS))
            if message.get("id") == self._sent:
                assert "error" not in message, message
                return dict(message["result"])
            self._note(message)

    def js(self, expression: str) -> Any:
        """The value of an expression."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until an expression is true."""
        deadline = time.monotonic() + SECONDS
        while not self.js(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"never true: {expression}\n{self.js('document.body.innerText')}"
            time.sleep(0.02)

    def type(self, text: str) -> None:
        """Text where the focus is."""
        self.call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """A key."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **named, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def click(self, selector: str) -> None:
        """The middle of an element, scrolled into view."""
        at = self.js(
            f"(() => {{ const node = document.querySelector({json.dumps(selector)}); node.scrollIntoView();"
            " const box = node.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], button="left", clickCount=1)

    def _note(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.wrong.append(str(told["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded" and told["entry"]["source"] == "security":
            self.wrong.append(told["entry"]["text"])


@contextmanager
def opened(url: str, folder: Path, width: int, height: int) -> Iterator[Page]:
    """A page of a browser of its own; below 500 pixels it is a telephone's.

    Args:
        url: What it shows.
        folder: For the browser's files.
        width: Of the window, in pixels.
        height: Of the window, in pixels.
    """
    process = subprocess.Popen(
        [str(BROWSER), f"--user-data-dir={folder}", *_OPTIONS], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with connect(_address(process, folder / "DevToolsActivePort"), max_size=None, proxy=None) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Network", "Log"):
                page.call(f"{domain}.enable")
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
            page.call("Emulation.setDeviceMetricsOverride", **size)
            page.call("Page.navigate", url=url)
            yield page
    finally:
        process.terminate()
        process.wait(60)


def _address(process: subprocess.Popen[bytes], file: Path) -> str:
    """The page's socket; the browser writes its port into a file."""
    deadline = time.monotonic() + SECONDS
    while True:
        lines = file.read_text().split() if file.exists() else []
        if len(lines) == 2:
            targets = httpx.get(f"http://127.0.0.1:{lines[0]}/json/list", timeout=SECONDS, trust_env=False).json()
            if found := [target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"]:
                return str(found[0])
        assert process.poll() is None, "the browser has ended"
        assert time.monotonic() < deadline, "the browser does not start"
        time.sleep(0.05)
