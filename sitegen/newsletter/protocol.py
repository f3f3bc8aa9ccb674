"""HTTP as uvicorn reads it, with an end to a request's head: its parser would keep whatever comes."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024  # bytes of request line and headers


class Protocol(HttpToolsProtocol):
    """One connection."""

    in_head = True
    head = 0  # bytes of it so far

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.in_head, self.head = True, 0

    def on_headers_complete(self) -> None:
        self.in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.head += len(data) if self.in_head else 0
        if self.in_head and self.head > MAX_HEAD:
            self.send_400_response("The head of the request is too large.")
