"""public/ -> a bucket: only what changed, in an order in which every page always has what it names.

First what pages load, then new pages, changed pages, and the lists of pages; then what is gone is removed in the
opposite order. A record in the bucket says which objects are ours. It is written before the first upload, with the paths
to come, and after the last removal, with what is there; so a deploy that was killed can be told from one that was
not, and the next one goes on where it stopped. An object that this program did not put there is never touched.
"""

from __future__ import annotations

import gzip
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from mimetypes import MimeTypes
from pathlib import Path
from typing import NoReturn

from .bucket import Bucket, BucketError, OtherDeployError, Upload
from .manifest import MARKER, stamp
from .record import RECORD, Record, alone, read_record, store

THREADS = 8
FOR_EVER, ASK = "public, max-age=31536000, immutable", "no-cache"  # `no-cache`: keep it, but ask whether it has changed

_OFTEN = 1.0  # seconds between looks at whether another deploy has begun
_WORTH = 0.9  # a compressed file is served if it has at most this share of the bytes
_NO_KEY = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # what XML, in which a server is spoken to, does not hold; and bytes that are no UTF-8
_TYPES = MimeTypes(filenames=())  # not what the machine knows: a deploy from any machine is the same
_OWN_TYPES = {
    ".js": "text/javascript", ".mjs": "text/javascript", ".md": "text/markdown", ".svg": "image/svg+xml", ".json": "application/json",
    ".jsonld": "application/ld+json", ".ttl": "text/turtle", ".webmanifest": "application/manifest+json", ".xml": "application/xml",
    ".woff2": "font/woff2", ".woff": "font/woff", ".ttf": "font/ttf", ".otf": "font/otf", ".webp": "image/webp", ".avif": "image/avif", ".ico": "image/x-icon", ".csv": "text/csv", ".txt": "text/plain",
}  # fmt: skip
_UTF8 = ("text/", "application/xml", "application/atom+xml", "image/svg+xml")  # JSON is UTF-8 by itself

Progress = Callable[[str], None]


class ForeignError(Exception):
    """Objects of someone else stand where ours should; `paths` says which."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(sorted(paths))
        super().__init__(f"{len(self.paths)} objects in the way")


class Stage(IntEnum):
    """When a file goes up."""

    LOADED = 0  # by pages: scripts, styles, fonts, data
    PAGE = 1
    LIST = 2  # feed, sitemap and what else leads to pages


@dataclass(frozen=True, slots=True)
class Local:
    """A file of the site: its path, size, and a digest of its bytes and of the headers it will have."""

    path: str
    size: int
    mark: str

    @property
    def stage(self) -> Stage:
        if self.path.startswith(("assets/", "explorables/")):
            return Stage.LOADED
        if self.path.endswith(".html"):
            return Stage.PAGE
        return Stage.LIST if self.path.endswith((".xml", ".txt")) else Stage.LOADED


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deploy will do. `same` are ours as they are to be, `left` were ours until someone else replaced them."""

    new: tuple[Local, ...]
    changed: tuple[Local, ...]
    same: Mapping[str, tuple[str, str]]
    remove: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def steps(self) -> tuple[tuple[Local, ...], ...]:
        """The uploads, each group after the one before it is done."""
        files = (*self.new, *self.changed)
        loaded, lists = (tuple(f for f in files if f.stage == stage) for stage in (Stage.LOADED, Stage.LIST))
        pages = (tuple(f for f in group if f.stage == Stage.PAGE) for group in (self.new, self.changed))
        return (loaded, *pages, lists)

    @property
    def removals(self) -> tuple[tuple[str, ...], ...]:
        """What leads to a thing goes before the thing."""
        stages = (Stage.LIST, Stage.PAGE, Stage.LOADED)
        return tuple(tuple(p for p in self.remove if Local(p, 0, "").stage == stage) for stage in stages)


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deploy did: objects uploaded and the bytes sent for them, objects found the same, and objects removed."""

    uploaded: int
    same: int
    removed: int
    sent: int


def survey(site: Path, bucket: Bucket) -> tuple[Plan, Record]:
    """Compare `site` with the bucket. Raises BucketError, OSError, and ForeignError if there is something in the way."""
    record = read_record(bucket)  # before the list, so that whoever changes that changes this, too, and is seen
    there = bucket.list()
    before = stamp(os.stat(site))
    local = {file.path: file for file in _files(site)}
    if stamp(os.stat(site)) != before:
        raise BucketError(f"{site} changed while it was looked at; deploy again when the build is done")
    claimed = record.files.keys() | record.pending
    apart = tuple(path.removesuffix(RECORD) for path in there if path.endswith(f"/{RECORD}"))  # other sites, below this one
    # Only these need a question each: what a killed deploy may have written, what only may be ours, what is to go but has changed.
    unsure = [
        path
        for path, tag in there.items()
        if path != RECORD
        and (
            path in record.pending
            or (path in local and path not in record.files)
            or (path in record.files and path not in local and tag != record.files[path][1])
        )
    ]
    heads = _heads(bucket, unsure)
    if not record.tag and any(head and head[0] for head in heads.values()):  # the record is lost: all else may be ours, too
        heads |= _heads(bucket, [path for path in there if path not in heads and path != RECORD and not path.startswith(apart)])
    there = {path: tag for path, tag in there.items() if heads.get(path, ("", "")) is not None}
    marked = {path: head for path, head in heads.items() if head and head[0]}
    ours = marked | {path: known for path, known in record.files.items() if path not in heads and there.get(path) == known[1]}
    if foreign := [path for path in local if path in heads and path in there and path not in marked and path not in record.files]:
        raise ForeignError(foreign)
    same = {path: known for path, known in ours.items() if path in local and local[path].mark == known[0]}
    wanted = [file for path, file in sorted(local.items()) if path not in same]
    return Plan(
        new=tuple(file for file in wanted if file.path not in there),
        changed=tuple(file for file in wanted if file.path in there),
        same=same,
        remove=tuple(sorted(ours.keys() - local.keys())),
        left=tuple(sorted((claimed & there.keys()) - ours.keys() - local.keys())),
    ), record


def _heads(bucket: Bucket, paths: list[str]) -> dict[str, tuple[str, str] | None]:
    with _threads() as pool:
        return dict(zip(paths, pool.map(bucket.head, paths), strict=True))


def deploy(site: Path, bucket: Bucket, progress: Progress = lambda _: None) -> tuple[Plan, Deployed]:
    """Make the bucket hold `site`. Raises BucketError, ForeignError and OSError; the next deploy then goes on from there."""
    progress("comparing")
    plan, record = survey(site, bucket)
    uploads = plan.new + plan.changed
    files = dict(plan.same)
    sent = 0
    if not (uploads or plan.remove or record.pending or record.files != files):
        return plan, Deployed(0, len(files), 0, 0)
    pending = frozenset({*(file.path for file in uploads), *plan.remove})
    tag = store(bucket, Record({**record.files, **files}, pending, record.tag))
    looked = time.monotonic()
    with _threads() as pool:
        for step in plan.steps:
            tasks = {pool.submit(_upload, site, file, bucket): file for file in step}
            for task in as_completed(tasks):
                new, size = task.result()
                files[tasks[task].path] = (tasks[task].mark, new)
                sent += size
                progress(f"uploading, {len(files):,} of {len(uploads) + len(plan.same):,} there")
                if time.monotonic() > looked + _OFTEN:
                    alone(bucket, tag)
                    looked = time.monotonic()
    there = bucket.list()
    if there.get(RECORD) != tag or any(there.get(path) != known[1] for path, known in files.items()):
        raise OtherDeployError
    progress("removing")
    for paths in plan.removals:
        bucket.remove(paths)
    store(bucket, Record(files, tag=tag))
    return plan, Deployed(len(uploads), len(plan.same), len(plan.remove), sent)


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Threads for requests. After an error those to come are not made, and nobody waits here for those under way, which may have come to a stand."""
    pool = ThreadPoolExecutor(THREADS)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _upload(site: Path, file: Local, bucket: Bucket) -> tuple[str, int]:
    """The entity tag of the new object, and how many bytes were sent."""
    data = (site / file.path).read_bytes()
    if _mark(file.path, data) != file.mark:
        raise BucketError(f"{site / file.path} changed while it was deployed; deploy again when the build is done")
    sent = _packed(file.path, data, file.mark)
    return bucket.put(sent), len(sent.data)


def _files(site: Path) -> Iterable[Local]:
    def unreadable(error: OSError) -> NoReturn:
        raise error  # what cannot be looked at is not gone

    for folder, _, names in os.walk(site, onerror=unreadable):
        for path in (Path(folder, name) for name in names):
            name = path.relative_to(site).as_posix()
            if name not in (MARKER, RECORD) and path.is_file():
                if _NO_KEY.search(name):
                    raise BucketError(f"{path}: no object can have this name; nothing was changed")
                data = path.read_bytes()
                yield Local(name, len(data), _mark(name, data))


def _mark(path: str, data: bytes) -> str:
    """A digest of what the object will be. It is of the bytes before they are compressed, for compressors differ."""
    headers = f"1\0{content_type(path)}\0{caching(path)}\0"
    return blake2b(headers.encode() + data, digest_size=16).hexdigest()


def _packed(path: str, data: bytes, mark: str) -> Upload:
    small = gzip.compress(data, 9, mtime=0)
    pays = len(small) <= _WORTH * len(data)
    return Upload(path, small if pays else data, content_type(path), caching(path), "gzip" if pays else "", mark)


def content_type(path: str) -> str:
    """The media type of a file, with its encoding where it is text."""
    name = path.rpartition("/")[2]
    suffix = name[name.rfind(".") :] if "." in name else ""
    if name.startswith("feed") and suffix == ".xml":
        kind = "application/atom+xml"
    elif name.startswith("_") and not suffix:
        kind = "text/plain"  # `_headers`
    else:
        guessed, packed = _TYPES.guess_type(name)
        if packed:
            guessed = "application/gzip" if packed == "gzip" else None  # not the type of what is in it
        kind = _OWN_TYPES.get(suffix) or guessed or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith(_UTF8) else kind


def caching(path: str) -> str:
    """For how long a browser may keep a file: the assets' folder is named by its content, all else keeps its name."""
    return FOR_EVER if path.startswith("assets/") else ASK
