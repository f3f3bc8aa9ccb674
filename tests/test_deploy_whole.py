"""A deployed site is whole at every moment, also when deploys are killed: pages have what they name, and the next deploy ends right."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from sitegen.deploy import THREADS
from sitegen.record import RECORD

from .conftest import sitegen
from .storage import BUCKET, CREDENTIALS, Storage, missing, storage
from .test_deploy import files, held

KILLS = 30
EXPLORABLE = {"explorable.js": "export {};\n", "fallback.html": "<p>Dice.</p>\n"}


@pytest.fixture
def bucket() -> Iterator[Storage]:
    """An empty bucket."""
    with storage() as found:
        yield found


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three builds of one glossary, with other entries, styles and explorables each."""
    found = []
    for number in range(3):
        folder = tmp_path_factory.mktemp("site")
        texts = {f"content/terms/{w}.yaml": f"term: {w}\ndefinition: {w} of build {number}.\n" for w in ("all", f"in-{number}", f"of-{number}")}
        texts["content/terms/rolls.yaml"] = f"term: rolls\ndefinition: It rolls.\nexplorable: dice-{number}\n"
        texts |= {f"content/explorables/dice-{number}/{name}": text for name, text in EXPLORABLE.items()}
        texts |= {"content/site.yaml": "title: T\nbase_url: https://example.org/\n", "templates/assets/more.css": f"/* {number} */"}
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        result = sitegen("build", cwd=folder)
        assert result.status == 0, result.err
        found.append(folder / "public")
    return found


def watched(bucket: Storage, sites: list[Path]) -> list[str]:
    """A list that every page that lacks something at any moment from now on is written to."""
    folders: dict[str, set[str]] = {}
    for site in sites:
        for key in files(site, ""):
            if key.startswith("assets/"):
                folders.setdefault("/".join(key.split("/")[:2]), set()).add(key)
    assert len(folders) == len(sites)
    found: list[str] = []
    bucket.watch = lambda objects: found.extend(missing(objects, "docs/", folders))
    return found


def test_the_watch_sees(bucket: Storage, sites: list[Path]) -> None:
    """What the tests below look for is found where it is: a page uploaded before its style, or a style removed before it."""
    lacking = watched(bucket, sites)
    page = (sites[0] / "terms" / "rolls" / "index.html").read_bytes()
    bucket.put("docs/terms/rolls/index.html", page)
    (style,) = (key for key in files(sites[0], "") if key.endswith("/site.css"))
    assert f"terms/rolls/index.html: {style}" in lacking
    assert "terms/rolls/index.html: model.bin" in lacking
    assert "terms/rolls/index.html: explorables/dice-0/explorable.js" in lacking
    for key, data in files(sites[0]).items():
        bucket.put(key, data)
    lacking.clear()
    bucket.put("docs/terms/rolls/index.html", page)
    assert lacking == []


def test_every_moment(bucket: Storage, sites: list[Path]) -> None:
    """While one site replaces another, again and again, no page ever lacks what it names."""
    lacking = watched(bucket, sites)
    for number in (0, 1, 2, 0):
        assert bucket.deploy("--out", sites[number]).status == 0
        assert held(bucket) == files(sites[number])
    assert lacking == []


def test_killed_at_any_moment(bucket: Storage, sites: list[Path]) -> None:
    """Deploys of changing sites, killed at random moments, leave every page with what it names, and the next ends right."""
    bucket.put("docs/theirs.html", b"theirs")
    lacking = watched(bucket, sites)
    moments, asked = random.Random(3), [0]

    def counted(method: str, path: str) -> str:
        asked[0] += 1
        return ""

    bucket.refuse = counted
    kills = number = 0
    while kills < KILLS:
        number = (number + moments.randrange(1, len(sites))) % len(sites)
        asked[0], wanted = 0, moments.randrange(1, 50)  # so many requests, from the first to the last, and some beyond
        deploy = start(bucket, sites[number])
        while deploy.poll() is None and asked[0] < wanted:
            with suppress(subprocess.TimeoutExpired):
                deploy.wait(0.001)
        deploy.send_signal(signal.SIGKILL)
        landed = deploy.wait() == -signal.SIGKILL
        kills += landed
        assert lacking == []
        if landed and kills % 5 == 0:
            result = bucket.deploy("--out", sites[number])
            assert (result.status, result.err) == (0, "")
            assert held(bucket) == files(sites[number]) | {"docs/theirs.html": b"theirs"}
    assert lacking == []


def start(bucket: Storage, site: Path) -> subprocess.Popen[bytes]:
    """A deploy at work."""
    command = [sys.executable, "-m", "sitegen", "deploy", f"s3://{BUCKET}/docs", "--out", str(site), "--endpoint-url", bucket.address]
    return subprocess.Popen(command, env={**os.environ, **CREDENTIALS}, stdout=subprocess.DEVNULL)


def kill_at(changes: int, bucket: Storage, deploy: subprocess.Popen[bytes], _: dict[str, bytes]) -> None:
    """Kill a deploy when the bucket has seen so many changes."""
    if len(bucket.log) == changes:
        deploy.kill()


def test_goes_on(bucket: Storage, sites: list[Path]) -> None:
    """A first deploy that is killed again and again begins where it stopped: only what was under way may be sent twice."""
    for stop in (10, 30, 0):
        with bucket.lock:  # no request is answered before we know whom to kill
            deploy = start(bucket, sites[0])
            bucket.watch = partial(kill_at, stop, bucket, deploy)
        assert deploy.wait() == (-signal.SIGKILL if stop else 0)
    sent = [key for what, key in bucket.log if what == "put" and RECORD not in key]
    assert held(bucket) == files(sites[0])
    assert set(sent) == set(files(sites[0]))
    assert len(sent) <= len(set(sent)) + 2 * THREADS
