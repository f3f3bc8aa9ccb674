"""What browsers and scripts post, read with limits."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MAX_BODY = 4096  # bytes
MAX_FIELDS = 20
_BODY_SECONDS = 20
_MOST_DRAINED = 256 * 2**20


async def body(request: Request) -> bytes:
    """The body. Raises HTTPException 413 if it is too large, 408 if it is too slow, 400 if it breaks off.

    A body that is too large is read to its end and thrown away, as far as that is bearable: a client that is still sending would
    not hear the answer.
    """
    data, seen = b"", 0
    declared = request.headers.get("content-length", "0")
    large = not declared.isdecimal() or len(declared) > 9 or int(declared) > MAX_BODY
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                seen += len(chunk)
                large = large or seen > MAX_BODY
                data = b"" if large else data + chunk
                if seen > _MOST_DRAINED:
                    break
    except TimeoutError:
        raise HTTPException(413 if large else 408) from None
    except ClientDisconnect:
        raise HTTPException(400) from None
    if large:
        raise HTTPException(413)
    return data


async def fields(request: Request) -> dict[str, str]:
    """The fields of a posted form, the first of each name. Raises HTTPException, 415 or 422 if it is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = await body(request)
    if kind not in ("", "application/x-www-form-urlencoded"):
        raise HTTPException(415)
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:  # too many fields, or bytes that are no UTF-8
        raise HTTPException(422) from None
    return dict(reversed(pairs))


def plain(text: str, most: int) -> str:
    """What may be kept of a field that nobody typed: one line, printable."""
    return "".join(c for c in text if c.isprintable())[:most]
