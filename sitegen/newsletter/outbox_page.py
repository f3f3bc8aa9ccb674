"""`/outbox`: the mails that a folder holds, to be read in the browser where nothing is really sent."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from .texts import Texts

_MAIL_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_URL = re.compile(r"(https?://[^\s<>]+)")
_MOST = 200


def outbox_routes(folder: Path, texts: Texts) -> tuple[Route, ...]:
    """The routes that show the .eml files in `folder`, newest first."""

    def page(template: str, **context: object) -> Response:
        return HTMLResponse(
            texts.page(template, **context),
            headers={"Content-Security-Policy": f"{texts.policy}; frame-src 'self'", "Cache-Control": "no-store"},
        )

    async def listed(_: Request) -> Response:
        files = sorted(folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns, reverse=True)[:_MOST]
        return page("outbox", mails=[(file.stem, _read(file)) for file in files])

    async def shown(request: Request) -> Response:
        mail = _read(_file(folder, request))
        return page(
            "outbox-mail", file=request.path_params["name"], mail=mail, text=_part(mail, "plain"), linked=_linked
        )

    async def html(request: Request) -> Response:
        made = _part(_read(_file(folder, request)), "html").replace("<head>", '<head><base target="_top">', 1)
        return HTMLResponse(made, headers={"Content-Security-Policy": _MAIL_POLICY, "Cache-Control": "no-store"})

    return (Route("/outbox", listed), Route("/outbox/{name}.html", html), Route("/outbox/{name}", shown))


def _file(folder: Path, request: Request) -> Path:
    name = str(request.path_params["name"])
    if not re.fullmatch("[0-9a-f]{24}", name) or not (folder / f"{name}.eml").is_file():
        raise HTTPException(404)
    return folder / f"{name}.eml"


def _linked(text: object) -> Markup:
    """`text` with its addresses as links; in the text of a mail they stand in <>."""
    parts = enumerate(_URL.split(str(text)))
    return Markup("").join(Markup('<a href="{0}">{0}</a>').format(part) if i % 2 else part for i, part in parts)


def _read(file: Path) -> EmailMessage:
    return message_from_bytes(file.read_bytes(), policy=SMTP)


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""
