"""`sitegen serve` as a process: started in a folder, asked for pages, listened to, and stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def save(path: Path, text: str) -> None:
    """Save as editors do: the whole file at once."""
    aside = Path(f"{path.parents[1]}-aside")
    aside.write_text(text)
    aside.replace(path)


class Served:
    """A server at work."""

    def __init__(self, process: subprocess.Popen[str], address: str, said: list[str]) -> None:
        self.process, self.address, self.said = process, address, said
        self.port = urlsplit(address).port

    def request(self, target: str, method: str = "GET") -> tuple[int, Mapping[str, str], bytes]:
        """The answer to a request whose target is sent as it is, `..` and all."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, target)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def text(self, target: str) -> str:
        status, _, data = self.request(target)
        assert status == 200
        return data.decode()

    @contextmanager
    def events(self) -> Iterator[Iterator[dict[str, Any]]]:
        """The states the server tells an open page of, the present one first; their versions are the numbers of its builds."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/__sitegen/events")
        with closing(connection), connection.getresponse() as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            yield self._states(answer)

    @staticmethod
    def _states(answer: HTTPResponse) -> Iterator[dict[str, Any]]:
        for line in iter(answer.readline, b""):
            if line.startswith(b"data: "):
                state = json.loads(line.removeprefix(b"data: "))
                yield {**state, "version": int(state["version"].rpartition("-")[2])}


class Serve:
    """Starts servers in a folder of their own, and stops them in the end."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.temporary = folder / "temporary"
        self.temporary.mkdir()

    def start(self, *options: str, **environment: str) -> subprocess.Popen[str]:
        """The command, with a free port."""
        command = [sys.executable, "-m", "sitegen", "serve", "--port", "0", *options]
        settings = {**os.environ, "TMPDIR": str(self.temporary), **environment}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=self.folder, env=settings, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")
        self.stack.callback(self.stop, process)
        return process

    def __call__(self, *options: str, **environment: str) -> Served:
        """A server that has said its address."""
        process = self.start(*options, **environment)
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            if line.endswith("(Ctrl-C to stop)\n"):
                return Served(process, line.split()[0], said)
        raise AssertionError(process.communicate()[1])

    @staticmethod
    def stop(process: subprocess.Popen[str]) -> None:
        """Kill what a test has not ended itself."""
        process.kill()
        process.communicate()
