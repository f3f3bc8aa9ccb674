"""The pages and forms of the newsletter, as a Starlette application.

A GET or HEAD changes nothing, whatever is fetched by scanners, previews and impatient browsers; only a button does. Every answer
to a posted address is the same and takes the same time, because all it does is append a row.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .addresses import parse_address
from .answers import Answers, wants_json
from .config import Config
from .database import DatabaseError, Writer
from .forms import body, fields, plain
from .intake import posted, source_tag
from .outbox_page import outbox_routes
from .roster import export
from .states import confirm, erase, holder, unsubscribe
from .tables import intake, mail
from .texts import Texts

log = logging.getLogger("sitegen.newsletter")

_HASH = re.compile(r"[0-9a-f]{64}")
_CHECK, _WELCOME = "subscribe/check/", "subscribe/welcome/"  # pages of the static site
_THANKS = {
    "subscribe": "Almost there: we have sent you a mail. Press the button in it to confirm.",
    "data": "If this address is known here, a mail with the link is on its way to it.",
}

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]


class Web(Answers):
    """The application's routes, for one newsletter."""

    def __init__(
        self,
        config: Config,
        texts: Texts,
        writer: Writer,
        source_key: Callable[[], bytes],
        works: Callable[[], bool],
        outbox: Path | None,
    ) -> None:
        """`source_key` gives today's, `works` whether posts and mails are being worked off; `outbox` is a folder of mails to show."""
        super().__init__(config, texts)
        self.writer, self.outbox = writer, outbox
        self.source_key, self.works = source_key, works

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/", self.home),
            Route("/subscribe", self.form("subscribe"), methods=["GET"]),
            Route("/subscribe", self.subscribe, methods=["POST"]),
            Route("/data", self.form("data"), methods=["GET"]),
            Route("/data", self.data, methods=["POST"]),
            Route("/u/{token}", self.unsubscribe, methods=["POST"]),
            *(Route(f"/{path}/{{token}}", self.button(page), methods=["GET"]) for path, page in _BUTTONS),
            Route("/confirm/{token}", self.confirm, methods=["POST"]),
            Route("/export/{token}", self.export, methods=["POST"]),
            Route("/erase/{token}", self.erase, methods=["POST"]),
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            *(outbox_routes(self.outbox, self.texts) if self.outbox else ()),
        ]
        handlers = {
            HTTPException: self.refused,
            DatabaseError: self.failed,
            SQLAlchemyError: self.failed,
            OSError: self.failed,
        }
        return Starlette(routes=routes, exception_handlers=handlers)

    # --- who posts

    def refuse_strangers(self, request: Request) -> None:
        """Raises HTTPException 403 if the form stands on somebody else's site."""
        headers = request.headers
        given, host = headers.get("origin"), headers.get("host")
        if given in self.config.allowed_origins or (given and given.partition("://")[2] == host):
            return
        if given not in (None, "null") or headers.get("sec-fetch-site") == "cross-site":
            raise HTTPException(403)

    def source(self, request: Request) -> str:
        return source_tag(self.source_key(), request.client.host if request.client else "")

    # --- pages

    async def home(self, _: Request) -> Response:
        return self.to_site("")

    def form(self, name: str) -> Endpoint:
        async def show(_: Request) -> Response:
            return self.page(name, secret=False, mistake="", typed="", page="")

        return show

    def button(self, name: str) -> Endpoint:
        async def show(_: Request) -> Response:
            return self.page(name)

        return show

    # --- what is posted

    async def subscribe(self, request: Request) -> Response:
        return await self.post(request, "subscribe", "subscribe")

    async def data(self, request: Request) -> Response:
        return await self.post(request, "data")

    async def post(self, request: Request, form: str, kind: str = "") -> Response:
        """Append what was posted; the same answer to every address that can exist."""
        self.refuse_strangers(request)
        given = await fields(request)
        try:
            address = parse_address(given.get("email", ""))
            kind = kind or {"export": "export", "erase": "erase"}[given.get("wish", "")]
        except (ValueError, KeyError) as error:
            mistake = str(error) if isinstance(error, ValueError) else "Choose what the link shall do."
            if wants_json(request):
                return self.shared(request, JSONResponse({"ok": False, "message": mistake}, 422))
            page = plain(given.get("page", ""), 200)
            return self.page(
                form, 422, secret=False, mistake=mistake, typed=plain(given.get("email", ""), 300), page=page
            )
        if not given.get("website"):  # people do not see that field; what fills it in is no person
            consent = given.get("consent", "")
            row = posted(
                kind, address, self.source(request), time.time(), plain(given.get("page", ""), 200),
                consent if _HASH.fullmatch(consent) else "",
            )  # fmt: skip
            await asyncio.wrap_future(self.writer.append(row))
        if wants_json(request):
            return self.shared(request, JSONResponse({"ok": True, "message": _THANKS[form]}))
        return self.to_site(_CHECK)

    async def confirm(self, request: Request) -> Response:
        given, source = await self.given(request), self.source(request)
        done = await self.write(lambda connection: confirm(connection, given, self.config.keys, time.time(), source))
        return self.to_site(_WELCOME) if done else self.page("invalid", 404)

    async def unsubscribe(self, request: Request) -> Response:
        """One click, as RFC 8058 wants it: no redirect, and the body says nothing that the address does not."""
        who = self.config.keys.unsubscribes(await self.given(request))
        if who is None:
            return self.page("invalid", 404)
        await self.write(lambda connection: unsubscribe(connection, who, time.time()))
        return self.page("left")

    async def export(self, request: Request) -> Response:
        given = await self.given(request)

        def read(connection: Connection) -> object:
            found = holder(connection, given, "export", time.time())
            return found and export(connection, found["subscriber"])

        kept = await self.write(read)
        if kept is None:
            return self.page("invalid", 404)
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="newsletter-data.json"'}
        return Response(json.dumps(kept, ensure_ascii=False, indent=2) + "\n", 200, headers, "application/json")

    async def erase(self, request: Request) -> Response:
        given = await self.given(request)

        def forget(connection: Connection) -> bool:
            found = holder(connection, given, "erase", time.time())
            if found is None:
                return False
            erase(connection, found["subscriber"], self.config.keys, time.time())
            return True

        return self.page("erased") if await self.write(forget) else self.page("invalid", 404)

    async def given(self, request: Request) -> str:
        """The token in the address; a body is read and ignored."""
        await body(request)
        return str(request.path_params["token"])

    async def write(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.wrap_future(self.writer.submit(work))

    # --- for whoever watches the service

    async def healthz(self, _: Request) -> Response:
        return JSONResponse({"ok": True})

    async def readyz(self, _: Request) -> Response:
        """Whether all is at work and the database takes writes, and for how many seconds the oldest post and mail have been due."""

        def oldest(connection: Connection) -> dict[str, float]:
            now = time.time()
            due = {
                "oldest_post": select(func.min(intake.c.next_at)),
                "oldest_mail": select(func.min(mail.c.next_at)).where(mail.c.state == "queued"),
            }
            return {
                name: round(max(0.0, now - (connection.execute(query).scalar_one() or now)), 1)
                for name, query in due.items()
            }

        due, works = await self.write(oldest), self.works()
        return JSONResponse({"ok": works, **due}, 200 if works else 503)


_BUTTONS = (("confirm", "confirm"), ("u", "unsubscribe"), ("export", "export"), ("erase", "erase"))
