"""`sitegen deploy` against a real S3 server: what goes up, how, in which order, and what is left alone."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from sitegen.deploy import content_type
from sitegen.record import RECORD

from .conftest import PROJECT, Result, sitegen
from .storage import BUCKET, CREDENTIALS, Storage, storage

SITE = "title: Test\nbase_url: https://example.org/docs/\n"
ENTRY = "term: {0}\ndefinition: The word {0}, which stands for nothing.\nexplainer: |\n  {1}\n"
EXPLORABLE = {"explorables/dice/explorable.js": "export {};\n", "explorables/dice/fallback.html": "<p>Dice.</p>\n"}


@pytest.fixture
def bucket() -> Iterator[Storage]:
    """An empty bucket."""
    with storage() as found:
        yield found


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small site, built once."""
    return build(tmp_path_factory.mktemp("built"), {"alpha": "Once.", "beta": "Once."})


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """The small site, to be changed at will."""
    return Path(shutil.copytree(built, tmp_path / "public"))


def build(folder: Path, entries: dict[str, str]) -> Path:
    """Build the site of these entries, each with its explainer, anew in `folder`."""
    shutil.rmtree(folder / "content", ignore_errors=True)
    texts = {f"terms/{name}.yaml": ENTRY.format(name.capitalize(), text) for name, text in entries.items()}
    for name, text in {"site.yaml": SITE, **EXPLORABLE, **texts}.items():
        path = folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    result = sitegen("build", cwd=folder)
    assert result.status == 0, result.err
    return folder / "public"


def files(site: Path, prefix: str = "docs/") -> dict[str, bytes]:
    """What the bucket is to hold, but the record."""
    return {
        prefix + file.relative_to(site).as_posix(): file.read_bytes()
        for file in site.rglob("*") if file.is_file() and file.name != ".sitegen"
    }  # fmt: skip


def held(bucket: Storage, prefix: str = "docs/") -> dict[str, bytes]:
    """What the bucket holds, but the record."""
    return {key: data for key, data in bucket.listed().items() if key != prefix + RECORD}


def test_whole_site(bucket: Storage, site: Path) -> None:
    """The first deploy puts every file there, and says how many and how many bytes; the second has nothing to send."""
    result = bucket.deploy("--out", site)
    expected = files(site)
    sent = sum(bucket.head(key)["ContentLength"] for key in expected)
    assert (result.status, result.err) == (0, "")
    assert result.out == f"s3://{BUCKET}/docs: {len(expected)} uploaded, {sent:,} bytes, 0 the same, 0 removed\n"
    assert held(bucket) == expected
    done = len(bucket.log)
    result = bucket.deploy("--out", site)
    assert (result.status, result.err) == (0, "")
    assert result.out == f"s3://{BUCKET}/docs: 0 uploaded, 0 bytes, {len(expected)} the same, 0 removed\n"
    assert len(bucket.log) == done


def test_headers(bucket: Storage, site: Path) -> None:
    """Each object has its type, says how long it may be kept, and is compressed where that saves a tenth."""
    assert bucket.deploy("--out", site).status == 0
    found = {}
    for key, data in files(site).items():
        head = bucket.head(key)
        small = gzip.compress(data, 9, mtime=0)
        pays = len(small) <= 0.9 * len(data)
        assert (head.get("ContentEncoding"), head["ContentLength"]) == (("gzip", len(small)) if pays else (None, len(data))), key
        for_ever = key.startswith("docs/assets/")
        assert head["CacheControl"] == ("public, max-age=31536000, immutable" if for_ever else "no-cache"), key
        name = key.rpartition("/")[2]
        found[name if name in ("feed.xml", "_headers") else name.rpartition(".")[2]] = head["ContentType"]
    assert found == {
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "json": "application/json", "md": "text/markdown; charset=utf-8", "txt": "text/plain; charset=utf-8",
        "xml": "application/xml; charset=utf-8", "feed.xml": "application/atom+xml; charset=utf-8", "svg": "image/svg+xml; charset=utf-8",
        "woff2": "font/woff2", "bin": "application/octet-stream", "_headers": "text/plain; charset=utf-8",
    }  # fmt: skip
    assert [content_type(name) for name in ("a.csv.gz", "a.csv", "a.woff", "a.ttf", "a.otf")] == [
        "application/gzip", "text/csv; charset=utf-8", "font/woff", "font/ttf", "font/otf",
    ]  # fmt: skip


def test_only_what_changed(bucket: Storage, site: Path, tmp_path: Path) -> None:
    """After an edit exactly the files whose bytes differ go up, and those that are gone are removed."""
    assert bucket.deploy("--out", site).status == 0
    before = files(site)
    build(tmp_path, {"alpha": "Twice.", "gamma": "New."})
    after = files(site)
    bucket.log.clear()
    result = bucket.deploy("--out", site, "--json")
    record = f"docs/{RECORD}"
    put = [key for what, key in bucket.log if what == "put" and key != record]
    removed = [key for what, key in bucket.log if what == "remove"]
    assert sorted(put) == sorted(key for key, data in after.items() if before.get(key) != data)
    assert sorted(removed) == sorted(before.keys() - after.keys()) != []
    assert held(bucket) == after
    assert json.loads(result.out) == {
        "uploaded": len(put), "same": len(after) - len(put), "removed": len(removed), "left": [],
        "bytes": sum(bucket.head(key)["ContentLength"] for key in put),
    }  # fmt: skip


def test_order(bucket: Storage, site: Path, tmp_path: Path) -> None:
    """The record first; then what pages load, new pages, changed pages, lists; then removals; the record last."""
    assert bucket.deploy("--out", site).status == 0
    build(tmp_path, {"alpha": "Twice.", "gamma": "New."})
    before = set(held(bucket))
    bucket.log.clear()
    assert bucket.deploy("--out", site).status == 0

    def stage(what: str, key: str) -> int:
        kind = 2 if key.endswith((".xml", ".txt")) else 1 if key.endswith(".html") else 0
        return 5 - kind + 3 if what == "remove" else kind + (kind == 2) + (kind == 1 and key in before)

    record = ("put", f"docs/{RECORD}")
    assert (bucket.log[0], bucket.log[-1]) == (record, record)
    assert bucket.log.count(record) == 2
    stages = [stage(*change) for change in bucket.log[1:-1]]
    assert stages == sorted(stages)
    assert set(stages) == {0, 1, 2, 3, 7, 8}


def test_dry_run(bucket: Storage, site: Path, tmp_path: Path) -> None:
    """A dry run says what the deploy after it does, and does nothing."""
    assert bucket.deploy("--out", site).status == 0
    build(tmp_path, {"alpha": "Twice.", "gamma": "New."})
    bucket.log.clear()
    plan = json.loads(bucket.deploy("--out", site, "--dry-run", "--json").out)
    result = bucket.deploy("--out", site, "--dry-run")
    assert (result.status, result.err, bucket.log) == (0, "", [])
    *lines, total = result.out.splitlines()
    uploads = [line.split()[1] for line in lines if line.startswith("upload ")]
    removals = [line.split()[1] for line in lines if line.startswith("remove ")]
    assert len(lines) == len(uploads) + len(removals)
    assert f"upload terms/gamma/index.html (new, {(site / 'terms/gamma/index.html').stat().st_size:,} bytes)" in lines
    assert total == (
        f"s3://{BUCKET}/docs: {len(uploads)} to upload, {plan['same']} the same, {len(removals)} to remove; nothing was done"
    )
    assert (sorted(uploads), sorted(removals)) == (sorted(plan["new"] + plan["changed"]), sorted(plan["remove"]))
    assert bucket.deploy("--out", site).status == 0
    assert sorted(key for what, key in bucket.log if what == "put" and RECORD not in key) == sorted(f"docs/{p}" for p in uploads)
    assert sorted(key for what, key in bucket.log if what == "remove") == sorted(f"docs/{path}" for path in removals)


def test_objects_of_others(bucket: Storage, site: Path, tmp_path: Path) -> None:
    """What others put beside, around and within the site stays as it is, also when the site is replaced."""
    others = {"docs-old/index.html": b"old", "index.html": b"root", "docs/mine.txt": b"mine", "docs/terms/mine/index.html": b"m", "docs": b""}
    for key, data in others.items():
        bucket.put(key, data)
    tags = {key: bucket.head(key)["ETag"] for key in others}
    assert bucket.deploy("--out", site).status == 0
    build(tmp_path, {"gamma": "New."})
    assert bucket.deploy("--out", site).status == 0
    assert held(bucket) == files(site) | others
    assert {key: bucket.head(key)["ETag"] for key in others} == tags


def test_in_the_way(bucket: Storage, site: Path) -> None:
    """Where an object that is not ours stands at an address of ours, nothing at all is done, and every such address is named."""
    for key in ("docs/index.html", "docs/a-z/index.html"):
        bucket.put(key, b"mine")
    bucket.log.clear()
    result = bucket.deploy("--out", site)
    assert (result.status, result.out, bucket.log) == (1, "", [])
    assert result.err == (
        f"s3://{BUCKET}/docs/a-z/index.html: sitegen did not put this there, and would replace it\n"
        f"s3://{BUCKET}/docs/index.html: sitegen did not put this there, and would replace it\n"
        "2 objects in the way; nothing was uploaded\n"
    )


def test_changed_by_others(bucket: Storage, site: Path, tmp_path: Path) -> None:
    """What others removed or replaced of ours is put back; what they replaced and we no longer have stays, and is named."""
    assert bucket.deploy("--out", site).status == 0
    bucket.put("docs/index.html", b"defaced")
    bucket.client.delete_object(Bucket=BUCKET, Key="docs/feed.xml")
    bucket.log.clear()
    result = bucket.deploy("--out", site)
    assert result.out.startswith(f"s3://{BUCKET}/docs: 2 uploaded, ")
    assert held(bucket) == files(site)

    bucket.put("docs/terms/beta/index.html", b"theirs now")
    build(tmp_path, {"alpha": "Once."})
    result = bucket.deploy("--out", site)
    assert (result.status, result.err) == (0, f"s3://{BUCKET}/docs/terms/beta/index.html: someone else has replaced it, so it stays\n")
    assert held(bucket) == files(site) | {"docs/terms/beta/index.html": b"theirs now"}
    assert bucket.deploy("--out", site).err == ""


def test_lost_record(bucket: Storage, site: Path) -> None:
    """Without its record a deploy knows its own objects by their mark: it sends none of them again, removes those that are gone, and leaves all others."""
    assert bucket.deploy("--out", site).status == 0
    assert bucket.deploy("--out", site, to=f"s3://{BUCKET}/docs/other").status == 0
    bucket.put("docs/theirs.txt", b"theirs")
    others = {key: data for key, data in bucket.listed().items() if key.startswith(("docs/other/", "docs/theirs"))}
    bucket.client.delete_object(Bucket=BUCKET, Key=f"docs/{RECORD}")
    before = files(site).keys()
    shutil.rmtree(site / "terms" / "beta")
    gone = before - files(site).keys()
    bucket.log.clear()
    result = bucket.deploy("--out", site)
    expected = f"s3://{BUCKET}/docs: 0 uploaded, 0 bytes, {len(files(site))} the same, {len(gone)} removed\n"
    assert (result.status, result.out, result.err) == (0, expected, "")
    assert set(bucket.log) == {("put", f"docs/{RECORD}"), *(("remove", key) for key in gone)}
    assert held(bucket) == files(site) | others


def test_strange_record(bucket: Storage, site: Path) -> None:
    """A record that someone else wrote, or a later version, stops the deploy before it does anything."""
    for data in (b"hello", b"[]", b'{"version": 2, "files": {}, "pending": []}', gzip.compress(b"{}")[:-9]):
        bucket.put(f"docs/{RECORD}", data)
        bucket.log.clear()
        result = bucket.deploy("--out", site)
        said = f"{RECORD} in the bucket is not a record that this program can read; nothing was changed\n"
        assert (result.status, result.out, result.err, bucket.log) == (1, "", said, [])


def test_other_places(bucket: Storage, site: Path) -> None:
    """A site may be a whole bucket, or stand at several prefixes, each with its record."""
    for address, prefix in (("s3://site-of-ours/", ""), ("s3://site-of-ours/a/b/", "a/b/")):
        assert bucket.deploy("--out", site, to=address).status == 0
        inside = {key: data for key, data in bucket.listed().items() if key.startswith(prefix) and RECORD not in key}
        assert inside == files(site, prefix)


OVERTAKEN = "another deploy of the same place was at work meanwhile; deploy again\n"


@pytest.mark.parametrize(
    ("method", "key", "begun"), [("GET", "", True), ("HEAD", f"/docs/{RECORD}", False), ("PUT", f"/docs/{RECORD}", True), ("PUT", f"/docs/{RECORD}", False)]
)
def test_overtaken_before_it_begins(bucket: Storage, site: Path, tmp_path: Path, method: str, key: str, begun: bool) -> None:
    """Where another deploy, the first or a later one, is made between a deploy's look and its first change, it changes nothing, and says so."""
    if begun:
        assert bucket.deploy("--out", site).status == 0
    other = Path(shutil.copytree(site, tmp_path / "other"))
    (other / "index.html").write_text("other")
    (other / "other.txt").write_text("other")
    (site / "new.txt").write_text("new")

    def overtake(*request: str) -> str:
        if (request[0], request[1].rstrip("/")) == (method, f"/{BUCKET}{key}"):
            bucket.refuse = lambda method, path: ""
            assert bucket.deploy("--out", other).status == 0
        return ""

    bucket.refuse = overtake
    result = bucket.deploy("--out", site)
    assert (result.status, result.out, result.err) == (1, "", OVERTAKEN)
    assert held(bucket) == files(other)
    assert bucket.deploy("--out", site).status == 0
    assert held(bucket) == files(site)


@pytest.mark.parametrize("key", [f"docs/{RECORD}", "docs/index.html"])
def test_overtaken_at_work(bucket: Storage, site: Path, key: str) -> None:
    """A deploy during which another one begins, or writes, removes nothing, and says so."""
    assert bucket.deploy("--out", site).status == 0
    before = set(held(bucket))
    (site / "feed.xml").unlink()
    (site / "index.html").write_text("changed")
    (site / "new.txt").write_text("new")
    record = bucket.client.get_object(Bucket=BUCKET, Key=f"docs/{RECORD}")["Body"].read()

    def overtake(objects: dict[str, bytes]) -> None:
        if "docs/new.txt" in objects:
            bucket.watch = lambda _: None
            put_meanwhile(bucket, key, record if RECORD in key else b"other")

    bucket.watch = overtake
    result = bucket.deploy("--out", site)
    assert (result.status, result.out, result.err) == (1, "", OVERTAKEN)
    assert set(held(bucket)) == before | {"docs/new.txt"}
    bucket.client.put_object(Bucket=BUCKET, Key="docs/index.html", Body=b"", Metadata={"sitegen": "other"})
    assert bucket.deploy("--out", site).status == 0
    assert held(bucket) == files(site)


def test_overtaken_stops(bucket: Storage, site: Path) -> None:
    """A deploy that was overtaken stops soon: it does not go on to put its files over the other's."""

    def slow(method: str, path: str) -> str:
        if method == "PUT" and RECORD not in path:
            time.sleep(1)
            if not bucket.objects.get("docs/.sitegen-deploy.json", b"").startswith(b"other"):
                bucket.put(f"docs/{RECORD}", b"other")
        return ""

    bucket.refuse = slow
    result = bucket.deploy("--out", site)
    assert (result.status, result.out, result.err) == (1, "", OVERTAKEN)
    assert 0 < len(held(bucket)) < len(files(site)) - 8


def test_a_server_without_conditions(bucket: Storage, site: Path) -> None:
    """A server that does not know how to put only in the place of another object is asked for less."""
    answers = cycle(("NotImplemented", ""))
    bucket.refuse = lambda method, path: next(answers) if method == "PUT" and RECORD in path else ""
    result = bucket.deploy("--out", site)
    assert (result.status, result.err) == (0, "")
    assert held(bucket) == files(site)


@pytest.mark.parametrize("deployed", [False, True])
def test_answers_that_are_lost(bucket: Storage, site: Path, deployed: bool) -> None:
    """Where a server stores the record but its answer is lost, the second try is not taken for another deploy's work."""
    if deployed:
        assert bucket.deploy("--out", site).status == 0
        (site / "index.html").write_text("changed")
    lost = cycle(("InternalError", ""))
    bucket.lose = lambda method, path: next(lost) if method == "PUT" and RECORD in path else ""
    result = bucket.deploy("--out", site)
    assert (result.status, result.err) == (0, "")
    assert held(bucket) == files(site)
    number = len(files(site))
    assert bucket.deploy("--out", site).out == f"s3://{BUCKET}/docs: 0 uploaded, 0 bytes, {number} the same, 0 removed\n"


def put_meanwhile(bucket: Storage, key: str, data: bytes) -> None:
    """Put something there from within a request, whose lock is held."""
    bucket.lock.release()
    try:
        bucket.put(key, data)
    finally:
        bucket.lock.acquire()


def test_busy_server(bucket: Storage, site: Path) -> None:
    """A server that is busy for a moment is asked again; one that stays so is given up, and the next deploy sends only the rest."""
    asked: dict[str, int] = {}

    def busy(method: str, path: str) -> str:
        asked[path] = asked.get(path, 0) + 1
        return "SlowDown" if method == "PUT" and path.endswith("site.css") and asked[path] < 2 else ""

    bucket.refuse = busy
    assert bucket.deploy("--out", site).status == 0
    assert held(bucket) == files(site)

    (site / "api" / "schema.json").write_text("{}")
    (site / "index.html").write_text("changed")
    bucket.refuse = lambda method, path: "InternalError" if method == "PUT" and path.endswith("/docs/index.html") else ""
    result = bucket.deploy("--out", site, AWS_MAX_ATTEMPTS="2")
    assert (result.status, result.out) == (1, "")
    assert result.err == f"the bucket '{BUCKET}' refuses PutObject: InternalError No.\n"
    bucket.refuse = lambda method, path: ""
    assert bucket.deploy("--out", site).out.startswith(f"s3://{BUCKET}/docs: 1 uploaded, 7 bytes, ")
    assert held(bucket) == files(site)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "the bucket 'site-of-ours' denies access: these credentials may not PutObject"),
        ("InvalidAccessKeyId", "the credentials are not accepted: InvalidAccessKeyId"),
        ("ExpiredToken", "the credentials are not accepted: ExpiredToken"),
        ("PermanentRedirect", "the bucket 'site-of-ours' is in another region: set AWS_DEFAULT_REGION"),
    ],
)
def test_refused(bucket: Storage, site: Path, code: str, said: str) -> None:
    """What a server refuses is said in one line."""
    bucket.refuse = lambda method, path: code if method == "PUT" else ""
    result = bucket.deploy("--out", site)
    assert (result.status, result.out, result.err) == (1, "", said + "\n")


def deployed_amid(bucket: Storage, site: Path, happens: str) -> Result:
    """A deploy in a process in which something `happens` first: code that may look at `site` and the module `deploy`."""
    code = f"import os; from pathlib import Path; from sitegen import cli, deploy, swap; site = Path({str(site)!r})\n{happens}\ncli.main()"
    command = [sys.executable, "-c", code, "deploy", f"s3://{BUCKET}/docs", "--endpoint-url", bucket.address, "--out", str(site)]
    done = subprocess.run(command, cwd=PROJECT, env={**os.environ, **CREDENTIALS}, capture_output=True, text=True, timeout=60)
    return Result(done.returncode, done.stdout, done.stderr)


def test_a_folder_that_cannot_be_read(bucket: Storage, site: Path) -> None:
    """What cannot be looked at is not gone: nothing of it is removed, and a line says so."""
    assert bucket.deploy("--out", site).status == 0
    (site / "index.html").write_text("another")
    before = bucket.listed()
    refusing = """
real = os.scandir
def scandir(path):
    if str(path).endswith("/public/terms"):
        raise PermissionError(13, "Permission denied", str(path))
    return real(path)
os.scandir = scandir"""
    result = deployed_amid(bucket, site, refusing)
    assert (result.status, result.out, result.err) == (1, "", f"{site / 'terms'}: Permission denied\n")
    assert bucket.listed() == before


@pytest.mark.parametrize("looked", [1, 8, 20])
def test_a_build_amid_the_look(bucket: Storage, site: Path, tmp_path: Path, looked: int) -> None:
    """A site that a build exchanges while it is looked at is not deployed, in no part."""
    assert bucket.deploy("--out", site).status == 0
    before = bucket.listed()
    other = shutil.copytree(site, tmp_path / "other")
    for page in other.rglob("*.html"):
        page.write_text(page.read_text() + "<!-- new -->")
    exchanging = f"""
real, left = deploy._mark, iter(range({looked}))
def mark(path, data):
    if next(left, None) == {looked} - 1:
        swap.exchange(Path({str(other)!r}), site)
    return real(path, data)
deploy._mark = mark"""
    result = deployed_amid(bucket, site, exchanging)
    assert (result.status, result.out) == (1, "")
    assert "Traceback" not in result.err
    assert bucket.listed() == before
    assert bucket.deploy("--out", site).status == 0
    assert held(bucket) == files(site)


def test_no_bucket(bucket: Storage, site: Path) -> None:
    """A bucket that does not exist is not made."""
    result = bucket.deploy("--out", site, to="s3://no-such-bucket/docs")
    assert (result.status, result.out, result.err) == (1, "", "there is no bucket 'no-such-bucket'\n")


def test_no_credentials(bucket: Storage, site: Path) -> None:
    """Without credentials nothing is asked of the server."""
    result = bucket.deploy("--out", site, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    said = "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE\n"
    assert (result.status, result.out, result.err) == (1, "", said)


def test_no_network(site: Path) -> None:
    """A server that does not answer is named."""
    address = "http://127.0.0.1:9"
    result = sitegen("deploy", "s3://b-b/x", "--out", site, "--endpoint-url", address, **CREDENTIALS, AWS_MAX_ATTEMPTS="1")
    assert (result.status, result.out, result.err) == (1, "", f"the network fails: no answer from {address}\n")


def test_no_password_in_errors(site: Path) -> None:
    """A password in a server's address is not printed."""
    address = "http://user:se@cret@127.0.0.1:9"
    result = sitegen("deploy", "s3://b-b/x", "--out", site, "--endpoint-url", address, **CREDENTIALS, AWS_MAX_ATTEMPTS="1")
    assert (result.status, result.out, result.err) == (1, "", "the network fails: no answer from http://127.0.0.1:9\n")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"AWS_MAX_ATTEMPTS": "x"}, "a setting for AWS cannot be used: invalid literal for int() with base 10: 'x'"),
        ({"AWS_ENDPOINT_URL": "http://foo_bar:9"}, "a setting for AWS cannot be used: Invalid endpoint: http://foo_bar:9"),
    ],
)
def test_wrong_settings(site: Path, settings: dict[str, str], said: str) -> None:
    """A setting for AWS in the environment that cannot be used is said in one line."""
    result = sitegen("deploy", "s3://b-b/x", "--out", site, **{**CREDENTIALS, **settings})
    assert (result.status, result.out, result.err) == (1, "", said + "\n")


@pytest.mark.parametrize("answer", ["200 OK\r\nContent-Length: 5\r\n\r\nHello", "200 OK\r\nContent-Le", "301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"])
def test_no_s3(site: Path, answer: str) -> None:
    """A server that is no S3, or redirects again and again, is named."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(f"HTTP/1.1 {answer}".encode())

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        result = sitegen("deploy", "s3://b-b/x", "--out", site, "--endpoint-url", address, **CREDENTIALS, AWS_MAX_ATTEMPTS="1")
        server.shutdown()
    # Where botocore comes to the end of its stack while it sends, it says that the network fails.
    said = [f"{address} does not answer as S3 does\n"] + [f"the network fails: no answer from {address}\n"] * ("Location" in answer)
    assert (result.status, result.out) == (1, "")
    assert result.err in said


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_names_that_no_object_can_have(bucket: Storage, site: Path) -> None:
    """A file whose name a server could not be told is refused before anything is done."""
    for name, shown in ((b"a\xffb.txt", "a\\udcffb.txt"), (b"a\x01b.txt", "a\\u0001b.txt"), (b"a\nb.txt", "a\\u000ab.txt")):
        path = os.path.join(os.fsencode(site), name)
        Path(os.fsdecode(path)).touch()
        result = bucket.deploy("--out", site)
        said = f"{site}/{shown}: no object can have this name; nothing was changed\n"
        assert (result.status, result.out, result.err, bucket.log) == (1, "", said, [])
        os.unlink(path)


def test_gone_meanwhile(bucket: Storage, site: Path) -> None:
    """An object that is listed, and gone when it is asked for its mark, is not there."""
    assert bucket.deploy("--out", site).status == 0
    bucket.client.delete_object(Bucket=BUCKET, Key=f"docs/{RECORD}")

    def vanish(method: str, path: str) -> str:
        if method == "HEAD" and path.endswith("/docs/index.html"):
            bucket.client.delete_object(Bucket=BUCKET, Key="docs/index.html")
        return ""

    bucket.refuse = vanish
    result = bucket.deploy("--out", site)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"s3://{BUCKET}/docs: 1 uploaded, ")
    assert held(bucket) == files(site)


def test_interrupt(bucket: Storage, site: Path) -> None:
    """At Ctrl-C a deploy ends at once, though uploads have come to a stand."""
    begun, go = threading.Event(), threading.Event()

    def stall(method: str, path: str) -> str:
        if method == "PUT" and RECORD not in path:
            begun.set()
            go.wait(30)
            return "InternalError"
        return ""

    bucket.refuse = stall
    command = [sys.executable, "-m", "sitegen", "deploy", f"s3://{BUCKET}/docs", "--out", site, "--endpoint-url", bucket.address]
    with subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **CREDENTIALS}, stderr=subprocess.PIPE, text=True) as deploy:
        assert begun.wait(30)
        deploy.send_signal(signal.SIGINT)
        try:
            said = deploy.communicate(timeout=10)[1]
        finally:
            go.set()
    assert (deploy.returncode, said) == (1, "Aborted!\n")


def test_without_boto3(site: Path) -> None:
    """Where the extra is not installed, the command says how to get it, and all other commands work."""
    code = "import sys; sys.modules['boto3'] = None; from sitegen.cli import main; main()"
    command = [sys.executable, "-c", code]
    done = subprocess.run([*command, "deploy", "s3://b-b/x", "--out", site], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    said = "deploying needs boto3: pip install 'sitegen-glossary[s3]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
    assert subprocess.run([*command, "rules"], cwd=PROJECT, capture_output=True, timeout=60).returncode == 0


@pytest.mark.parametrize("address", ["bucket", "s3://", "s3://b", "http://bucket/x", "s3://bucket/a//b", "s3://bucket/a/../b", "s3://bucket/\x1b"])
def test_wrong_address(site: Path, address: str) -> None:
    """An address that is none is wrong usage."""
    result = sitegen("deploy", address, "--out", site)
    assert (result.status, result.out) == (2, "")
    assert result.err.endswith("not an address like s3://bucket or s3://bucket/folder\n")


@pytest.mark.parametrize("url", ["storage.example.org", "ftp://x", "http://", "http://x:y", "", "http://foo_bar:9"])
def test_wrong_endpoint(site: Path, url: str) -> None:
    """A server's address that is none is wrong usage."""
    result = sitegen("deploy", "s3://bucket", "--out", site, "--endpoint-url", url)
    assert (result.status, result.out) == (2, "")
    assert result.err.endswith("not an address like https://storage.example.org\n")


def test_wrong_folder(tmp_path: Path) -> None:
    """Only a folder that a build wrote is deployed."""
    result = sitegen("deploy", "s3://bucket", "--out", tmp_path)
    assert (result.status, result.err.splitlines()[-1]) == (2, f"Error: {tmp_path} was not made by sitegen build")
