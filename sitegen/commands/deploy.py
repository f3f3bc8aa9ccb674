"""`sitegen deploy`: the built site goes to object storage."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import click

from ..bucket import S3, BucketError
from ..deploy import THREADS, Deployed, ForeignError, Plan, survey
from ..deploy import deploy as deploy_site
from ..manifest import MARKER
from ..problems import printable, unsecret
from .shared import count, json_option, reported, stages, stop

_ADDRESS = re.compile(r"s3://([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?:/(.*))?")
_SHOWN = 10


def _address(_: click.Context, param: click.Parameter, value: str) -> tuple[str, str]:
    """Bucket and prefix."""
    found = _ADDRESS.fullmatch(value)
    prefix = (found[2] or "").strip("/") if found else ""
    if not found or not prefix.isprintable() or (prefix and not all(part.strip(".") for part in prefix.split("/"))):
        raise click.BadParameter("not an address like s3://bucket or s3://bucket/folder", param=param)
    return found[1], prefix


def _endpoint(_: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
        with suppress(ImportError):  # which is said later
            from botocore.utils import is_valid_endpoint_url

            fine = fine and is_valid_endpoint_url(value)
    except ValueError:
        fine = False
    if not fine:
        raise click.BadParameter("not an address like https://storage.example.org", param=param)
    return value


@click.command(short_help="Upload the site to S3 or a server like it.")
@click.argument("address", callback=_address, metavar="s3://BUCKET/PREFIX")
@click.option("--out", "site", type=click.Path(path_type=Path, file_okay=False, exists=True), default="public",
              show_default=True, help="The folder that `sitegen build` wrote.")  # fmt: skip
@click.option("--endpoint-url", callback=_endpoint, metavar="URL", help="A server other than Amazon's.")
@click.option("--dry-run", is_flag=True, help="Only say what would be uploaded and removed.")
@json_option
@reported
def deploy(address: tuple[str, str], site: Path, endpoint_url: str | None, dry_run: bool, as_json: bool) -> None:
    """Upload what has changed since the last deploy, and remove what is gone.

    What a page names is there before the page. Killed at any moment, the next deploy goes on from there. Objects that
    sitegen did not put there are never touched. Credentials come from where every AWS program finds them: AWS_ACCESS_KEY_ID
    and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the machine's role.
    """
    if not (site / MARKER).is_file():
        raise click.UsageError(f"{site} was not made by sitegen build")
    name, prefix = address
    place = f"s3://{name}/{prefix}".rstrip("/")
    try:
        bucket = S3(name, prefix, endpoint_url, THREADS)
        if dry_run:
            plan, _ = survey(site, bucket)
            done = None
        else:
            with stages() as progress:
                plan, done = deploy_site(site, bucket, progress)
    except BucketError as error:
        _end(printable(unsecret(str(error))))
    except KeyboardInterrupt:
        _end("Aborted!")
    except ForeignError as error:
        for path in error.paths[:_SHOWN]:
            click.echo(printable(f"{place}/{path}: sitegen did not put this there, and would replace it"), err=True)
        more = f", of which {_SHOWN} are shown" if len(error.paths) > _SHOWN else ""
        stop(f"{count(len(error.paths), 'object')} in the way{more}; nothing was uploaded")
    if as_json:
        click.echo(json.dumps(_facts(plan, done), ensure_ascii=True))
    else:
        _say(place, plan, done)


def _end(message: str) -> NoReturn:
    """As `stop`, at once: a request under way might take minutes, and a deploy that is killed loses nothing."""
    click.echo(message, err=True)
    os._exit(1)


def _facts(plan: Plan, done: Deployed | None) -> dict[str, object]:
    if done:
        return {
            "uploaded": done.uploaded,
            "same": done.same,
            "removed": done.removed,
            "bytes": done.sent,
            "left": plan.left,
        }
    return {
        "new": [file.path for file in plan.new], "changed": [file.path for file in plan.changed], "same": len(plan.same),
        "remove": plan.remove, "left": plan.left,
    }  # fmt: skip


def _say(place: str, plan: Plan, done: Deployed | None) -> None:
    for path in plan.left:
        click.echo(printable(f"{place}/{path}: someone else has replaced it, so it stays"), err=True)
    if done:
        click.echo(
            f"{place}: {done.uploaded:,} uploaded, {done.sent:,} bytes, {done.same:,} the same, {done.removed:,} removed"
        )
        return
    new = set(plan.new)
    for file in chain(*plan.steps):
        click.echo(printable(f"upload {file.path} ({'new' if file in new else 'changed'}, {file.size:,} bytes)"))
    for path in chain(*plan.removals):
        click.echo(printable(f"remove {path}"))
    uploads = len(plan.new) + len(plan.changed)
    click.echo(
        f"{place}: {uploads:,} to upload, {len(plan.same):,} the same, {len(plan.remove):,} to remove; nothing was done"
    )
