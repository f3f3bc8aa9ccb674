"""What the service answers with: pages, ways on to the static site, and refusals, as HTML or as JSON where a script asks."""

from __future__ import annotations

import logging
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from .config import Config, origin
from .texts import Texts

log = logging.getLogger("sitegen.newsletter")

_ADVICE = {
    400: "The request was not complete. Go back and try again.",
    403: "The form stands on a site that this newsletter does not know.",
    404: "There is nothing at this address.",
    405: "This address does not work like that.",
    408: "The request took too long. Go back and try again.",
    413: "That was far more than a form holds.",
    415: "Use the form on the site.",
    422: "The form could not be read. Go back and try again.",
    503: "The newsletter is out of order for a moment. Go back and try again in a minute.",
}  # fmt: skip


class Answers:
    """The answers of one newsletter."""

    def __init__(self, config: Config, texts: Texts) -> None:
        self.config, self.texts = config, texts

    def page(self, name: str, status: int = 200, secret: bool = True, **context: object) -> Response:
        """A page of the service. One whose address is a `secret` tells it to nobody."""
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": self.texts.policy,
            "Referrer-Policy": "no-referrer" if secret else "same-origin",  # without a referrer, a form has no origin
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }
        return HTMLResponse(self.texts.page(name, **context), status, headers)

    def to_site(self, path: str) -> Response:
        """On to a page of the static site."""
        site = self.config.site_url
        if origin(site) == origin(self.config.public_url):
            site = site.removeprefix(origin(site))  # by whatever name the visitor came
        return RedirectResponse(site + path, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    async def refused(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self.answer_status(request, status, getattr(error, "headers", None))

    async def failed(self, request: Request, error: Exception) -> Response:
        log.error("out of order: %s", type(error).__name__)
        return self.answer_status(request, 503, {"Retry-After": "60"})

    def answer_status(self, request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
        advice = _ADVICE.get(status, "")
        if wants_json(request):
            response: Response = JSONResponse({"ok": False, "message": advice}, status)
        else:
            response = self.page("refused", status, reason=HTTPStatus(status).phrase, advice=advice)
        response.headers.update(headers or {})
        return self.shared(request, response)

    def shared(self, request: Request, response: Response) -> Response:
        """`response`, readable for scripts of our own sites."""
        response.headers["Vary"] = "Origin, Accept"
        if (given := request.headers.get("origin")) in self.config.allowed_origins:
            response.headers["Access-Control-Allow-Origin"] = str(given)
        return response


def wants_json(request: Request) -> bool:
    """Whether it is a script that asks."""
    return "application/json" in request.headers.get("accept", "")
