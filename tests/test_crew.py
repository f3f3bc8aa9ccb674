"""Who does the work does not show: one process, several, or the workers of a cluster give the same site."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_start_method, set_start_method
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from distributed import Client

from sitegen.crew import CHUNK, COPY_PAYS, PAYS, SHARE, Crew, StoppedError, cores

from .conftest import CONTENT, PROJECT, MakeContent, sitegen
from .dom import tree


@pytest.fixture
def content(make_content: MakeContent) -> Path:
    """The shipped glossary and as many small entries as it takes to start processes."""
    shipped = {file.relative_to(CONTENT).as_posix(): file.read_bytes() for file in CONTENT.rglob("*") if file.is_file()}
    more = {
        f"zz-{i}.yaml": f"term: Zz {i}\ndefinition: A {'good ' * (i % 7)}model number {i}.\nsummary: See [[zz-{i // 2}]], zz {i + 1} and tokens.\n"
        for i in range(2, PAYS)
    }
    site = shipped.pop("site.yaml").decode()
    del shipped["perplexity.json"]
    return make_content(
        {
            **shipped,
            "site.yaml": re.sub(r"(?ms)^rules:.*?(?=^\S)", "", site),
            **more,
            "zz-1.yaml": "term: Zz 1\ndefinition: The first.\n",
        }
    )


@contextmanager
def cluster(workers: int, scheduler_at: Path = PROJECT, workers_at: Path = PROJECT) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Dask scheduler on this machine, after its address, with workers that are processes of their own; each imports what stands in the folder where it is."""
    processes: list[subprocess.Popen[bytes]] = []
    with TemporaryDirectory() as folder:

        def start(what: str, at: Path, *arguments: str, until: str) -> str:
            # What they go on saying goes to a file: a pipe that nobody empties would stop them.
            log = Path(folder, str(len(processes)))
            command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments, "--no-dashboard"]
            with log.open("wb") as said:
                processes.append(subprocess.Popen(command, cwd=at, stderr=said))
            while not (found := re.search(until, log.read_text())):
                assert processes[-1].poll() is None, log.read_text()
                time.sleep(0.05)
            return found[0]

        try:
            address = start("scheduler", scheduler_at, "--host", "127.0.0.1", "--port", "0", until=r"tcp://127\.0\.0\.1:\d+(?=\s)")
            for _ in range(workers):
                start("worker", workers_at, address, "--nthreads", "1", "--no-nanny", until="Registered to")
            yield address, processes[0]
        finally:
            for process in processes:
                process.kill()
                process.wait()


def built(content: Path, out: Path, *options: str) -> dict[str, str]:
    """Every file of a site that is built with `options`, and without anything remembered."""
    result = sitegen("build", "--content", content, "--out", out, "--memo", out.with_suffix(".memo"), *options)
    assert (result.status, result.err) == (0, ""), result.err
    return tree(out)


def another(folder: Path, version: str) -> Path:
    """A folder from which another version of sitegen is imported, or none."""
    if version:
        package = shutil.copytree(PROJECT / "sitegen", folder / version / "sitegen")
        (package / "facts.py").write_text(f"{(package / 'facts.py').read_text()}\n# {version}\n")
        return package.parent
    (folder / "none" / "sitegen").mkdir(parents=True)
    (folder / "none" / "sitegen" / "__init__.py").write_text("raise ImportError('there is none')")
    return folder / "none"


@pytest.mark.parametrize("version", ["", "0.0"])
def test_workers_of_another_version(content: Path, tmp_path: Path, version: str) -> None:
    """A cluster whose workers have no sitegen, or another version of it, does no work: one line says so."""
    with cluster(1, workers_at=another(tmp_path, version)) as (address, _):
        result = sitegen("build", "--content", content, "--out", tmp_path / "site", "--scheduler", address)
    said = "a worker of the Dask cluster has no sitegen, or another version of it, of its packages, or of Python\n"
    assert (result.status, result.out, result.err) == (1, "", said)
    assert not (tmp_path / "site").exists()


@pytest.mark.timeout(300)
def test_processes_and_a_cluster(content: Path, tmp_path: Path) -> None:
    """The site is the same to the byte by one process, two or three, and by a cluster of two workers, whose scheduler has no sitegen."""
    alone = built(content, tmp_path / "alone", "--jobs", "1")
    assert built(content, tmp_path / "two", "--jobs", "2") == alone
    assert built(content, tmp_path / "three", "--jobs", "3") == alone
    with cluster(2, scheduler_at=another(tmp_path, "")) as (address, _):
        assert built(content, tmp_path / "cluster", "--scheduler", address) == alone


def test_no_more_processes_than_are_of_use() -> None:
    """However many processes are asked for, a core has four at most."""
    before = set(psutil.Process().children())
    with Crew(999) as crew:
        list(crew.map(who, b"", range(PAYS), PAYS))
        assert len(set(psutil.Process().children()) - before) <= 4 * cores() + 1  # Python may have one of its own


def test_processes_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once processes have been given many values, the next call has others, and the results are the same."""
    monkeypatch.setattr("sitegen.crew.RENEWED", PAYS)
    with Crew(2) as crew:
        seen = []
        for _ in range(3):
            found = list(crew.map(who, b"", range(PAYS), PAYS))
            assert [value for value, _ in found] == list(range(PAYS))
            seen.append({process for _, process in found})
    assert os.getpid() not in set.union(*seen)
    assert len(set.union(*seen)) == sum(map(len, seen))


def test_processes_started_anew_beside_other_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Processes are started anew without waiting for what was begun beside."""
    monkeypatch.setattr("sitegen.crew.RENEWED", PAYS)
    go = tmp_path / "go"

    def waiting() -> bool:
        deadline = time.monotonic() + 60
        while not go.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return go.exists()

    with Crew(2) as crew:
        first = {process for _, process in crew.map(who, b"", range(PAYS), PAYS)}
        ended = crew.beside(waiting, COPY_PAYS)
        second = {process for _, process in crew.map(who, b"", range(PAYS), PAYS)}
        go.touch()
        assert ended()
    assert not first & second


KEPT = ["as imported"]


@pytest.mark.parametrize(("much", "method"), [(False, ""), (True, ""), (False, "forkserver")])
def test_copies_of_this_process(monkeypatch: pytest.MonkeyPatch, much: bool, method: str) -> None:
    """Processes are copies of this one where the system makes such, whatever Python's own way to start them, but not once it has taken much memory; and none looks for garbage."""
    monkeypatch.setattr("sitegen.crew.MUCH", 0 if much else 1 << 40)
    monkeypatch.setattr(f"{__name__}.KEPT", ["since then"])
    copied, own = sys.platform == "linux" and not much, get_start_method()
    set_start_method(method or own, force=True)
    try:
        with Crew(2) as crew:
            found = set(crew.map(kept, b"", range(PAYS), PAYS))
    finally:
        set_start_method(own, force=True)
    assert found == {("since then" if copied else "as imported", False)}


def kept(_: bytes) -> Callable[[int], tuple[str, bool]]:
    """What this module keeps, and whether the collector is at work."""
    return lambda _: (KEPT[0], gc.isenabled())


def who(_: bytes) -> Callable[[int], tuple[int, int]]:
    """Gives a value back with the process that was given it."""
    return lambda value: (value, os.getpid())


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_values_share(tmp_path: Path, jobs: int) -> None:
    """What values share is made use of once for all values of a call, not for each: it may be large."""
    log, many = tmp_path / "log", 32 * CHUNK
    with Crew(jobs) as crew:
        assert list(crew.map(noted, bytes(log), range(many), many)) == list(range(many))
        assert list(crew.map(noted, b"nothing that could be used", (), 0)) == []
    assert log.stat().st_size == (1 if jobs == 1 else 32)


def test_much_that_values_share(tmp_path: Path) -> None:
    """Where values share much, it is sent with fewer calls, of more values each."""
    log, many = tmp_path / "log", 128 * CHUNK
    with Crew(2) as crew:
        assert list(crew.map(noted, bytes(log).ljust(4 * CHUNK * SHARE, b"\0"), range(many), many)) == list(range(many))
    assert log.stat().st_size == 32


def noted(log: bytes) -> Callable[[int], int]:
    """Gives values back, and leaves a byte behind before, in a file whose name is filled up with zeros."""
    with open(log.rstrip(b"\0"), "ab") as file:
        file.write(b".")
    return lambda value: value


@pytest.mark.parametrize("jobs", [1, 2])
def test_given_up(tmp_path: Path, jobs: int) -> None:
    """Once nobody waits for the results any more, the values at hand are the last, however many there are in a call."""
    log, many = tmp_path / "log", 100 * PAYS

    def begun() -> int:
        return log.stat().st_size if log.exists() else 0

    with pytest.raises(StoppedError), Crew(jobs, stop=lambda: begun() > 3) as crew:
        list(crew.map(note, bytes(log), range(many), many))
    assert 3 < begun() < CHUNK


def note(log: bytes) -> Callable[[int], None]:
    """Takes a while for a value, and leaves a byte behind."""

    def one(_: int) -> None:
        with open(log, "ab") as file:
            file.write(b".")
        time.sleep(0.05)

    return one


@pytest.mark.parametrize(("jobs", "platform"), [(1, "linux"), (2, "linux"), (2, "darwin")])
def test_work_beside(monkeypatch: pytest.MonkeyPatch, jobs: int, platform: str) -> None:
    """What is begun beside other work has its result, in a copy of the process if there may be two, and it pays and fits; and in this one where the copy fails, and on macOS."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("sitegen.crew.COPY_PAYS", 100)
    monkeypatch.setattr("sitegen.crew.COPY_FITS", 200)
    here = os.getpid()

    def at_work() -> int:
        return os.getpid()

    def killed() -> int:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return here

    def failing() -> int:
        raise ValueError(os.getpid())

    with Crew(jobs) as crew:
        assert crew.beside(at_work, 99)() == crew.beside(at_work, 201)() == here
        begun = crew.beside(at_work, 100)
        assert (begun() == here) == (jobs == 1 or platform == "darwin")
        assert begun() == begun()
        assert crew.beside(killed, 100)() == here
        with pytest.raises(ValueError, match=str(here)):
            crew.beside(failing, 100)()


def test_no_cluster(content: Path, tmp_path: Path) -> None:
    """Where there is no scheduler, or none that answers or can be spoken to, one line says so, without a password, and nothing is written."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silence = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        for address, said in (
            ("tcp://user:se@cret@127.0.0.1:9", "there is no Dask scheduler at tcp://127.0.0.1:9"),
            ("nonsense://x", "there is no Dask scheduler at nonsense://x"),
            (silence, f"there is no Dask scheduler at {silence}"),
            ("tls://127.0.0.1:9", "tls://127.0.0.1:9 needs Dask's settings for TLS, distributed.comm.tls"),
        ):
            result = sitegen("build", "--content", content, "--out", tmp_path / "site", "--scheduler", address)
            assert (result.status, result.out, result.err) == (1, "", said + "\n")
            assert not (tmp_path / "site").exists()


def test_a_broken_template(content: Path, tmp_path: Path) -> None:
    """A template that includes itself is told of in one line by a cluster, as by a process."""
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "term.html").write_text('{% include "term.html" %}')
    with cluster(1) as (address, _):
        result = sitegen("build", "--content", content, "--out", tmp_path / "site", "--templates", templates, "--scheduler", address)
    problem, *others = result.err.splitlines()
    assert (result.status, result.out, others) == (1, "", ["1 problem; nothing was written"])
    assert problem.startswith(f"{templates}/term.html:1:1: maximum recursion depth exceeded")  # of what follows, Python decides


def test_no_workers(content: Path, tmp_path: Path) -> None:
    """A build that waits for workers, as a cluster has none yet, says so once, and goes on when there is one."""
    command = [sys.executable, "-m", "sitegen", "build", "--content", content, "--out", tmp_path / "site", "--scheduler"]
    with cluster(0) as (address, _), subprocess.Popen([*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as build:
        assert build.stderr
        assert build.stderr.readline() == "the Dask cluster has no workers; waiting for one\n"
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        with subprocess.Popen(worker, cwd=PROJECT, stderr=subprocess.DEVNULL) as started:
            try:
                assert (build.stderr.read(), build.wait()) == ("", 0)
            finally:
                started.kill()


def test_a_killed_process(content: Path, tmp_path: Path) -> None:
    """A build whose process is killed ends with one line, leaves no process, and the site as it was."""
    site = built(content, tmp_path / "site")
    (content / "terms" / "zz-1.yaml").write_text("term: Zz 1\ndefinition: Another first.\n")
    command = [sys.executable, "-m", "sitegen", "build", "--content", content, "--out", tmp_path / "site", "--memo", tmp_path / "fresh.memo", "--jobs", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as build:
        while len(children := psutil.Process(build.pid).children()) < 2:  # one alone is git, asked for dates
            assert build.poll() is None
        children[-1].kill()  # the first may be Python's own, which only tidies up
        said = build.communicate()[0]
    assert (build.returncode, said) == (1, "a process of the build was killed; if memory was short, fewer --jobs need less\n")
    assert not any(map(psutil.Process.is_running, children))
    assert tree(tmp_path / "site") == site


def killed_with_more_to_come(shared: bytes) -> Callable[[int], None]:
    """Killed, with more waiting to be sent than a pipe holds."""
    return lambda value: os.kill(os.getpid(), signal.SIGKILL)


def test_killed_with_more_to_come() -> None:
    """What was to be sent to processes that are gone keeps nobody waiting."""
    with pytest.raises(OSError, match="a process of the build was killed"), Crew(2) as crew:
        list(crew.map(killed_with_more_to_come, bytes(1 << 20), range(PAYS), PAYS))


def test_a_killed_scheduler(content: Path, tmp_path: Path) -> None:
    """A build whose scheduler is killed ends with one line, and nothing is written."""
    command = [sys.executable, "-m", "sitegen", "build", "--content", content, "--out", tmp_path / "site"]
    with cluster(0) as (address, scheduler), subprocess.Popen(
        [*command, "--scheduler", address], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as build:  # fmt: skip
        with Client(address) as client:
            while not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
                assert build.poll() is None
                time.sleep(0.05)
        scheduler.kill()
        said = build.communicate()[0]
    assert (build.returncode, said) == (1, "the Dask cluster is gone: it has lost its scheduler, or too many workers\n")
    assert not (tmp_path / "site").exists()


def test_a_cluster_within_a_running_loop() -> None:
    """Whoever calls may have a loop of its own running, as notebooks do."""

    async def mapped(address: str) -> list[tuple[int, int]]:
        with Crew(scheduler=address) as crew:
            return list(crew.map(who, b"", range(3), 3))

    with cluster(1) as (address, _), ThreadPoolExecutor(1) as pool:  # in this thread another test may have left its own
        found = pool.submit(asyncio.run, mapped(address)).result()
    assert [value for value, _ in found] == [0, 1, 2]


def test_a_killed_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that cost as many workers as Dask allows ends the build, though others wait for workers that do not come."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with cluster(1) as (address, _), pytest.raises(OSError, match="the Dask cluster is gone"), Crew(scheduler=address) as crew:
        list(crew.map(killed_with_more_to_come, b"", range(PAYS), PAYS))


def killed_once(flag: bytes) -> Callable[[int], int]:
    """Gives values back, unless nobody was killed yet."""

    def one(value: int) -> int:
        with suppress(FileExistsError), open(flag, "xb"):
            os.kill(os.getpid(), signal.SIGKILL)
        return value

    return one


def test_one_of_two_workers_killed(tmp_path: Path) -> None:
    """Where a cluster loses one worker, the others do its work, too."""
    with cluster(2) as (address, _), Crew(scheduler=address) as crew:
        assert list(crew.map(killed_once, bytes(tmp_path / "flag"), range(PAYS), PAYS)) == list(range(PAYS))
    assert (tmp_path / "flag").exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # Dask's own thread may meet a dictionary that another changes
@pytest.mark.parametrize("late", [0, 15])
def test_a_scheduler_killed_amid_calls(late: float) -> None:
    """Whoever goes on giving calls to a scheduler that was killed, or comes with them `late` (seconds), learns that it is gone."""
    with cluster(0) as (address, scheduler):

        def values() -> Iterator[int]:
            for i in range(200_000):
                if i == 150_000:
                    scheduler.kill()
                    time.sleep(late)
                yield i

        crew = Crew(scheduler=address)
        crew.jobs = 500
        with pytest.raises(OSError, match="the Dask cluster is gone"), crew:
            list(crew.map(killed_with_more_to_come, b"", values(), 200_000))


def test_profile(content: Path, tmp_path: Path) -> None:
    """`--profile` says how long every stage took, and which ten pages took longest."""
    result = sitegen("build", "--content", content, "--out", tmp_path / "site", "--profile")
    assert result.status == 0, result.err
    stages, _, pages = result.err.partition("\n\n")
    rows = [line.split(maxsplit=2) for line in stages.splitlines()]
    assert [row[2] for row in rows[:-1]] == [
        "starting", "looking for changes", "reading", "checking and linking", "marking up", "training the language model", "running the language model", "comparing", "rendering",
    ]  # fmt: skip
    assert sum(float(row[0]) for row in rows[:-1]) == pytest.approx(float(rows[-1][0]), abs=0.01)
    heading, *slowest = pages.splitlines()
    assert heading == f"of {len(list((content / 'terms').iterdir()))} pages made, the slowest:"
    times = [float(line.split()[0]) for line in slowest]
    assert (len(times), times) == (10, sorted(times, reverse=True))
    assert all((tmp_path / "site" / line.split()[2] / "index.html").is_file() for line in slowest)
