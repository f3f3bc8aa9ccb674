"""The record in a bucket: which objects there a deploy has put, or was about to put. At each moment one deploy at most is that of the record."""

from __future__ import annotations

import gzip
import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from .bucket import Bucket, BucketError, OtherDeployError, Upload

RECORD = ".sitegen-deploy.json"


@dataclass(frozen=True, slots=True)
class Record:
    """Which objects are ours: mark and entity tag by path, and `pending`, the paths a deploy had still to write or remove.

    `tag` is the entity tag of the record itself, empty where there is none.
    """

    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    tag: str = ""


def alone(bucket: Bucket, tag: str) -> None:
    """Raises OtherDeployError if the record is not the one with this entity tag, or none where that is empty: another deploy has begun."""
    head = bucket.head(RECORD)
    if (head[1] if head else "") != tag:
        raise OtherDeployError


def store(bucket: Bucket, record: Record) -> str:
    """Put the `record` in the place of the one whose entity tag it has; its own. Raises OtherDeployError if that is not there any more."""
    facts = {"version": 1, "run": secrets.token_hex(8), "files": record.files, "pending": sorted(record.pending)}
    data = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    alone(bucket, record.tag)  # not every server looks itself
    upload = Upload(RECORD, gzip.compress(data, 6, mtime=0), "application/json", "no-store", "gzip", "record")
    try:
        return bucket.put(upload, instead_of=record.tag)
    except OtherDeployError:
        found = bucket.get(RECORD)
        if not found or found[0] != upload.data:
            raise
        return found[1]  # it was put, but the answer was lost, and a second try met the first


def read_record(bucket: Bucket) -> Record:
    """The record that is there, or an empty one. Raises BucketError if it cannot be read."""
    if not (found := bucket.get(RECORD)):
        return Record()
    data, tag = found
    try:
        facts = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
        if facts["version"] != 1:
            raise ValueError
        files = {str(path): (str(mark), str(known)) for path, (mark, known) in facts["files"].items()}
        return Record(files, frozenset(map(str, facts["pending"])), tag)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError, EOFError, zlib.error):
        raise BucketError(
            f"{RECORD} in the bucket is not a record that this program can read; nothing was changed"
        ) from None
