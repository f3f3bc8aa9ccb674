"""Page -> File through Jinja. A mistake in a template becomes a Problem with its line."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator
from jinja2.compiler import Frame as Frame_
from jinja2.runtime import Context
from markupsafe import Markup as Safe
from markupsafe import escape

from .model import File
from .names import url_path
from .problems import ContentError, Place, Problem
from .site import Frame

_SPECIAL = re.compile("[<>&\"']").search


def escaped(value: object) -> str:
    """As markupsafe's `escape`, quicker for the many texts that have nothing to escape, or are escaped."""
    return value if (type(value) is str and not _SPECIAL(value)) or type(value) is Safe else escape(value)


class _Generator(CodeGenerator):
    """Writes templates that call `escaped`, through the environment that all their code knows."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame_, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.escaped(")
        else:
            super()._output_child_pre(node, frame, finalize)


class _Template(Template):
    """Hands each block and each included template on as one text: its hundreds of pieces would pass through every template around it."""

    @classmethod
    def from_code(cls, *args: Any) -> Template:
        template = super().from_code(*args)
        template.root_render_func = _joined(template.root_render_func)
        template.blocks = {name: _joined(block) for name, block in template.blocks.items()}
        return template


def _joined(pieces: Callable[..., Iterator[str]]) -> Callable[..., Iterator[str]]:
    def whole(*args: Any) -> Iterator[str]:
        yield "".join(pieces(*args))

    return whole


class _Context(Context):
    """Calls what a template calls. Jinja would look each time whether that wants the context, which nothing does that templates are given."""

    def call(__self, __obj: Callable[..., Any], *args: Any, _loop_vars: object = None, _block_vars: object = None, **kwargs: Any) -> Any:  # noqa: N805
        return __obj(*args, **kwargs)


class _Environment(Environment):
    code_generator_class = _Generator
    template_class = _Template
    context_class = _Context
    escaped = staticmethod(escaped)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A template's globals in one dictionary: Jinja's chain of two, which could change later, is gone through slowly for every context."""
        return {**self.globals, **(d or {})}


class _Loader(FileSystemLoader):
    """Finds templates that are not hidden: at those that are, the survey does not look."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        if any(part.startswith(".") and part != "." for part in template.split("/")):
            raise TemplateNotFound(template, f"{template!r} is hidden, and so is no template")
        try:
            return super().get_source(environment, template)
        except UnicodeDecodeError as error:
            path = next(filter(os.path.isfile, (os.path.join(folder, template) for folder in self.searchpath)))
            before = Path(path).read_bytes()[: error.start]
            message = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
            raise TemplateSyntaxError(message, before.count(b"\n") + 1, template, path) from None


class _Compiled(BytecodeCache):
    """Templates' code by Jinja's key, with the hash of the text that it was compiled from."""

    def __init__(self, code: dict[str, bytes]) -> None:
        self.code = code

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.code:
            bucket.bytecode_from_string(self.code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.code[bucket.key] = bucket.bytecode_to_string()


def compiled(frame: Frame) -> dict[str, bytes]:
    """What a Renderer of these templates need not compile again. One that is broken is left to the page that wants it."""
    code: dict[str, bytes] = {}
    environment = Renderer(frame, code).environment
    for name in environment.list_templates(["html"]):
        with suppress(TemplateError, ValueError, OSError):
            environment.get_template(name)
    return code


class Renderer:
    """The templates of one site. Links in a page are relative, so that the site works under any address."""

    def __init__(self, frame: Frame, code: dict[str, bytes] | None = None) -> None:
        """`code` as `compiled` gives it."""
        self.frame = frame
        self._fragments: dict[tuple[object, ...], Safe] = {}
        self.environment = _Environment(
            loader=_Loader(frame.folders),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=_Compiled({} if code is None else code),
        )
        self.environment.globals["theme_script"] = Safe(frame.theme_script)

    @cached_property
    def policy(self) -> str:
        """The Content-Security-Policy of every page, as a meta element can carry it."""
        digest = b64encode(sha256(self.frame.theme_script.encode()).digest()).decode()
        newsletter = self.frame.newsletter
        forms = filter(None, ["'self'", *([newsletter.origin, *newsletter.redirects] if newsletter else [])])
        scripts = filter(None, ["'self'", newsletter.origin if newsletter and newsletter.own else ""])
        return "; ".join([
            "default-src 'none'", f"script-src 'self' 'sha256-{digest}'", "style-src 'self'", "img-src 'self' data:",
            "font-src 'self'", f"connect-src {' '.join(scripts)}", f"form-action {' '.join(forms)}", "base-uri 'none'", "object-src 'none'",
            "require-trusted-types-for 'script'", "trusted-types 'none'",
        ])  # fmt: skip

    def root_of(self, path: str) -> str:
        """The way from the page at `path` to the site's root."""
        if path == "404.html":  # served at any address, so it cannot know the way
            return self.frame.base_path
        return "../" * path.count("/") or "./"

    def page(self, template: str, path: str, **context: Any) -> File:
        """The page at `path`, a folder unless it ends in .html."""
        root = self.root_of(path)
        shared = {"site": context["site"], "href": self._links(root), "asset": lambda name: root + self.frame.assets_path + name}
        try:
            html = self.environment.get_template(template).render(context, **shared, fragment=partial(self._fragment, root, shared))
        except (
            TemplateError,
            TypeError,
            AttributeError,
            ValueError,
            ArithmeticError,
            LookupError,
            RecursionError,
        ) as error:
            broken = ContentError([self._problem(template, error)])
        else:
            return File(path if path.endswith(".html") else path + "index.html", html.encode())
        raise broken  # here, without the error: the stack that it may have filled could not go to another process

    def _fragment(self, root: str, shared: Mapping[str, Any], template: str, **shows: Hashable) -> Safe:
        """What `template` makes of the site and of what it `shows`, nothing of the page: rendered once for all pages at one depth."""
        key = template, root, type(shared["site"]), *shows.items()
        if key not in self._fragments:
            self._fragments[key] = Safe(self.environment.get_template(template).render(shared, **shows))
        return self._fragments[key]

    def _links(self, root: str) -> Callable[[str], str]:
        return lambda path: root + url_path(path)

    def _problem(self, template: str, error: Exception) -> Problem:
        """The innermost template line in the traceback, which Jinja has translated to the template's own."""
        file, line = template, 1
        if isinstance(error, TemplateSyntaxError):
            file, line = error.filename or error.name or template, error.lineno
        trace = error.__traceback__
        folders = self.frame.folders
        while trace:
            name = trace.tb_frame.f_code.co_filename
            if name.startswith(folders):
                file, line = name, trace.tb_lineno
            trace = trace.tb_next
        message = getattr(error, "message", None) or str(error) or type(error).__name__
        return Problem(Place(Path(file).as_posix(), line), "broken-template", message)


def json_script(value: object) -> Safe:
    """`value` as JSON that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Safe(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
