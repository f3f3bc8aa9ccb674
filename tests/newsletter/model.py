"""The rules of a subscription, written down a second time, in the plainest way: what the real newsletter is compared with.

It knows nothing of the database or of the code under test; moments are seconds, people are objects, and time passes when it is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MINUTE, HOUR, DAY = 60, 3600, 86400

# Which states may follow which, by what happened. Everything else is an illegal edge.
EDGES: dict[str, set[tuple[str | None, str | None]]] = {
    "decide": {(None, "pending")},
    "confirm": {("pending", "confirmed"), ("unsubscribed", "confirmed"), ("bounced", "confirmed")},
    "unsubscribe": {("pending", "unsubscribed"), ("confirmed", "unsubscribed"), ("bounced", "unsubscribed")},
    "bounce": {("pending", "bounced"), ("confirmed", "bounced")},
    "erase": {("pending", None), ("confirmed", None), ("unsubscribed", None), ("bounced", None)},
    "purge": {("pending", None)},
    "import": {(None, "confirmed")},
}


@dataclass(eq=False)
class Person:
    """Somebody the newsletter knows."""

    email: str
    state: str
    created: float
    changed: float
    confirmed_at: float | None = None
    epoch: int = 0

    @property
    def victim(self) -> str:
        return inbox(self.email)


@dataclass(eq=False)
class Post:
    """A form that was posted."""

    kind: str
    email: str
    source: str
    at: float
    next_at: float


@dataclass(eq=False)
class Mail:
    """A single mail."""

    person: Person | None
    kind: str
    victim: str
    source: str
    created: float
    next_at: float
    state: str = "queued"
    attempts: int = 0


@dataclass
class Token:
    """A mailed link."""

    person: Person
    purpose: str
    epoch: int
    expires: float


@dataclass(eq=False)
class Issue:
    """An issue, and what became of it for each of its readers."""

    policy: str
    readers: dict[Person, str]
    next_at: dict[Person, float] = field(default_factory=dict)


def inbox(email: str) -> str:
    """The mailbox behind dots and tags."""
    name, domain = email.lower().split("@")
    return name.split("+")[0].replace(".", "") + "@" + domain


class Model:
    """The newsletter as it should be."""

    def __init__(self, now: float, per_source: int, per_hour: int) -> None:
        self.now, self.per_source, self.per_hour = now, per_source, per_hour
        self.people: dict[str, Person] = {}
        self.erased: set[str] = set()
        self.posts: list[Post] = []
        self.mails: list[Mail] = []
        self.tokens: dict[str, Token] = {}
        self.issues: list[Issue] = []

    # --- posts

    def post(self, kind: str, email: str, source: str) -> None:
        self.posts.append(Post(kind, email, source, self.now, self.now))

    def work_off(self) -> int:
        if self._of_the_last(HOUR) >= self.per_hour:
            for post in self.posts:
                if post.next_at <= self.now < post.at + DAY:
                    post.next_at = self.now + 10 * MINUTE
        due = sorted((post for post in self.posts if post.next_at <= self.now), key=lambda post: post.next_at)[:25]
        for post in due:
            if self._decide(post):
                self.posts.remove(post)
            else:
                post.next_at = self.now + 10 * MINUTE
        return len(due)

    def _decide(self, post: Post) -> bool:
        """Whether the post is done; otherwise it waits."""
        person = self.people.get(post.email.lower())
        if person is None and post.kind != "subscribe":
            return True
        kind = self._mail_for(post.kind, person)
        if kind and not self._inbox_takes_one(inbox(post.email)):
            kind = None
        crowded = (
            self._of_the_last(10 * MINUTE, post.source) >= self.per_source or self._of_the_last(HOUR) >= self.per_hour
        )
        if kind and crowded:
            if self.now - post.at < DAY:
                return False
            kind = None
        if person is None:
            person = self.people[post.email.lower()] = Person(post.email, "pending", self.now, self.now)
        if kind:
            self.mails.append(Mail(person, kind, inbox(post.email), post.source, self.now, self.now))
        return True

    def _mail_for(self, kind: str, person: Person | None) -> str | None:
        if person and person.state == "bounced" and self.now - person.changed < 30 * DAY:
            return None
        if kind != "subscribe":
            return kind
        if person is None or person.state != "confirmed":
            return "confirm"
        courtesies = [mail.created for mail in self.mails if mail.person is person and mail.kind == "courtesy"]
        return None if courtesies and self.now - max(courtesies) < 7 * DAY else "courtesy"

    def _inbox_takes_one(self, victim: str) -> bool:
        recent = [mail.created for mail in self.mails if mail.victim == victim and self.now - mail.created < DAY]
        return len(recent) < 3 and all(self.now - created >= 15 * MINUTE for created in recent)

    def _of_the_last(self, seconds: float, source: str | None = None) -> int:
        return sum(self.now - mail.created < seconds and source in (None, mail.source) for mail in self.mails)

    # --- mails

    def claim(self, room: int) -> list[Mail]:
        """The mails that go out now."""
        due = [mail for mail in self.mails if mail.state == "queued" and mail.next_at <= self.now]
        chosen = sorted(due, key=lambda mail: mail.next_at)[:room]
        for mail in chosen:
            mail.state = "sending" if mail.person else "skipped"
        return [mail for mail in chosen if mail.person]

    def mailed(self, mail: Mail, token: str) -> None:
        """A link went out with that mail."""
        assert mail.person
        holds = {"confirm": 7 * DAY, "export": DAY, "erase": DAY}[mail.kind]
        self.tokens[token] = Token(mail.person, mail.kind, mail.person.epoch, self.now + holds)

    def outcome(self, mail: Mail, what: str, wait: float) -> None:
        mail.state = {"sent": "sent", "missing": "failed"}.get(what, "queued")
        mail.attempts += what != "unreached"
        mail.next_at = self.now + (wait if what in ("busy", "uncertain") else 0)
        if what == "missing" and mail.person:
            self.bounce(mail.person)

    # --- what changes a person

    def _become(self, person: Person, state: str) -> None:
        if person.state != state:
            person.state, person.changed = state, self.now

    def holder(self, token: str, purpose: str) -> Token | None:
        found = self.tokens.get(token)
        if (
            found is None
            or found.purpose != purpose
            or self.now >= found.expires
            or found.person not in self.people.values()
        ):
            return None
        return found

    def confirm(self, token: str) -> bool:
        found = self.holder(token, "confirm")
        if found is None or found.epoch != found.person.epoch:
            return False
        if found.person.state != "confirmed":
            found.person.confirmed_at = self.now
        self._become(found.person, "confirmed")
        self.erased.discard(found.person.email.lower())
        return True

    def unsubscribe(self, person: Person) -> None:
        if person.state != "unsubscribed":
            person.epoch += 1
        self._become(person, "unsubscribed")

    def bounce(self, person: Person) -> None:
        if person.state != "unsubscribed":
            self._become(person, "bounced")

    def forget(self, person: Person) -> None:
        """Erase somebody who asked for it."""
        self._drop(person)
        self.erased.add(person.email.lower())
        self.posts = [post for post in self.posts if post.email.lower() != person.email.lower()]

    def _drop(self, person: Person) -> None:
        del self.people[person.email.lower()]
        for mail in self.mails:
            if mail.person is person:
                mail.person = None
        for issue in self.issues:
            issue.readers.pop(person, None)

    def take_in(self, email: str) -> str:
        key = email.lower()
        if key in self.people:
            return "known"
        if key in self.erased:
            return "erased"
        self.people[key] = Person(email, "confirmed", self.now, self.now, self.now)
        return "added"

    def purge(self) -> None:
        waiting = {mail.person for mail in self.mails if mail.state in ("queued", "sending")}
        for person in list(self.people.values()):
            if person.state == "pending" and self.now - person.changed > 30 * DAY and person not in waiting:
                self._drop(person)
        self.mails = [
            mail for mail in self.mails
            if self.now - mail.created <= 30 * DAY or (mail.state in ("queued", "sending") and mail.person)
        ]  # fmt: skip

    # --- issues

    def freeze(self, policy: str) -> Issue:
        issue = Issue(policy, {person: "queued" for person in self.people.values() if person.state == "confirmed"})
        issue.next_at = dict.fromkeys(issue.readers, self.now)
        self.issues.append(issue)
        return issue

    def claim_issue(self, issue: Issue) -> set[Person]:
        """The people to whom it goes out now: confirmed then, and confirmed still."""
        due = {
            person for person, state in issue.readers.items() if state == "queued" and issue.next_at[person] <= self.now
        }
        going = {person for person in due if person.state == "confirmed"}
        issue.readers.update({person: "sending" if person in going else "skipped" for person in due})
        return going

    def issue_outcome(self, issue: Issue, person: Person, what: str, wait: float) -> None:
        if person not in issue.readers:
            return  # erased meanwhile
        held = what == "uncertain" and issue.policy == "hold"
        issue.readers[person] = {"sent": "sent", "missing": "failed"}.get(what, "uncertain" if held else "queued")
        issue.next_at[person] = self.now + (wait if what in ("busy", "uncertain") else 0)
        if what == "missing":
            self.bounce(person)

    def killed(self, issue: Issue) -> None:
        """The sender died; the next one finds what was on its way."""
        for person, state in issue.readers.items():
            if state == "sending":
                issue.readers[person] = "uncertain" if issue.policy == "hold" else "queued"

    def moments(self) -> dict[str, set[float]]:
        """For each rule about time, when it begins to hold or ceases to."""
        courtesies = {mail.created for mail in self.mails if mail.kind == "courtesy"}
        return {
            "inbox": {mail.created + 15 * MINUTE for mail in self.mails},
            "source": {mail.created + 10 * MINUTE for mail in self.mails},
            "hour": {mail.created + HOUR for mail in self.mails},
            "day": {mail.created + DAY for mail in self.mails},
            "courtesy": {created + 7 * DAY for created in courtesies},
            "purge": {mail.created + 30 * DAY for mail in self.mails}
            | {person.changed + 30 * DAY for person in self.people.values()},
            "token": {token.expires for token in self.tokens.values()},
            "retry": {mail.next_at for mail in self.mails}
            | {moment for issue in self.issues for moment in issue.next_at.values()},
            "waiting": {post.next_at for post in self.posts},
            "waited": {post.at + DAY for post in self.posts},
        }

    def states(self) -> Iterator[tuple[str, str]]:
        return ((key, person.state) for key, person in self.people.items())
