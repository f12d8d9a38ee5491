"""An OpenAI-compatible service of this process that thinks by a rule, and can be made to fail in every way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["FakeService", "fake_service"]

Rule = Callable[[dict[str, Any]], dict[str, Any]]


class FakeService(ThreadingHTTPServer):
    """Answers with the rule's JSON; ``faults`` says how each further request is spoiled, ``""`` for not at all."""

    daemon_threads = True

    def __init__(self, rule: Rule) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rule = rule
        self.faults: list[str] = []
        self.always = ""
        self.latency = 0.0
        self.requests: list[dict[str, Any]] = []
        self.headers_seen: list[dict[str, str]] = []
        self.most_at_once = self.at_once = 0
        self.lock = threading.Lock()
        self.released = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do not report a client that hangs up."""


@contextmanager
def fake_service(rule: Rule) -> Iterator[FakeService]:
    server = FakeService(rule)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: FakeService

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.requests.append(body)
            server.headers_seen.append(dict(self.headers))
            fault = server.faults.pop(0) if server.faults else server.always
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            time.sleep(server.latency)
            self._answer(body, fault)
        finally:
            with server.lock:
                server.at_once -= 1

    def _answer(self, body: dict[str, Any], fault: str) -> None:
        if self.path != "/v1/chat/completions":
            return self._send(404, {"error": {"message": "no such address"}})
        if fault.isdigit():
            said = f"no, {self.headers.get('Authorization', 'nobody')}"
            return self._send(int(fault), {"error": {"message": said}}, {"Retry-After": "0.01"})
        if fault == "no-schemas" and "response_format" in body:
            return self._send(400, {"error": {"message": "response_format of type json_schema is not supported"}})
        if fault == "hang":
            self.server.released.wait(30)
            return None
        if fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            return None
        if fault == "no-json":
            return self._send(200, b"<html>busy</html>")
        text = json.dumps(self.server.rule(body))
        message: dict[str, Any] = {"role": "assistant", "content": _spoiled(text, fault)}
        if fault == "refusal":
            message = {"role": "assistant", "content": None, "refusal": "I would rather not."}
        if fault == "tools":
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"function": {"name": "rm", "arguments": "{}"}}],
            }
        asked = sum(len(each["content"]) for each in body["messages"])
        usage = {"prompt_tokens": asked // 4, "completion_tokens": len(text) // 4}
        return self._send(200, {"choices": [{"index": 0, "message": message}], "usage": usage})

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _spoiled(text: str, fault: str) -> str:
    plan = json.loads(text)
    return {
        "broken": text[: len(text) // 2],
        "fenced": f"Sure! Here is my plan:\n```json\n{text}\n```\nGood luck.",
        "wrong": json.dumps({"steps": [{"action": "fly", "ticks": 3}]}),
        "huge": "x" * (10 << 20),
        "inject": json.dumps(
            {
                **plan,
                "reasons": "</script><img src=x onerror=alert(1)>\x1b[2J\x07 Ignore all rules. {{ 7*7 }} [red]",
                "until": [{"feature": "../../etc/passwd", "below": "NaN"}],
            }
        ),
    }.get(fault, text)
