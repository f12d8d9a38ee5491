"""Hostile visitors of a living town: whatever they send, they get in only with the token, and the town lives on."""

from __future__ import annotations

import json
import os
import random
import resource
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest

pytest.importorskip("websockets")
pytest.importorskip("uvicorn")

from tests.viewer.living import Running, Watcher
from websockets import exceptions
from websockets.sync import client

from .damage import RAW, VALUES

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")]

MESSAGES = int(os.environ.get("TOWNLET_HOSTILE_CASES", "300"))
SEED = int(os.environ.get("TOWNLET_HOSTILE_SEED", "14"))
MOST_BYTES = 256 << 20
"""Memory that all hostile visitors together may take."""


class Door:
    """A town whose windows are under attack."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.page = running.town.address
        self.port = int(urlsplit(self.page).port or 0)
        self.token = self.page.partition("token=")[2]
        self.town = self.page.replace("http://", "ws://").replace("/?", "/town?")

    def raw(self, data: bytes, *, wait: float = 2.0) -> bytes:
        """What comes back for bytes that may be no request at all."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as opened:
            with suppress(OSError):
                opened.sendall(data)
                opened.shutdown(socket.SHUT_WR)
            found = b""
            with suppress(OSError):
                while piece := opened.recv(1 << 16):
                    found += piece
                    if len(found) > 1 << 22:
                        break
        return found

    def lives(self) -> None:
        """A person who knows the address sees the next tick."""
        window = Watcher(self.running.town)
        try:
            window.until(lambda: "state" in window.texts)
            now = self.running.stage.tick
            window.ask(do="step", number=1)
            window.until(lambda: any(tick > now for tick in window.frames) or self.running.stage.tick > now)
        finally:
            window.close()
        assert self.running.stage.tick > now


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    died: list[str] = []
    before, threading.excepthook = threading.excepthook, lambda args: died.append(repr(args.exc_value))
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with ExitStack() as held:
            running = Running(100_000)
            held.callback(running.close)
            window = Watcher(running.town)
            window.ask(do="pause")
            window.until(lambda: window.state.get("paused"))
            window.close()
            yield Door(running)
    finally:
        threading.excepthook = before
    assert died == []
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size) << 10 < MOST_BYTES


def request(door: Door, path: str, *, method: str = "GET", host: str | None = None, more: str = "") -> bytes:
    host = f"127.0.0.1:{door.port}" if host is None else host
    return door.raw(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n".encode("latin-1"))


class TestPage:
    def test_who_knows_the_token_gets_in(self, door: Door) -> None:
        assert request(door, f"/?token={door.token}").startswith(b"HTTP/1.1 200")

    def test_nobody_else_does(self, door: Door) -> None:
        right = f"/?token={door.token}"
        tries = [
            request(door, "/"),
            request(door, "/?token="),
            request(door, right[:-1]),
            request(door, right + "x"),
            request(door, f"/?token={door.token[:-1]}%00"),
            request(door, "/?token=%ff%fe"),
            request(door, f"/?token=x&token={'y' * 30_000}"),
            request(door, f"/?TOKEN={door.token}"),
            request(door, right, host="elsewhere.example"),
            request(door, right, host=f"elsewhere.example:{door.port}"),
            request(door, right, host=f"127.0.0.1:{door.port}.elsewhere.example"),
            request(door, right, host=""),
            request(door, right, more="Origin: null\r\n"),
            request(door, right, more="Origin: http://elsewhere.example\r\n"),
            request(door, right, more=f"Origin: http://127.0.0.1:{door.port}.elsewhere.example\r\n"),
            request(door, right, method="POST"),
            request(door, right, method="TRACE"),
            request(door, f"/../?token={door.token}"),
            request(door, f"/town?token={door.token}"),
            request(door, "/%2e%2e/%2e%2e/etc/passwd"),
            request(door, "//etc/passwd"),
        ]
        for number, found in enumerate(tries):
            assert not found.startswith(b"HTTP/1.1 200"), number
            assert door.token.encode() not in found, number
            assert b"Traceback" not in found
            assert b"root:" not in found
        door.lives()

    def test_bytes_that_are_no_request(self, door: Door) -> None:
        rng = random.Random(SEED)
        junk = [
            *RAW.values(),
            b"\x16\x03\x01" + rng.randbytes(500),
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET",
            b"\r\n" * 10_000,
        ]
        junk += [b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * (4 << 20), b"A" * (4 << 20)]
        junk += [b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 4000 + b"\r\n\r\n"]
        junk += [b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFF\r\n"]
        junk += [rng.randbytes(rng.randrange(1, 2000)) for _ in range(50)]
        for data in junk:
            found = door.raw(data, wait=1.0)
            assert door.token.encode() not in found
        door.lives()

    def test_many_who_say_nothing(self, door: Door) -> None:
        with ExitStack() as held:
            for _ in range(150):
                held.enter_context(socket.create_connection(("127.0.0.1", door.port), timeout=5))
            door.lives()


class TestWindow:
    def test_nobody_gets_in_without_the_token(self, door: Door) -> None:
        for address, headers in (
            (door.town[:-1], {}),
            (door.town + "x", {}),
            (door.town, {"Origin": "http://elsewhere.example"}),
            (door.town, {"Origin": "null"}),
            (door.town, {"Host": "elsewhere.example"}),
            (door.town.replace("/town?", "/other?"), {}),
        ):
            with pytest.raises(exceptions.InvalidHandshake), client.connect(address, additional_headers=headers):
                pass
        door.lives()

    def test_any_message(self, door: Door) -> None:
        rng = random.Random(SEED)
        words = ["look", "pause", "resume", "speed", "step", "possess", "release", "act", "auto", "quit", ""]
        values = [*VALUES.values(), 10**400, [[]] * 50, {"a": {}}, "alice", "nobody", 3, -3]
        values = [value for value in values if _plain(value)]
        with client.connect(door.town, max_size=None) as window:
            drain = threading.Thread(target=_drain, args=(window,), daemon=True)
            drain.start()
            for number in range(MESSAGES):
                message = {
                    "do": rng.choice([*words, *values]),
                    "agent": rng.choice(values),
                    "number": rng.choice(values),
                }
                if message["do"] in ("resume", "speed", "possess"):
                    message["do"] = "look"  # the town stays paused, and nobody is played
                for key in ("do", "agent", "number"):
                    if rng.random() < 0.2:
                        del message[key]
                window.send(
                    json.dumps(message) if number % 5 else rng.choice(["{", "[]", "NaN", "[" * 2000, "9" * 4000])
                )
            window.ping().wait(30)  # it is still open: nothing of it was taken for an error
        drain.join(10)
        door.lives()

    def test_frames_that_are_too_large_or_no_text(self, door: Door) -> None:
        for data in ("x" * 10_000_000, b"\x00" * 10_000_000, b"\x00\xff", b""):
            with suppress(exceptions.ConnectionClosed), client.connect(door.town, max_size=None) as window:
                window.send(data)
                while True:
                    window.recv(timeout=1)
            door.lives()

    def test_bytes_that_are_no_frame(self, door: Door) -> None:
        rng = random.Random(SEED)
        path = door.town.partition(str(door.port))[2]
        head = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        frames = [
            b"\x81\x05hello",
            b"\xff" * 100,
            b"\x81\xff" + b"\xff" * 8,
            b"\x89\xfe\xff\xff",
            b"\x01\x81\0\0\0\0x" * 9000,
        ]
        for data in (*frames, *(rng.randbytes(60) for _ in range(30))):
            door.raw(head + data, wait=1.0)
        door.lives()

    def test_windows_that_are_closed_early(self, door: Door) -> None:
        for number in range(30):
            early = suppress(OSError, exceptions.WebSocketException, TimeoutError)
            with early, client.connect(door.town, max_size=None) as window:
                if number % 3 == 0:
                    window.recv(timeout=5)
                if number % 2:
                    window.send(json.dumps({"do": "possess", "agent": "alice"}))
                window.socket.shutdown(socket.SHUT_RDWR)
        door.lives()

    def test_one_who_never_reads(self, door: Door) -> None:
        with ExitStack() as held:
            for _ in range(5):
                window = held.enter_context(client.connect(door.town, max_size=None, max_queue=1, close_timeout=0.1))
                for _ in range(50):
                    window.send('{"do": "look", "number": 0}')
            for _ in range(20):
                door.lives()


def _plain(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _drain(window: client.ClientConnection) -> None:
    with suppress(exceptions.ConnectionClosed):
        while True:
            window.recv()
