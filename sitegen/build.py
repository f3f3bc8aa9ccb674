"""The stages in order: reading `build`, and then `Making.plan`, explains the program.

Each stage is a pure function of values, so that `memo` can remember its results by the hash of what went in, and any
process can do its work. With nothing changed, only the survey runs, and nothing else is even imported.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from .manifest import Group, Manifest
from .memo import NO_ROOM, ForgottenError, Memo, digest, plain, read
from .stage import OvertakenError, Twin, cleared
from .survey import Survey, after, survey
from .swap import sweep
from .theme import theme_folders
from .write import Written, update, write

if TYPE_CHECKING:
    from .making import Plan
    from .model import File
    from .train import LanguageModel

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Live:
    """How a site is built that is looked at while it changes: file by file, in a folder that nobody else touches while the memo is open.

    `ready` is told that the new site stands: what comes then is for the next build. If it is wanted `soon`, its pages may show
    what the language model said before (`Written.behind`). Where whoever watches says what was `saved` since the last build, nothing else is
    looked at if that will do (`survey.after`). Once `stop` says so the build is given up with StoppedError, and what it has written stays.
    """

    ready: Callable[[Written], None]
    stop: Callable[[], bool] = lambda: False
    soon: bool = False
    saved: Collection[str] | None = None


def build(
    content: Path, out: Path, templates: Path | None = None, base_url: str = "", progress: Progress = lambda _: None,
    memo: Memo | None = None, jobs: int = 0, scheduler: str = "", spent: Callable[[str, float], None] = lambda *_: None,
    form_action: str = "", live: Live | None = None,
) -> Written:  # fmt: skip
    """Build the site of the folder `content` in the folder `out`, all of it at once unless it is `live`.

    `spent` is told how many seconds each page took. Raises ContentError with every problem, NotOursError and OSError; the site that
    stood in `out` then stays. A `live` one may end with StoppedError.
    """
    memo = memo or Memo()
    work = partial(_build, content, out, templates, (base_url, form_action), progress, memo, jobs, scheduler, spent, live)
    with _uncollected(and_after=not live):
        try:
            try:
                return work(trust=True)
            except (OvertakenError, ForgottenError):  # what stood there, or was known, is gone, so that everything has to be looked at
                memo.let_go()
                memo.mend()
            try:
                return work(trust=False)
            except ForgottenError:  # nor is it known by now, so that the file names what it does not have
                if not memo.mend(damaged=True):
                    raise
            return work(trust=False)
        except NO_ROOM as error:
            memo.begin_anew()
            raise OSError(f"a temporary file cannot hold what the build finds out: {error}") from None
        except BaseException:
            memo.doubt()
            raise


def _build(
    content: Path, out: Path, templates: Path | None, stands_at: tuple[str, str], progress: Progress, memo: Memo, jobs: int,
    scheduler: str, spent: Callable[[str, float], None], live: Live | None, trust: bool,
) -> Written:  # fmt: skip
    progress("looking for changes")
    folders = theme_folders(templates)
    seen = _survey(content, folders, memo, live, out)
    place = digest(seen.program, str(out.resolve()))  # what another version of the program has kept may look otherwise
    made = digest(seen.whole(), *stands_at)
    left: Manifest | None = memo.left.get(place) if live and trust else None
    row = memo.get("site", [place]).get(place) if trust and not live else None
    made_before, data = read(row) if row else (left.made if left else None, b"")

    @cache
    def before() -> Manifest:  # not read before it is needed: it takes four times as much memory
        return left or (Manifest.of(read(data)) if data else Manifest())

    sweep(out.resolve())
    if made_before == made and (left or before().stands(out)):
        memo.keep({})
        written = Written(0, sum(len(group.paths) for group in before().groups.values()), 0)
        if live:
            live.ready(written)
        return written
    from .crew import Crew, StoppedError

    with Crew(jobs, scheduler, live.stop if live else lambda: False) as crew:
        twin = None if live else _twin(memo, place)
        looks = crew.beside(partial(_looks, None if left else before, out, twin), len(seen.content) if data else 0)
        from .known import Known
        from .making import Making

        known, earlier = Known(memo, crew), memo.spoke.get(place) if live and live.soon else None
        plan = Making(content, folders, stands_at, seen, known, progress, spent).plan(before, lambda: looks()[0], earlier)
        groups: dict[str, list[str]] = {}

        def made_files() -> Iterator[File]:
            for name, file in plan.made:
                groups.setdefault(name, []).append(file.path)
                yield file
            if not live:
                memo.let_go()  # the books of a large site take as much memory

        if live:
            memo.spoke[place] = plan.model
        spoilt, twin_stands = looks()
        if twin and (spoilt or not twin_stands):
            if twin.folders:  # there may be no other that takes its place
                cleared(twin.path)
            twin = Twin(twin.path, {})
        if live and plan.kept:
            try:
                written = update(made_files(), out, before(), plan.kept)
            except BaseException as error:
                settled = isinstance(error, StoppedError) and survey(content, folders, memo, seen) == seen
                memo.left[place] = _halfway(before(), plan, groups, settled)
                if not settled:
                    memo.seen.clear()
                raise
        else:
            written = write(made_files(), out, before(), plan.kept, twin)
    written = replace(written, behind=plan.behind)
    memo.left.pop(place, None)
    if live:
        live.ready(written)
    settled = survey(content, folders, memo, seen) == seen  # else nobody can say of what it was made
    new = {name: Group(plan.keys[name] if settled else b"", tuple(paths)) for name, paths in groups.items()}
    manifest = Manifest(made if settled and plan.dated and not plan.behind else b"", {**plan.kept, **new}, written.stamps)
    used = {**known.used, "files": ()}
    if live:
        memo.left[place] = manifest
    else:
        row = plain((manifest.made, plain(manifest.plain())))
        memo.put("site", [(place, row), (_beside(place), plain(tuple(written.twin.items())))])
        used["site"] = (place, _beside(place))
    if settled:
        memo.keep(used)
    else:
        memo.doubt()
        memo.seen.clear()
    return written


def _survey(content: Path, folders: tuple[Path, ...], memo: Memo, live: Live | None, out: Path) -> Survey:
    """What there is to build from. Where nobody has told of anything else, all that is known of the survey before stays known."""
    folder = str(out.resolve())
    last: Survey | None = memo.seen.pop(folder, None) if live else None
    if live and last and live.saved is not None:
        seen = after(live.saved, content, last) or survey(content, folders, memo)
    else:
        seen = survey(content, folders, memo)
        if last and seen == last:
            seen = last
    memo.seen[folder] = seen
    return seen


@contextmanager
def _uncollected(and_after: bool) -> Iterator[None]:
    """Without the collector of cyclic garbage: it would look at all entries again and again, and there is next to none.

    What is there at the end it may pass by `and_after`, too: where the process ends then, it would look at it twice more.
    """
    gc.disable()
    try:
        yield
    finally:
        if and_after:
            gc.freeze()
        gc.enable()


def _halfway(before: Manifest, plan: Plan, groups: Mapping[str, Sequence[str]], settled: bool) -> Manifest:
    """What stands where the site `before` was being updated when `groups` were written: an entry's as a whole where it was stopped and what it is made of is `settled`, others perhaps in part.

    A group that has lost files to others, or still has files that it should not, has no key any more, so that it is made again; as are all
    that were not to be kept where it was not settled, or there was an error, perhaps in the middle of one.
    """
    taken = {path for paths in groups.values() for path in paths}

    def now(name: str) -> Group:
        old, new = before.groups.get(name, Group(b"", ())), groups.get(name, ())
        paths = (*new, *(path for path in old.paths if path not in taken))
        if not settled and name not in plan.kept:
            return Group(b"", paths)
        key, whole = (plan.keys[name], len(paths) == len(new) and not name.startswith("/")) if new else (old.key, len(paths) == len(old.paths))
        return Group(key if whole else b"", paths)

    return Manifest(b"", {name: now(name) for name in {**before.groups, **groups}}, before.stamps)


def _beside(place: bytes) -> bytes:
    """The key to the twin of the site that is known as `place`."""
    return digest(place, "twin")


def _looks(site: Callable[[], Manifest] | None, out: Path, twin: Twin | None) -> tuple[set[str], bool]:
    """Which groups of the `site` before are spoilt in `out`, and whether its twin can be used."""
    if not site:
        return set(), False
    spoilt = site().spoilt(out)
    return spoilt, bool(site().groups and not spoilt and twin and twin.stands())


def _twin(memo: Memo, place: bytes) -> Twin | None:
    """Where the site that is known as `place` may have its twin."""
    known = memo.get("site", [key := _beside(place)]).get(key)
    return Twin(memo.path.with_name(memo.path.name + ".twin"), dict(read(known) if known else ())) if memo.path else None


def language_model(content: Path) -> LanguageModel:
    """The model that the pages of the folder `content` show. Raises ContentError with every problem."""
    from .check import check
    from .entries import require
    from .link import link
    from .load import load
    from .markup import Markup
    from .prose import readable
    from .train import train

    draft = load(content)
    require(check(draft))
    glossary = link(draft)
    markup = Markup.of(glossary)
    return train(glossary, lambda entry: readable(entry, markup.entry(entry)))
