"""An S3 server on loopback (moto's), which says after every request that changed something what is in it."""

from __future__ import annotations

import gzip
import io
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from .conftest import Result, sitegen

BUCKET = "site-of-ours"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "us", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}  # fmt: skip


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: the tests have a log of their own."""


Refusal = Callable[[str, str], str]  # of a method and a path: an S3 error's code, or nothing


@dataclass
class Storage:
    """One bucket. `log` are the requests that changed it, `objects` what it holds by key, `watch` is told of each change."""

    address: str
    client: Any
    log: list[tuple[str, str]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    watch: Callable[[dict[str, bytes]], None] = lambda _: None
    refuse: Refusal = lambda method, path: ""
    lose: Refusal = lambda method, path: ""  # the same, of a request that was done
    lock: threading.Lock = field(default_factory=threading.Lock)

    def deploy(self, *args: object, to: str = f"s3://{BUCKET}/docs", **environment: str) -> Result:
        """Run the command against it."""
        return sitegen("deploy", to, "--endpoint-url", self.address, *args, **{**CREDENTIALS, **environment})

    def put(self, key: str, data: bytes) -> None:
        """Put something there that is not ours."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def head(self, key: str) -> dict[str, Any]:
        """The headers of an object."""
        found: dict[str, Any] = self.client.head_object(Bucket=BUCKET, Key=key)
        return found

    def listed(self) -> dict[str, bytes]:
        """What the server itself says that it holds, decompressed where it says so."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        found = {}
        for key in [item["Key"] for page in pages for item in page.get("Contents", ())]:
            answer = self.client.get_object(Bucket=BUCKET, Key=key)
            data = answer["Body"].read()
            found[key] = gzip.decompress(data) if answer.get("ContentEncoding") == "gzip" else data
        return found

    def __call__(self, application: Any, environ: dict[str, Any], start_response: Any) -> Any:
        """Pass a request on, unless it is to be refused or its client died while it sent."""
        method, path = environ["REQUEST_METHOD"], unquote(environ["PATH_INFO"].encode("latin-1").decode())
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        code = "IncompleteBody" if len(body) < length else self.refuse(method, path)
        if code:
            return _refused(code, start_response)
        if method not in ("PUT", "POST"):
            return application(environ, start_response)
        with self.lock:
            lost = self.lose(method, path)
            answer = list(application(environ, (lambda *_: None) if lost else start_response))
            key = path.removeprefix(f"/{BUCKET}/")
            if method == "PUT" and key != path and key:
                encoded = environ.get("HTTP_CONTENT_ENCODING") == "gzip"
                self.objects[key] = gzip.decompress(body) if encoded else body
                self.log.append(("put", key))
                self.watch(self.objects)
            elif method == "POST" and "delete" in environ["QUERY_STRING"]:
                # One request removes many, in an order that nobody promises.
                for element in ElementTree.fromstring(body).iter():
                    if element.tag.endswith("Key"):
                        self.objects.pop(element.text or "", None)
                        self.log.append(("remove", element.text or ""))
                self.watch(self.objects)
            return _refused(lost, start_response) if lost else answer


def _refused(code: str, start_response: Any) -> list[bytes]:
    status = {"SlowDown": "503 Slow Down", "InternalError": "500 Error", "IncompleteBody": "400 Bad"}.get(code, "403 Forbidden")
    start_response(status, [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()]


@contextmanager
def storage() -> Iterator[Storage]:
    """A server with one empty bucket."""
    found: list[Storage] = []
    backend = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, lambda environ, start: found[0](backend, environ, start), threaded=True, request_handler=_Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    client = boto3.client(
        "s3", endpoint_url=address, aws_access_key_id="them", aws_secret_access_key="secret", region_name="us-east-1"
    )
    found.append(Storage(address, client))
    thread.start()
    try:
        client.create_bucket(Bucket=BUCKET)
        yield found[0]
    finally:
        for key in found[0].listed():
            client.delete_object(Bucket=BUCKET, Key=key)
        client.delete_bucket(Bucket=BUCKET)
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()


_NAMED = re.compile(rb'(?:src|href|data-model|data-explorable)="([^"#?]+)"')


def missing(objects: dict[str, bytes], prefix: str, folders: dict[str, set[str]]) -> list[str]:
    """What pages below `prefix` name and the bucket lacks; of a hashed folder all its files, which name each other.

    `folders` holds the files of each folder of assets that any build has.
    """
    lacking = []
    for key, html in objects.items():
        if key.startswith(prefix) and key.endswith(".html"):
            path = key.removeprefix(prefix)
            for written in set(_NAMED.findall(html)):
                target = _resolved(path, written.decode())
                folder = "/".join(target.split("/")[:2])
                if target.startswith("assets/"):
                    lacking += [f"{path}: {name}" for name in folders[folder] if prefix + name not in objects]
                elif target == "model.bin" or target.startswith("explorables/"):
                    lacking += [f"{path}: {target}"] * (prefix + target not in objects)
    return lacking


def _resolved(path: str, written: str) -> str:
    if urlsplit(written).scheme:
        return ""
    parts = path.split("/")[:-1]
    for part in written.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
