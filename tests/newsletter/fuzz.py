"""Requests that no browser sends, by the thousand: what must never be answered by an error of ours."""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from urllib.parse import quote

PATHS = (
    "/",
    *("/subscribe", "/data") * 3,
    "/u/",
    "/confirm/",
    "/export/",
    "/erase/",
    "/healthz",
    "/readyz",
    "/outbox",
    "/outbox/..%2f..%2fetc",
    "/nothing",
)
METHODS = (
    *("GET",) * 6,
    "HEAD",
    *("POST",) * 16,
    "OPTIONS",
    "PUT",
    "DELETE",
    "PATCH",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "post",
    "G\x01T",
    "",
)
KINDS = (
    *("application/x-www-form-urlencoded",) * 12,
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=latin-1", "multipart/form-data; boundary=x", "multipart/form-data",
    "application/json", "text/plain", "", "x", "a/b/c;;;=", "\xff\xfe",
)  # fmt: skip
NAMES = ("email", "website", "page", "consent", "wish", "", "email[]", "\x00", "é")
TEXTS = (
    "anna@example.org", "anna", "", " ", "\x00", "a" * 300, "a" * 5000, "anna@example.org\r\nBcc: x@example.org", "\ud7ff", "漢字@例え.jp", "💥", "%",
    "<script>alert(1)</script>", "{{ 7*7 }}", "' OR 1=1 --", "../../etc/passwd", "=?utf-8?q?=0A?=", "export", "erase", "a" * 64, "\u202e", "\u0301" * 50,
)  # fmt: skip
RAW = (
    b"%",
    b"%zz",
    b"%ff%fe",
    b"%ed%a0%80",
    b"%00",
    b"&&&===",
    b"\xff\xfe\xfd",
    b"\x00\x01",
    b"email",
    b"=",
    b"%C0%AF",
    b"a" * 4097,
    b"&x=" * 30,
)
HEADERS = (
    b"Origin: null", b"Origin: https://evil.example", b"Origin: https://glossary.example", b"Origin: \xff", b"Origin:", b"Sec-Fetch-Site: cross-site",
    b"Accept: application/json", b"Accept: \xff\xff", b"X-Forwarded-For: 1.2.3.4, nonsense, \xff, ::1", b"X-Forwarded-Proto: \xff", b"X-Forwarded-Proto: gopher",
    b"Cookie: " + b"a" * 4000, b"Expect: 100-continue", b"Connection: upgrade", b"Upgrade: websocket",
    b"Referer: javascript:alert(1)", b"X-" + b"a" * 3000 +  b"Range: bytes=0-", b"If-None-Match: *", b"Content-Encoding: gzip", b": x",
    b"Forwarded: for=1.2.3.4", b"Authorization: Basic \xff",
)  # fmt: skip
WRONG = (
    b"Host: evil.example",
    b"Host:",
    b"Host: \xff",
    b"bad header",
    b": x",
    b"Transfer-Encoding: gzip",
    b"X: \x00",
    b" folded",
    b"X : y",
)
_ANSWER_SECONDS = 10


def request(chance: random.Random) -> bytes:
    """One request, most of them nearly right."""
    path = chance.choice(PATHS)
    if path.endswith("/") or chance.random() < 0.05:
        path += chance.choice(
            (
                quote(chance.choice(TEXTS)),
                "a" * 32,
                "A" * 38,
                "%ff",
                "%00",
                "%2e%2e",
                "a" * 6000,
                "?x=1",
                "#",
                "é",
                "a/b",
            )
        )
    body = b"&".join(_field(chance) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 25))))
    if chance.random() < 0.4:
        body = b"email=anna%%2B%d%%40example.org" % chance.randrange(1000)
    if chance.random() < 0.1:
        body = bytes(chance.randrange(256) for _ in range(chance.choice((1, 40, 400, 6000))))
    if chance.random() < 0.2 and body:
        place = chance.randrange(len(body))
        body = body[:place] + bytes([chance.randrange(256)]) + body[place + chance.randrange(2) :]
    lines = [
        f"{chance.choice(METHODS)} {path} {chance.choice(('HTTP/1.1',) * 40 + ('HTTP/1.0', 'HTTP/9.9', 'HTTP'))}".encode(
            "utf-8", "replace"
        )
    ]
    lines += [b"Host: 127.0.0.1", b"Connection: close", b"Content-Type: " + chance.choice(KINDS).encode("latin-1")]
    lines += chance.sample(HEADERS, chance.choice((0, 0, 1, 2, 5)))
    if chance.random() < 0.1:
        lines.append(chance.choice(WRONG))
    if chance.random() < 0.2:
        pieces = [body[at : at + 7] for at in range(0, len(body), 7)] or [b""]
        lines.append(b"Transfer-Encoding: chunked")
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + chance.choice(
            (b"0\r\n\r\n", b"0\r\n\r\n", b"zz\r\n\r\n")
        )
    else:
        length = b"%d" % len(body)
        lines.append(
            b"Content-Length: "
            + (
                length
                if chance.random() < 0.95
                else chance.choice((b"-1", b"x", b"", b"0", b"1e3", length + b"\r\nContent-Length: 7"))
            )
        )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _field(chance: random.Random) -> bytes:
    if chance.random() < 0.15:
        return chance.choice(RAW)
    return f"{quote(chance.choice(NAMES + ('email',) * 6))}={quote(chance.choice(TEXTS))}".encode()


def send(port: int, data: bytes) -> int:
    """The status of the answer; 0 if the server closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS) as connection:
        try:
            connection.sendall(data)
            answer = b""
            while len(answer) < 12 and (some := connection.recv(4096)):
                answer += some
        except (ConnectionError, TimeoutError):
            return 0
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.") else 0


def fuzz(port: int, number: int, seed: int, connections: int = 8) -> tuple[Counter[int], list[bytes]]:
    """How many answers of each status so many requests get, and the requests that were answered by 5xx."""
    statuses, wrong, lock = Counter[int](), list[bytes](), threading.Lock()

    def work(part: int) -> None:
        chance = random.Random(f"{seed}/{part}")
        for _ in range(part, number, connections):
            data = request(chance)
            status = send(port, data)
            with lock:
                statuses[status] += 1
                if status >= 500:
                    wrong.append(data)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses, wrong
