"""`/outbox`: the mails that a folder holds, to be read in the browser where nothing is really sent."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-src 'self'"
_STYLE = (
    ":root{color-scheme:light dark}body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}"
    "iframe{width:100%;height:60vh;border:1px solid;background:Canvas}pre{white-space:pre-wrap;overflow-wrap:anywhere}"
)
_URL = re.compile(r"https?://[^\s<>]+")
_MOST = 200


def outbox_routes(folder: Path) -> tuple[Route, ...]:
    """The routes that show the .eml files in `folder`, newest first."""

    async def listed(_: Request) -> Response:
        files = sorted(folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns, reverse=True)[:_MOST]
        rows = []
        for file in files:
            mail = _read(file)
            rows.append(
                f'<li><a href="outbox/{file.stem}">{escape(str(mail["Subject"]))}</a> to {escape(str(mail["To"]))}</li>'
            )
        body = (
            f"<ol>{''.join(rows)}</ol>"
            if rows
            else "<p>No mail yet. Subscribe on the site, and it will be here in a moment.</p>"
        )
        return _page("Outbox", f"<p>Mails of this machine. Nothing was really sent.</p>{body}")

    async def shown(request: Request) -> Response:
        mail = _read(_file(folder, request))
        heads = "".join(f"<li><b>{escape(name)}</b>: {_linked(str(value))}</li>" for name, value in mail.items())
        text = _linked(_part(mail, "plain"))
        name = request.path_params["name"]
        return _page(
            str(mail["Subject"]),
            f'<p><a href="../outbox">Outbox</a></p><pre>{text}</pre><details><summary>Headers</summary><ul>{heads}</ul></details>'
            f'<iframe title="The mail as HTML" sandbox="allow-top-navigation-by-user-activation allow-popups" src="{name}.html"></iframe>',
        )

    async def html(request: Request) -> Response:
        made = _part(_read(_file(folder, request)), "html").replace("<head>", '<head><base target="_top">', 1)
        return HTMLResponse(made, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})

    return (Route("/outbox", listed), Route("/outbox/{name}.html", html), Route("/outbox/{name}", shown))


def _file(folder: Path, request: Request) -> Path:
    name = str(request.path_params["name"])
    if not re.fullmatch("[0-9a-f]{24}", name) or not (folder / f"{name}.eml").is_file():
        raise HTTPException(404)
    return folder / f"{name}.eml"


def _read(file: Path) -> EmailMessage:
    return message_from_bytes(file.read_bytes(), policy=SMTP)


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""


def _linked(text: str) -> str:
    return _URL.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', escape(text))


def _page(title: str, body: str) -> Response:
    html = f'<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>{escape(title)}</title><style>{_STYLE}</style><body><main><h1>{escape(title)}</h1>{body}</main></body></html>'
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})
