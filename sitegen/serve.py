"""The development server: rebuilds on every save, reloads the page, and shows problems in it."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path

from .build import Live, build
from .crew import StoppedError
from .entries import ChangedError
from .local_server import NEWSLETTER, Handler, Server, State
from .memo import Memo
from .problems import ContentError, Problem, as_text, printable
from .watch import Changes
from .write import Written

Mount = Callable[[str], AbstractContextManager[str]]


def serve(
    content: Path, templates: Path | None, host: str, port: int, say: Callable[[str], None], mount: Mount = lambda _: nullcontext("")
) -> None:
    """Serve until KeyboardInterrupt. Raises OSError if the port is taken.

    `mount` is told this server's address, runs the newsletter's service, and gives the host and port at which that listens, if it does.
    """
    memory = content.resolve().parent / ".sitegen" / "memo.sqlite3"
    with tempfile.TemporaryDirectory(prefix="sitegen-") as folder, Memo(memory) as memo:
        out = Path(folder) / "site"
        state = State()
        newsletter: list[str] = []
        handler = partial(Handler, directory=str(out), state=state, newsletter=newsletter)
        with Server(host, port, handler) as server, ExitStack() as stack:
            address = f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}/"
            newsletter += filter(None, [stack.enter_context(mount(address))])
            form_action = NEWSLETTER + "subscribe" if newsletter else ""

            def tell(problems: tuple[Problem, ...]) -> None:
                if problems != state.problems or not problems:
                    changes.doubt()
                state.tell(problems)

            def rebuild(soon: bool, saved: set[str] | None = None) -> bool:
                """Whether nothing was wrong. One that is wanted `soon` leaves work to a second one, which gives way to the next save.

                The second brings what the language model says, and sees what changed beside the paths that were `saved`.
                """
                start = time.perf_counter()

                def ready(written: Written) -> None:
                    rest = "; the language model follows" if written.behind else ""
                    if soon or written.changed:
                        say(f"built in {time.perf_counter() - start:.2f} s, {written.changed} files changed{rest}")
                    if written.changed or written.removed or state.problems:  # else a page has nothing to load again
                        tell(())

                try:
                    live = Live(ready, soon=True, saved=saved) if soon else Live(ready, changes.there)
                    build(content, out, templates, address, memo=memo, form_action=form_action, live=live)
                    return True
                except ContentError as error:
                    if soon or error.problems != state.problems:
                        say(as_text(error.problems))
                        tell(error.problems)
                except ChangedError as error:
                    if saved is not None:  # not by what was saved alone
                        return rebuild(soon)
                    say(str(error))
                except OSError as error:
                    say(printable(f"{error.filename or out}: {error.strerror or error}"))
                except StoppedError:
                    return True
                return False

            changes = Changes([content, *([templates] if templates else [])], say)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                well = rebuild(soon=True)
                say(f"{address}  (Ctrl-C to stop)")
                if newsletter:
                    say(f"{address}outbox shows the newsletter's mails; nothing is really sent")
                while True:
                    saved = changes.wait()
                    well = (not saved or rebuild(soon=True, saved=saved if well else None)) and rebuild(soon=False)
            finally:
                server.shutdown()
