"""The server of a living town: on this machine only, and only for who knows the token in its address."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import threading
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Protocol, Self

from townlet.errors import UsageError
from townlet.viewer.assembly import live_page
from townlet.viewer.live.hub import Hub, Window

__all__ = ["HOST", "TownServer", "Visitors", "require_web"]

HOST = "127.0.0.1"
_MOST_MESSAGE = 4096
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Visitors(Protocol):
    """Who answers what the windows ask."""

    def asked(self, window: Window, message: dict[str, Any]) -> None:
        """A window sent a message; called in the server's thread."""
        ...

    def left(self, window: Window) -> None:
        """A window was closed."""
        ...


class TownServer:
    """A server in a thread of its own, from the beginning of the context to its end.

    Args:
        hub: what it sends.
        visitors: who answers what the windows ask.
        title: of the page.
        port: where; 0 for any that is free.

    Raises:
        UsageError: the extra ``web`` is not installed, or the port is in use or cannot be opened.
    """

    def __init__(self, hub: Hub, visitors: Visitors, *, title: str, port: int = 0) -> None:
        require_web()
        import uvicorn

        self._hub, self._visitors, self._title = hub, visitors, title
        self._token = secrets.token_urlsafe(18)
        self._socket = _bound(port)
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            self._app(),
            log_level="critical",
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=_MOST_MESSAGE,
            timeout_graceful_shutdown=2,
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="townlet-web", daemon=True
        )

    @property
    def address(self) -> str:
        """Where the page is; who has it may look, and move the town."""
        return f"http://{HOST}:{self.port}/?token={self._token}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(5)
        self._socket.close()

    def _app(self) -> Any:
        from starlette.applications import Starlette
        from starlette.responses import HTMLResponse, PlainTextResponse
        from starlette.routing import Route, WebSocketRoute

        async def page(request: Any) -> Any:
            if not self._known(request):
                words = "Access denied. Open the complete address that townlet printed, including the token."
                return PlainTextResponse(words, 403, headers=_HEADERS)
            shown = live_page(self._title, self.port)
            return HTMLResponse(shown.text, headers={**_HEADERS, "Content-Security-Policy": "frame-ancestors 'none'"})

        return Starlette(routes=[Route("/", page), WebSocketRoute("/town", self._watch)])

    def _known(self, request: Any) -> bool:
        """Whether the token is right, and the names are this machine's: no other site's page gets in."""
        mine = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        origin = request.headers.get("origin")
        same = origin is None or origin.partition("://")[2] in mine
        token = request.query_params.get("token", "")
        right = secrets.compare_digest(token.encode(), self._token.encode())
        return right and same and request.headers.get("host") in mine

    async def _watch(self, socket: Any) -> None:
        """One window, from its first message to its last."""
        from starlette.websockets import WebSocketDisconnect

        if not self._known(socket):
            await socket.close(4403)
            return
        await socket.accept()
        after, town = (_count(socket.query_params.get(name, "")) for name in ("after", "town"))
        window, missed = self._hub.join(asyncio.get_running_loop(), after, max(town, 0))
        sending = asyncio.create_task(self._send(socket, window, missed))
        try:
            while True:
                message = _json(await socket.receive_text())
                if message is not None:
                    self._visitors.asked(window, message)
        except (WebSocketDisconnect, RuntimeError, KeyError):  # KeyError: bytes where text belongs
            pass
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sending
            self._hub.leave(window)
            self._visitors.left(window)

    async def _send(self, socket: Any, window: Window, missed: list[bytes]) -> None:
        await socket.send_text(json.dumps({"kind": "you", "window": window.number}))
        await socket.send_bytes(self._hub.hello)
        for early in missed:
            await socket.send_bytes(early)
        while True:
            for message in await window.taken():
                if isinstance(message, str):
                    await socket.send_text(message)
                else:
                    await socket.send_bytes(message)


def require_web() -> None:
    """Raise UsageError where the extra ``web`` is not installed."""
    missing = [name for name in ("starlette", "uvicorn", "websockets") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"showing a town in the browser needs a package that is not installed: {missing[0]}",
            where="--browser",
            details=("pip install 'townlet-core[web]'",),
        )


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen(128)
    except OSError as problem:
        made.close()
        raise UsageError(
            f"port {port} cannot be opened: {problem.strerror or problem}",
            where="--port",
            details=("choose another port, or omit --port to use any free port",),
        ) from problem
    return made


def _count(text: str) -> int:
    """A whole number of an address, -1 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else -1


def _json(text: str) -> dict[str, Any] | None:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
