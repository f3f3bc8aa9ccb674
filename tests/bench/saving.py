"""How long an author waits: from saving an entry to the new page, as the browser gets it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from ..serving import Serve
from .sites import Ours

SAVES = 9


def waits(ours: Ours, folder: Path) -> list[float]:
    """Seconds from the saving of one entry after the other until its changed page has come over HTTP, once a reload is told."""
    folder.mkdir()
    found = []
    with ExitStack() as stack:
        served = Serve(folder, stack)("--content", str(ours.root / "content"))
        with served.events() as states:
            next(states)
            for number in range(SAVES):
                time.sleep(1)  # the server has put its books in order
                file, text, revision = ours.edited(number)
                start = time.perf_counter()
                file.write_text(text, "utf-8")
                while next(states) and revision not in served.text(f"/terms/{file.stem}/"):
                    pass  # it was told of what the language model says of the save before
                found.append(time.perf_counter() - start)
    return found
