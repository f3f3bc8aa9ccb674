"""What hostile users, unlucky operators and two programs at once do to the newsletter."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from sitegen.newsletter.addresses import parse_address
from sitegen.newsletter.config import is_local
from sitegen.newsletter.database import Database
from sitegen.newsletter.dispatch import Dispatcher
from sitegen.newsletter.intake import Budget, posted, work_off
from sitegen.newsletter.issues import IssueQueue, freeze, status
from sitegen.newsletter.leases import LEASE_SECONDS, new_owner, take
from sitegen.newsletter.service import Service
from sitegen.newsletter.states import erase
from sitegen.newsletter.tables import event, intake, lease, subscriber
from sitegen.newsletter.transport import Folder
from tests.newsletter.world import add_people, make_config, make_issue


@contextmanager
def serving(database: Database, folder: Path, public_url: str = "http://127.0.0.1:1/") -> Iterator[str]:
    """A service that writes mails to a folder; where it listens."""
    service = Service(make_config(public_url=public_url), database, lambda: Folder(folder))
    with service.running("127.0.0.1", 0) as address:
        thread = threading.Thread(target=service.serve, daemon=True)
        thread.start()
        yield address
        service.end()
        thread.join()


def ask(address: str, *parts: bytes) -> bytes:
    """What comes back for the bytes of a request."""
    host, _, port = address.removeprefix("http://").rstrip("/").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        with suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        answer = b""
        with suppress(ConnectionError):
            while found := connection.recv(65536):
                answer += found
    return answer


def together(*works: Callable[[], object]) -> list[object]:
    """Do all of it at the same time; what each returned or raised."""
    found: list[object] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(number: int) -> None:
        barrier.wait()
        try:
            found[number] = works[number]()
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("headers", [b"X: " + b"a" * 65536, b"X: aaaaaaaaaa\r\n" * 5000], ids=["long", "many"])
def test_a_head_without_end_is_cut_off(tmp_path: Path, headers: bytes) -> None:
    """A request whose headers never end takes no memory; one with a large cookie is served."""
    database = Database(f"sqlite:///{tmp_path}/a.sqlite3")
    with serving(database, tmp_path / "outbox") as address:
        before = _memory()
        ask(address, b"GET / HTTP/1.1\r\nHost: x\r\n", *[headers] * 1000)
        assert _memory() - before < 20
        cookie = b"Cookie: " + b"a" * 30_000 + b"\r\nConnection: close\r\n\r\n"
        assert ask(address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + cookie).startswith(b"HTTP/1.1 200")
    database.close()


def _memory() -> int:
    """MiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def test_the_outbox_is_shown_to_this_machine_only(tmp_path: Path) -> None:
    """Who forgets to name a mail server shows nobody's links to confirm to the world."""
    database = Database(f"sqlite:///{tmp_path}/a.sqlite3")
    request = b"GET /outbox HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for public_url, answer in (("https://news.example/", b"404"), ("http://127.0.0.1:1/", b"200")):
        with serving(database, tmp_path / "outbox", public_url) as address:
            assert ask(address, request).split()[1] == answer
    database.close()
    assert [is_local(f"http://{host}/") for host in ("localhost", "[::1]", "192.168.1.2", "0.0.0.0")] == [True] * 4
    assert not is_local("http://localhost.example/")


def test_only_its_owner_reads_a_new_database(tmp_path: Path) -> None:
    """A file that holds addresses is nobody else's to read."""
    Database(f"sqlite:///{tmp_path}/a.sqlite3").close()
    assert (tmp_path / "a.sqlite3").stat().st_mode & 0o777 == 0o600


def test_many_open_a_new_database_at_once(database_url: str) -> None:
    """Of several programs that find an empty database, one makes the tables and the others wait for it."""
    code = "import sys; from sitegen.newsletter.database import Database; Database(sys.argv[1]).close()"
    opening = [subprocess.Popen([sys.executable, "-c", code, database_url]) for _ in range(4)]
    assert [program.wait(60) for program in opening] == [0] * 4


def test_posts_that_change_nothing_leave_nothing(database: Database) -> None:
    """However often somebody's address is posted, what is kept of it stays small."""
    config, now, address = make_config(), time.time(), parse_address("anna@example.org")
    rows = [posted("subscribe", address, f"{number}", now) for number in range(200)]
    database.write(lambda connection: connection.execute(insert(intake), rows))
    while database.write(lambda connection: work_off(connection, config.keys, Budget(), now)):
        pass
    assert database.write(lambda connection: connection.execute(select(func.count()).select_from(event)).scalar()) == 1


def test_two_who_freeze_one_issue_agree(database: Database) -> None:
    """Of two senders that begin at once, one freezes the issue and the other finds it frozen."""
    config = make_config()
    add_people(database, [f"reader{number}@example.org" for number in range(500)])

    def begin() -> bool:
        return database.write(lambda connection: freeze(connection, config, make_issue(config), "resend", time.time()))

    assert sorted(map(str, together(begin, begin, begin))) == ["False", "False", "True"]
    frozen = database.write(lambda connection: status(connection, make_issue(config).name))
    assert frozen.counts == {"queued": 500}


def test_people_are_erased_while_an_issue_is_frozen(database: Database) -> None:
    """Who asks to be forgotten while an issue is being frozen is forgotten, and the issue is frozen for the others."""
    config = make_config()
    add_people(database, [f"reader{number}@example.org" for number in range(300)])
    people = database.write(lambda connection: list(connection.execute(select(subscriber.c.id)).scalars()))

    def begin() -> bool:
        return database.write(lambda connection: freeze(connection, config, make_issue(config), "resend", time.time()))

    def forget() -> None:
        for who in people[::3]:
            database.write(lambda connection, who=who: erase(connection, who, config.keys, time.time()))  # type: ignore[misc]

    assert together(begin, forget) == [True, None]
    frozen = database.write(lambda connection: status(connection, make_issue(config).name))
    assert frozen.counts == {"queued": 200}


def test_one_of_many_takes_a_lease(database: Database) -> None:
    """However many ask at once for a lease that nobody has, or that has run out, one gets it."""
    for now in (1000.0, 1000.0 + LEASE_SECONDS + 1):
        asked = [
            partial(database.write, partial(take, name="a job", owner=f"elsewhere/1/{now}/{n}", now=now))
            for n in range(4)
        ]
        assert sorted(map(str, together(*asked))) == ["False", "False", "False", "True"]


def test_a_lease_is_renewed_at_half_its_time(database: Database) -> None:
    """A server that has nothing to do writes nothing; a clock that went back keeps nobody waiting."""

    def expires(now: float) -> float:
        assert database.write(lambda connection: take(connection, "a job", "me", now))
        return float(database.write(lambda connection: connection.execute(select(lease.c.expires)).scalar_one()))

    assert expires(1000) == 1000 + LEASE_SECONDS
    assert expires(1000 + LEASE_SECONDS / 2 - 1) == 1000 + LEASE_SECONDS
    assert expires(1000 + LEASE_SECONDS / 2 + 1) == 1001 + LEASE_SECONDS * 1.5
    assert expires(500) == 500 + LEASE_SECONDS


def test_only_an_ended_process_of_this_machine_loses_its_lease(database: Database) -> None:
    """A process that has ended here is not waited for; one with its number on another machine of the same name is."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    machine, _, rest = new_owner().partition("/")
    for job, owner, taken in (
        ("one", f"{machine}/{ended.pid}/a", True),
        ("two", f"{machine}x/{ended.pid}/b", False),
        ("three", f"{machine}/{rest}", False),
    ):
        assert database.write(lambda connection, job=job, owner=owner: take(connection, job, owner, 1000.0))  # type: ignore[misc]
        assert database.write(lambda connection, job=job: take(connection, job, "me", 1001.0)) is taken  # type: ignore[misc]


def test_a_connection_that_breaks_in_an_unknown_way_goes_on(database: Database) -> None:
    """Whatever a way out raises, the thread that sends lives, and the mail of which nobody knows is told."""

    class Odd:
        def send(self, sender: str, to: str, data: bytes) -> None:
            raise KeyError(to)

        def close(self) -> None:
            pass

    config = make_config()
    add_people(database, [f"reader{number}@example.org" for number in range(5)])
    made = make_issue(config)
    database.write(lambda connection: freeze(connection, config, made, "hold", time.time()))
    Dispatcher(IssueQueue(config, made.name, new_owner()), database.write, Odd, 2, 0.01).run()
    told = database.write(lambda connection: status(connection, made.name))
    assert told.counts == {"uncertain": 5}
    assert {detail for _, _, detail in told.open} == {"KeyError"}


def test_a_service_of_which_a_part_has_ended_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake in what works posts off ends the server with one line, instead of leaving posts to nobody."""
    database = Database(f"sqlite:///{tmp_path}/a.sqlite3")
    service = Service(make_config(), database, lambda: Folder(tmp_path / "outbox"))
    monkeypatch.setattr(service, "_decide", lambda _: dict[str, int]()["anna@example.org"])
    with service.running("127.0.0.1", 0):
        thread = threading.Thread(target=service.serve)
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
    database.close()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "the service ends: KeyError"
    ]
