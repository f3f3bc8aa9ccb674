"""The development server, run as its user runs it: pages, rebuilds, problems, and the end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from urllib.request import urlopen

import pytest

from sitegen.watch import Changes

from .conftest import MakeContent, git
from .serving import Serve, Served, save

GOOD = "term: Token\ndefinition: A unit of text.\n"
BETTER = "term: Token\ndefinition: A small unit of text.\n"
BAD = "term: Token\ndefinition: A unit of text.\nrelated: [nothing]\n"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts `sitegen serve` on tmp_path/content."""
    with ExitStack() as stack:
        yield Serve(tmp_path, stack)


@pytest.fixture(params=["watched", "polled"])
def watching(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment in which saves are noticed in one way or the other: with watchfiles, and without."""
    if request.param == "watched":
        return {}
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "watchfiles.py").write_text("raise ImportError\n")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(tmp_path / "without"), os.environ.get("PYTHONPATH")]))}


def test_pages(serve: Serve, make_content: MakeContent) -> None:
    """Pages come as built, below the server's own address, with the reload script; what is none is a 404 with the site's page."""
    make_content({"token.yaml": GOOD})
    served = serve()
    home = served.text("/")
    assert f'<link rel="canonical" href="{served.address}">' in home
    assert len(re.findall(r'<script type="module" src="/__sitegen/reload\.js\?[0-9a-f]{8}-1"></script></body>', home)) == 1
    assert "A unit of text." in served.text("/terms/token/?query#fragment")
    assert "EventSource" in served.text("/__sitegen/reload.js")
    status, headers, data = served.request("/terms/nothing/")
    assert (status, headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"<h1>Page not found</h1>" in data
    status, headers, _ = served.request("/terms/token")
    assert (status, headers["Location"]) == (301, "/terms/token/")


def test_head_requests(serve: Serve, make_content: MakeContent) -> None:
    """A HEAD request gets the headers of the GET, and no body."""
    make_content({"token.yaml": GOOD})
    served = serve()
    for target, kind in (
        ("/", "text/html"), ("/__sitegen/reload.js", "text/javascript"), ("/api/terms/token.json", "application/json"), ("/feed.xml", "application/xml"),
        ("/terms/token/index.md", "text/markdown"), ("/llms.txt", "text/plain"),
    ):  # fmt: skip
        status, headers, data = served.request(target)
        again, same, nothing = served.request(target, "HEAD")
        assert (again, nothing) == (status, b"") == (200, b"")
        assert headers["Content-Type"] == same["Content-Type"] == f"{kind}; charset=utf-8"
        assert headers["Content-Length"] == same["Content-Length"] == str(len(data))


def test_paths_that_try_to_escape(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """No spelling of a path leads out of the site, and none brings the server down."""
    make_content({"token.yaml": GOOD})
    (tmp_path / "temporary" / "secret.txt").write_text("secret")
    served = serve()
    up = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//", "%c0%ae%c0%ae/", "..;/", "%252e%252e/"]
    targets = [f"/{way * depth}{name}" for way in up for depth in (1, 2, 9) for name in ("secret.txt", "etc/passwd")]
    targets += ["//etc/passwd", "/terms/../../secret.txt", "/%00", "/token%00.html", "/" + "a" * 5000, "/" + "a/" * 5000, "/%ff", "/~root/", "*"]
    assert {target: status for target in targets if (status := served.request(target)[0]) != 404} == {}
    assert "A unit of text." in served.text("/terms/token/")
    served.process.send_signal(signal.SIGINT)
    assert served.process.communicate(timeout=30)[1] == ""


def test_requests_that_are_none(serve: Serve, make_content: MakeContent) -> None:
    """An address that is none, and a post to a page, are refused, and the next request on the same connection is none of their rest."""
    make_content({"token.yaml": GOOD})
    served = serve()
    for head, status in (("GET http://[ HTTP/1.1", 400), ("HEAD http://[/a HTTP/1.1", 400), ("POST / HTTP/1.1", 405), ("HEAD /__sitegen/events HTTP/1.1", 404)):
        with socket.create_connection(("127.0.0.1", served.port), 30) as connection:
            body, ends = ("GET /terms/token/ HTTP/1.1\r\nHost: a\r\n\r\n", "") if head.startswith("POST") else ("", "Connection: close\r\n")
            connection.sendall(f"{head}\r\nHost: a\r\n{ends}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert answer.count(b"HTTP/1.1 ") == 1
    served.process.send_signal(signal.SIGINT)
    assert served.process.communicate(timeout=30)[1] == ""


def test_save_and_break_and_mend(serve: Serve, make_content: MakeContent, watching: dict[str, str]) -> None:
    """A save is told to open pages, at once and when the language model has read it; a broken one with its problem while the last good site stays; a mended one again."""
    content = make_content({"token.yaml": GOOD})
    served = serve(**watching)
    entry = content / "terms" / "token.yaml"
    with served.events() as states:
        assert next(states) == {"version": 1, "problems": []}
        model = served.request("/model.bin")[2]
        save(entry, BETTER)
        assert next(states) == {"version": 2, "problems": []}
        assert "A small unit of text." in served.text("/terms/token/")
        assert next(states) == {"version": 3, "problems": []}
        assert "A small unit of text." in served.text("/terms/token/")
        assert served.request("/model.bin")[2] != model
        save(entry, BAD)
        state = next(states)
        (problem,) = state["problems"]
        place = (problem["path"], problem["line"], problem["column"], problem["rule"])
        assert (state["version"], place) == (3, ("content/terms/token.yaml", 3, 11, "unresolved-link"))
        assert "A small unit of text." in served.text("/terms/token/")
        with served.events() as late:
            assert next(late) == state
        save(entry, GOOD)
        assert next(states) == {"version": 4, "problems": []}
        assert "A unit of text." in served.text("/terms/token/")


def test_save_without_a_change(serve: Serve, make_content: MakeContent, watching: dict[str, str]) -> None:
    """A save that changes no page is not told to open pages: the next state that they hear of is that of the next change."""
    content = make_content({"token.yaml": GOOD})
    served = serve(**watching)
    entry = content / "terms" / "token.yaml"
    with served.events() as states:
        assert next(states) == {"version": 1, "problems": []}
        save(entry, GOOD)
        time.sleep(1)
        save(entry, BETTER)
        assert next(states) == {"version": 2, "problems": []}
        assert "A small unit of text." in served.text("/terms/token/")


def test_what_nobody_tells_of(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """A commit, which changes dates and is no save, shows once the next save has been looked at alone, and after it everything."""
    content = make_content({"token.yaml": GOOD, "beam.yaml": "term: Beam\ndefinition: One of several.\n"})
    served = serve()
    with served.events() as states:
        assert next(states)["version"] == 1
        git(tmp_path, "init", "-q")
        git(tmp_path, "add", "content")
        git(tmp_path, "commit", "-q", "-m", "all", GIT_COMMITTER_DATE="2019-04-05T06:07:08Z", GIT_AUTHOR_DATE="2019-04-05T06:07:08Z")
        save(content / "terms" / "token.yaml", BETTER)
        assert [next(states)["version"] for _ in range(2)] == [2, 3]
        assert "2019-04-05" in served.text("/terms/beam/")


def test_save_during_the_first_build(serve: Serve, make_content: MakeContent, tmp_path: Path, watching: dict[str, str]) -> None:
    """What is saved while the first build is at work, after it has read the content, is not overlooked."""
    content = make_content({"token.yaml": GOOD})
    assets = tmp_path / "own" / "assets"
    assets.mkdir(parents=True)
    for number in range(3000):  # so that writing the site takes a while
        (assets / f"{number}.txt").touch()
    process = serve.start("--templates", "own", **watching)
    while process.poll() is None and not [*tmp_path.glob("temporary/sitegen-*/*")]:
        pass  # until there is the beginning of the site
    save(content / "terms" / "token.yaml", BETTER)
    assert process.stdout
    address = next(line for line in process.stdout if "Ctrl-C" in line).split()[0]
    with Served(process, address, []).events() as states:
        assert next(state["version"] for state in states if state["version"] == 2)


def test_a_problem_that_only_a_whole_look_sees(serve: Serve, make_content: MakeContent) -> None:
    """A file that nobody tells of may be a problem once everything is looked at; when it is mended, the next save shows."""
    content = make_content({"token.yaml": GOOD, ".kept/other.yaml": GOOD.replace("Token", "Other")})
    entry, other = content / "terms" / "token.yaml", content / ".kept" / "other.yaml"
    (content / "terms" / "other.yaml").symlink_to(other)
    served = serve()
    with served.events() as states:
        assert next(states) == {"version": 1, "problems": []}
        save(entry, BETTER)
        assert [next(states)["version"] for _ in range(2)] == [2, 3]
        other.write_text(BAD.replace("Token", "Other"))
        save(entry, GOOD)
        assert next(states) == {"version": 4, "problems": []}
        assert [problem["rule"] for problem in next(states)["problems"]] == ["unresolved-link"]
        other.write_text(GOOD.replace("Token", "Other"))
        save(entry, BETTER)
        assert next(states) == {"version": 5, "problems": []}
        assert "A small unit of text." in served.text("/terms/token/")


def test_interrupted_amid_requests(serve: Serve, make_content: MakeContent) -> None:
    """An interrupt that comes while requests are answered ends the server as any other."""
    make_content({"token.yaml": GOOD})
    for _ in range(3):
        served = serve()
        time.sleep(1)  # by then it waits for the next save
        with ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(socket.create_connection(("127.0.0.1", served.port))).sendall(b"GET / HT")
            served.process.send_signal(signal.SIGINT)
            out, err = served.process.communicate(timeout=10)
        assert (served.process.returncode, out.splitlines()[-1:], err) == (0, ["stopped"], "")


def test_begins_with_a_problem(serve: Serve, make_content: MakeContent) -> None:
    """Content that was wrong from the start is served as soon as it is right; until then the page shows the problem."""
    content = make_content({"token.yaml": BAD})
    served = serve()
    assert served.said[0] == "content/terms/token.yaml:3:11: there is no entry 'nothing' (unresolved-link)"
    status, _, data = served.request("/")
    assert (status, b"/__sitegen/reload.js" in data) == (404, True)
    with served.events() as states:
        assert [problem["rule"] for problem in next(states)["problems"]] == ["unresolved-link"]
        save(content / "terms" / "token.yaml", GOOD)
        assert next(states) == {"version": 1, "problems": []}
    assert "A unit of text." in served.text("/terms/token/")


def test_templates_are_watched(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """A save in the user's own templates rebuilds too, and a mistake there is a problem with its place."""
    make_content({"token.yaml": GOOD})
    own = tmp_path / "own"
    own.mkdir()
    served = serve("--templates", "own")
    with served.events() as states:
        assert next(states)["version"] == 1
        save(own / "about.html", "\n{{ nonsense }}")
        (problem,) = next(states)["problems"]
        assert (problem["path"], problem["line"], problem["rule"]) == ("own/about.html", 2, "broken-template")
        save(own / "about.html", "<p>ours</p>")
        assert next(states) == {"version": 2, "problems": []}
    assert re.fullmatch(r'<p>ours</p><script type="module" src="/__sitegen/reload\.js\?[0-9a-f]{8}-2"></script>', served.text("/about/"))


@pytest.mark.parametrize(("gone", "called"), [("content/terms", "content"), ("content", "content"), ("content", "temporary/../content")])
def test_content_that_vanishes(serve: Serve, make_content: MakeContent, tmp_path: Path, watching: dict[str, str], gone: str, called: str) -> None:
    """When the content, or a folder of it, goes and another comes in its place, that is followed like the first."""
    content = make_content({"token.yaml": GOOD})
    served = serve("--content", called, **watching)
    with served.events() as states:
        assert next(states)["version"] == 1
        for definition in ("Another unit of text.", "One more."):
            shutil.copytree(tmp_path / gone, tmp_path / "away")
            shutil.rmtree(tmp_path / gone)
            assert next(state for state in states if state["problems"])
            shutil.move(tmp_path / "away", tmp_path / gone)
            assert next(state for state in states if not state["problems"])
            save(content / "terms" / "token.yaml", f"term: Token\ndefinition: {definition}\n")
            while definition not in served.text("/terms/token/"):
                time.sleep(0.1)


@pytest.mark.parametrize("there", [True, False])
def test_what_came_and_went_between_two_looks(tmp_path: Path, there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where saves are looked for, who found something else than before is told to look once more, and only once; that is no save."""
    folder = tmp_path / "content"
    if there:
        folder.mkdir()
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    changes = Changes([folder], pytest.fail)
    for _ in range(2):
        changes.doubt()
        time.sleep(1)
        assert not changes.there()
        assert changes.wait() == set()
    later = threading.Timer(2, (folder / "terms").mkdir, (), {"parents": True})
    later.start()
    assert changes.wait() != set()
    later.join()


def test_two_saves_within_a_second(serve: Serve, make_content: MakeContent) -> None:
    """Where whoever starts the server has saves looked for, as under Windows' Linux, the second within one second is seen, too."""
    content = make_content({"token.yaml": GOOD})
    served = serve(WATCHFILES_FORCE_POLLING="1")
    with served.events() as states:
        next(states)
        time.sleep(1 - time.time() % 1)
        save(content / "terms" / "token.yaml", "term: Token\ndefinition: Number 1.\n")
        time.sleep(0.65)
        save(content / "terms" / "token.yaml", "term: Token\ndefinition: Number 2.\n")
        assert next(state for state in states if "Number 2." in served.text("/terms/token/"))


def test_a_build_that_saw_more_than_those_who_look(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """What only a build has seen, and nobody tells of, is looked at again until it stays."""
    content = make_content({"token.yaml": GOOD})
    (tmp_path / "blind").mkdir()
    (tmp_path / "blind" / "watchfiles.py").write_text(
        f"""
import pathlib, sitegen.watch as watch
texts, wait = [{BAD!r}, {BETTER!r}], watch.Changes.wait
def save_and_wait(changes):
    if texts:
        pathlib.Path({str(content / "terms" / "token.yaml")!r}).write_text(texts.pop(0))
    return wait(changes)
watch.Changes.wait, watch._scan = save_and_wait, lambda _: set()
raise ImportError
"""
    )
    served = serve(PYTHONPATH=os.pathsep.join(filter(None, [str(tmp_path / "blind"), os.environ.get("PYTHONPATH")])))
    with served.events() as states:
        assert [(state["version"], len(state["problems"])) for state in islice(states, 3)] == [(1, 0), (1, 1), (2, 0)]
    time.sleep(3)
    served.process.send_signal(signal.SIGINT)
    out, err = served.process.communicate(timeout=30)
    said = [*served.said, *out.splitlines()]
    assert ([line.split(" in ")[0] for line in said if line[0] != " "], err) == (
        ["built", served.said[-1], "content/terms/token.yaml:3:11: there is no entry 'nothing' (unresolved-link)", "built", "stopped"], "",
    )  # fmt: skip


def test_names_that_editors_give(serve: Serve, make_content: MakeContent) -> None:
    """Whatever a build takes for a part of the content is noticed when it comes, and when it goes, though it be an editor's."""
    content = make_content({"token.yaml": GOOD})
    served = serve()
    with served.events() as states:
        assert next(states)["version"] == 1
        for name in ("token.yaml.swo", "flycheck_token.yaml.txt", "node_modules/x.yaml"):
            path = content / "terms" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("mine")
            assert next(state for state in states if state["problems"])
            path.unlink()
            if path.parent.name != "terms":
                path.parent.rmdir()
            assert next(state for state in states if not state["problems"])


def test_where_the_system_cannot_tell(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """Where there is no room for more folders to be watched, that is said in one line, and saves are looked for."""
    content = make_content({"token.yaml": GOOD})
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "watchfiles.py").write_text("def watch(*_, **__):\n    raise OSError('no room')\n    yield\n")
    served = serve(PYTHONPATH=os.pathsep.join(filter(None, [str(tmp_path / "full"), os.environ.get("PYTHONPATH")])))
    with served.events() as states:
        assert next(states)["version"] == 1
        save(content / "terms" / "token.yaml", BETTER)
        assert next(states) == {"version": 2, "problems": []}
    served.process.send_signal(signal.SIGINT)
    out, err = served.process.communicate(timeout=30)
    assert (served.process.returncode, err) == (0, "")
    assert "looking for saves every 0.3 s, as the system cannot tell of them: no room" in [*served.said, *out.splitlines()]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_a_name_that_cannot_be_printed(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """A file whose name cannot be printed as it is, is told of in one line, and the next save is served."""
    content, assets = make_content({"token.yaml": GOOD}), tmp_path / "own" / "assets"
    assets.mkdir(parents=True)
    served = serve("--templates", "own", PYTHONIOENCODING="utf-8:strict")
    assert served.process.stdout
    with served.events() as states:
        assert next(states)["version"] == 1
        asset = assets / "\udcff.css"
        asset.write_text("")
        while not (line := served.process.stdout.readline()).startswith("own/"):
            assert line
        assert line == "own/assets/\\udcff.css: a file name that is not spelled in utf-8\n"
        asset.unlink()
        save(content / "terms" / "token.yaml", BETTER)
        assert next(states) == {"version": 2, "problems": []}
    served.process.send_signal(signal.SIGINT)
    assert served.process.communicate(timeout=30)[1] == ""


def test_a_page_that_is_closed_early(serve: Serve, make_content: MakeContent) -> None:
    """Who closes a page before it has come whole leaves nothing in the terminal."""
    make_content({"token.yaml": GOOD})
    served = serve()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", served.port)) as page:
            page.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # so that what is still sent is refused
            page.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "A unit of text." in served.text("/terms/token/")
    served.process.send_signal(signal.SIGINT)
    assert served.process.communicate(timeout=30) == ("stopped\n", "")


def test_stops_cleanly(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """Ctrl-C ends the server with status 0 and one word, even with a page open, and leaves no folder behind."""
    make_content({"token.yaml": GOOD})
    served = serve()
    with served.events() as states:
        next(states)
        served.process.send_signal(signal.SIGINT)
        out, err = served.process.communicate(timeout=30)
    assert (served.process.returncode, out, err) == (0, "stopped\n", "")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_stops_cleanly_while_building(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """Ctrl-C during the first build is as clean."""
    make_content({f"t{i}.yaml": f"term: Term {i}\ndefinition: A unit of text, number {i}.\n" for i in range(300)})
    process = serve.start()
    while process.poll() is None and not [*tmp_path.glob("temporary/sitegen-*/*")]:
        pass  # until there is the beginning of the site
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out.splitlines()[-1], err) == (0, "stopped", "")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_stops_cleanly_when_told_twice(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """Who presses Ctrl-C again and again, as the end takes a while on a large site, still leaves no folder behind."""
    make_content({f"t{i}.yaml": f"term: Term {i}\ndefinition: A unit of text, number {i}.\n" for i in range(600)})
    served = serve()
    while served.process.poll() is None:
        served.process.send_signal(signal.SIGINT)
        time.sleep(0.002)
    out, err = served.process.communicate()
    assert (served.process.returncode, out.splitlines()[-1], err) == (0, "stopped", "")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_stops_cleanly_before_it_builds(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """Ctrl-C before the first build is as clean."""
    make_content({f"t{i}.yaml": f"term: Term {i}\ndefinition: A unit of text, number {i}.\n" for i in range(300)})
    process = serve.start()
    while process.poll() is None and not [*tmp_path.glob(".sitegen/*")]:
        pass  # until it has begun
    process.send_signal(signal.SIGINT)
    assert (process.communicate(timeout=30), process.returncode) == (("stopped\n", ""), 0)


@pytest.mark.parametrize("host", ["a..b", "ä" * 80])
def test_hosts_that_are_none(serve: Serve, make_content: MakeContent, host: str) -> None:
    """What cannot be the name of a host is wrong usage."""
    make_content({"token.yaml": GOOD})
    process = serve.start("--host", host)
    assert process.communicate(timeout=30)[1].splitlines()[-1] == f"Error: --host {host} is no address"
    assert process.returncode == 2


def test_a_host_of_the_newer_kind(serve: Serve, make_content: MakeContent) -> None:
    """An IPv6 address can be listened at, and stands in the site's addresses in brackets."""
    make_content({"token.yaml": GOOD})
    served = serve("--host", "::1")
    assert served.address == f"http://[::1]:{served.port}/"
    with urlopen(served.address) as answer:
        assert f'<link rel="canonical" href="{served.address}">'.encode() in answer.read()


def test_a_folder_in_one_that_is_watched(serve: Serve, make_content: MakeContent, tmp_path: Path) -> None:
    """Content in a hidden folder is watched, though that is passed over where the templates are around it."""
    (tmp_path / ".hidden").mkdir()
    content = make_content({"token.yaml": GOOD}).rename(tmp_path / ".hidden" / "content")
    served = serve("--content", ".hidden/content", "--templates", ".")
    with served.events() as states:
        assert next(states)["version"] == 1
        save(content / "terms" / "token.yaml", BETTER)
        assert next(states) == {"version": 2, "problems": []}


def test_port_taken(serve: Serve, make_content: MakeContent) -> None:
    """A port that somebody else has is said in one line, with status 1."""
    make_content({"token.yaml": GOOD})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = serve.start("--port", str(taken.getsockname()[1]))
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (1, "", "Address already in use\n")
