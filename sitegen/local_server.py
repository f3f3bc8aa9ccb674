"""What `sitegen serve` answers: the built files with a script that reloads them, the outcome of each build, and the newsletter's pages."""

from __future__ import annotations

import json
import os
import queue
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .problems import Problem, as_json

PRIVATE = "/__sitegen/"  # addresses that only this server knows
NEWSLETTER = PRIVATE + "newsletter/"  # below it, and at /outbox, the newsletter's service answers
_MOST_POSTED = 100_000  # bytes
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"})
_SNIPPET = f'<script type="module" src="{PRIVATE}reload.js?%s"></script>'  # with the version of the site that the page shows

_RELOAD = """\
const panel = document.createElement("section");
panel.setAttribute("role", "alert");
panel.setAttribute("aria-label", "Problems in the content");
const sheet = new CSSStyleSheet();
sheet.replaceSync(`#sitegen-problems{position:fixed;inset:auto 0 0;z-index:99;max-height:50vh;overflow:auto;margin:0;padding:1rem 1.5rem;
background:#1c1a15;color:#ece6d8;font:14px/1.5 ui-monospace,monospace;border-top:3px solid #ff8a6b}
#sitegen-problems p{margin:.3rem 0;white-space:pre-wrap}#sitegen-problems small{color:#a59d8c;font-size:1em}`);
document.adoptedStyleSheets.push(sheet);
panel.id = "sitegen-problems";
const version = new URL(import.meta.url).search.slice(1);
let events = null;
// A browser opens six connections to a host at most, so a page that nobody sees holds none.
function listen() {
  events?.close();
  events = document.visibilityState === "visible" ? new EventSource("/__sitegen/events") : null;
  events?.addEventListener("state", show);
}
function show(event) {
  const state = JSON.parse(event.data);
  if (state.version !== version) location.reload();
  panel.remove();
  panel.replaceChildren();
  for (const problem of state.problems) {
    const line = document.createElement("p");
    const hint = document.createElement("small");
    line.textContent = `${problem.path}:${problem.line}:${problem.column}: ${problem.message} (${problem.rule})`;
    hint.textContent = problem.hint && `\\n  ${problem.hint}`;
    line.append(hint);
    panel.append(line);
  }
  if (state.problems.length) document.body.append(panel);
}
document.addEventListener("visibilitychange", listen);
listen();
"""
_WAITING = b"<!doctype html><html lang=en><title>Not built yet</title><body><p>The site has never been built: see the problems below.</p></body></html>"


class State:
    """The outcome of the newest build, told to every open page."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(4)
        self.built = 0
        self.problems: tuple[Problem, ...] = ()
        self.listeners: set[queue.SimpleQueue[bytes]] = set()
        self.lock = threading.Lock()

    @property
    def version(self) -> str:
        """Which site stands there: no other of this server, nor of another that stood at this address."""
        return f"{self.run}-{self.built}"

    def event(self) -> bytes:
        data = {"version": self.version, "problems": json.loads(as_json(self.problems))}
        return b"event: state\ndata: " + json.dumps(data).encode() + b"\n\n"

    def tell(self, problems: tuple[Problem, ...]) -> None:
        with self.lock:
            self.problems = problems
            self.built += not problems
            event = self.event()
            for listener in self.listeners:
                listener.put(event)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, handler: Callable[..., Handler]) -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a page that was closed is no news
            super().handle_error(request, client_address)


class Handler(SimpleHTTPRequestHandler):
    """Serves the built folder, with the reload script put into every page."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def __init__(self, *args: Any, state: State, newsletter: list[str], **options: Any) -> None:
        self.state, self.newsletter = state, newsletter
        super().__init__(*args, **options)

    def do_GET(self) -> None:
        try:
            path = urlsplit(self.path).path
        except ValueError:  # such as of half an IPv6 address
            self.send_error(400)
            return
        if self.newsletter and _is_newsletters(path):
            self._forward(path)
        elif self.command == "POST":
            self.send_error(405)
        elif path == PRIVATE + "events" and self.command == "GET":
            self._events()
        elif path == PRIVATE + "reload.js":
            self._answer(200, "text/javascript", _RELOAD.encode())
        else:
            self._file(path)

    do_HEAD = do_POST = do_GET  # noqa: N815

    def _forward(self, path: str) -> None:
        """Let the newsletter's service answer, which listens at an address of its own."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _MOST_POSTED:
            self.close_connection = True
            self.send_error(413)
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        service = HTTPConnection(self.newsletter[0], timeout=30)
        try:
            service.request(self.command, path.removeprefix(NEWSLETTER[:-1]), self.rfile.read(int(length)), headers)
            answer = service.getresponse()
            data = answer.read()
        except (OSError, HTTPException):
            self.send_error(502)
            return
        finally:
            service.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _file(self, path: str) -> None:
        snippet = (_SNIPPET % self.state.version).encode()  # before the file is read: a page may be newer than it says, but not older
        local = self.translate_path(path)
        if os.path.isdir(local) and not path.endswith("/"):
            self.send_response(301)
            self.send_header("Location", path + "/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        file = os.path.join(local, "index.html") if os.path.isdir(local) else local
        if os.path.isfile(file):  # unlike Path's, this asks about any name, however long
            status, kind, data = 200, self.guess_type(file), Path(file).read_bytes()
        else:
            missing = Path(self.directory) / "404.html"
            status, kind, data = 404, "text/html", missing.read_bytes() if missing.is_file() else _WAITING
        if kind == "text/html":
            at = data.rfind(b"</body>")
            data = data[:at] + snippet + data[at:] if at >= 0 else data + snippet
        self._answer(status, kind, data)

    def _answer(self, status: int, kind: str, data: bytes) -> None:
        if kind.startswith("text/") or kind.endswith(("json", "xml", "javascript")):
            kind += "; charset=utf-8"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _events(self) -> None:
        events: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with self.state.lock:
            self.state.listeners.add(events)
            if self.state.built or self.state.problems:  # else a page of an earlier server would change for none
                events.put(self.state.event())
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                try:
                    self.wfile.write(events.get(timeout=15))
                except queue.Empty:
                    self.wfile.write(b": still here\n\n")
                self.wfile.flush()
        except OSError:
            pass  # the page was closed
        finally:
            with self.state.lock:
                self.state.listeners.discard(events)

    def log_message(self, *_: object) -> None:
        """A request is not news to somebody who edits."""


def _is_newsletters(path: str) -> bool:
    return path.startswith((NEWSLETTER, "/outbox/")) or path == "/outbox"
