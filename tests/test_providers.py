"""The newsletter's form for our own service, for any other address, and for each hosted provider; and every mistake in its settings."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest

from sitegen.newsletter.mails import parse_sender

from .conftest import MakeContent, sitegen
from .dom import Page

ENTRY = {"token.yaml": "term: Token\ndefinition: A unit of text.\n"}
LIST = "7f3c1c1e-5b0e-4f0a-9d58-0d3f2f1b4c11"

# what site.yaml says; where the form posts to; its fields but for the trap; the trap; what else the policy allows
FORMS: dict[str, tuple[str, str, dict[str, str], str, str]] = {
    "own": (
        "action: https://news.example.org/subscribe, consent: You agree.", "https://news.example.org/subscribe",
        {"page": "subscribe/", "consent": sha256(b"You agree.").hexdigest(), "email": ""}, "website", "https://news.example.org",
    ),
    "own, same origin": (
        "action: /news/subscribe", "/news/subscribe",
        {"page": "subscribe/", "consent": sha256(b"").hexdigest(), "email": ""}, "website", "",
    ),
    "other": ("action: https://forms.example.org/f/abc", "https://forms.example.org/f/abc", {"email": ""}, "", "https://forms.example.org"),
    "query": (
        "action: 'https://forms.example.org/subscribe?list=1'", "https://forms.example.org/subscribe?list=1",
        {"email": ""}, "", "https://forms.example.org",
    ),
    "named field": (
        "action: https://forms.example.org/subscribe, email_field: mail", "https://forms.example.org/subscribe",
        {"mail": ""}, "", "https://forms.example.org",
    ),
    "buttondown": (
        "provider: buttondown, name: ai-glossary, hidden: {tag: site}", "https://buttondown.com/api/emails/embed-subscribe/ai-glossary",
        {"embed": "1", "tag": "site", "email": ""}, "", "https://buttondown.com",
    ),
    "mailchimp": (
        "provider: mailchimp, account: example.us12, u: 1462626880ade1ac87bd9c93a, id: 92a4423d01",
        "https://example.us12.list-manage.com/subscribe/post?u=1462626880ade1ac87bd9c93a&id=92a4423d01",
        {"EMAIL": ""}, "b_1462626880ade1ac87bd9c93a_92a4423d01", "https://example.us12.list-manage.com https://*.list-manage.com",
    ),
    "kit": ("provider: kit, form: 123456", "https://app.kit.com/forms/123456/subscriptions", {"email_address": ""}, "", "https://app.kit.com"),
    "listmonk": (
        f"provider: listmonk, url: 'https://lists.example.org:8443/', list: {LIST}", "https://lists.example.org:8443/subscription/form",
        {"l": LIST, "email": ""}, "nonce", "https://lists.example.org:8443",
    ),
}  # fmt: skip


def site_yaml(newsletter: str) -> str:
    """A site.yaml with that newsletter."""
    return f"title: T\nbase_url: https://example.org/\nnewsletter: {{{newsletter}}}\n"


@pytest.fixture
def built(make_content: MakeContent, tmp_path: Path, form: str) -> Path:
    """A site with one of the forms."""
    content = make_content({**ENTRY, "site.yaml": site_yaml(FORMS[form][0])})
    result = sitegen("build", "--out", tmp_path / "site", cwd=content.parent)
    assert (result.status, result.err) == (0, "")
    return tmp_path / "site"


@pytest.mark.parametrize("form", FORMS)
def test_form(built: Path, form: str) -> None:
    """The form posts just the fields that its receiver knows, and the policy lets it go there and nowhere else."""
    _, action, fields, trap, allowed = FORMS[form]
    page = Page(built, "subscribe/")
    found = page.one("form.signup")
    assert (found.attrs["method"], found.attrs["action"]) == ("post", action)
    assert [e.attrs["name"] for e in page.all(".signup .trap input")] == list(filter(None, [trap]))
    inputs = {e.attrs["name"]: e.attrs.get("value") or "" for e in page.all(".signup input")}
    assert inputs == fields | ({trap: ""} if trap else {})
    policy = dict(rule.split(" ", 1) for rule in page.meta("Content-Security-Policy").split("; "))
    own = form.startswith("own")
    assert policy["form-action"] == f"'self' {allowed}".strip()
    assert policy["connect-src"] == (f"'self' {allowed}".strip() if own else "'self'")
    assert ("data-own" in found.attrs) == own


@pytest.mark.parametrize("form", FORMS)
def test_pages_of_the_own_service(built: Path, form: str) -> None:
    """Only a form of our own service has the pages that it leads to, and a link to one's data; that form posts beside the other."""
    own = form.startswith("own")
    pages = sorted(path.parent.name for path in (built / "subscribe").rglob("*/index.html"))
    assert pages == (["check", "data", "welcome"] if own else [])
    assert [link for link in Page(built, "subscribe/").links() if "data" in link] == (["subscribe/data/"] * 2 if own else [])
    if own:
        data = Page(built, "subscribe/data/").one("form.signup")
        assert data.attrs["action"] == re.sub("subscribe$", "data", FORMS[form][1])


MISTAKES: dict[str, tuple[str, str]] = {
    "neither": (
        "title: Letters",
        "3:13: 'newsletter' has no 'action' and no 'provider' (missing-field)\n"
        "    hint: add a line 'action: ...', or 'provider: ...' for buttondown, mailchimp, kit, listmonk",
    ),
    "both": (
        "action: /subscribe, provider: kit, form: 1",
        "3:34: 'provider' and 'action' both say where the form posts to (duplicate-key)\n    hint: keep one",
    ),
    "unknown provider": (
        "provider: mailchip, account: us1",
        "3:24: 'provider' must be one of buttondown, mailchimp, kit, listmonk, not 'mailchip' (wrong-type)\n    hint: did you mean 'mailchimp'?",
    ),
    "missing value": ("provider: kit", "3:13: 'newsletter' has no 'form' (missing-field)\n    hint: add a line 'form: ...'"),
    "empty value": ("provider: kit, form: ", "3:35: 'form' is empty (missing-field)\n    hint: remove the field, or fill it in"),
    "another's value": (
        "provider: kit, form: 1, account: us1",
        "3:38: unknown field 'account' in 'newsletter' (unknown-field)\n"
        "    hint: known fields: action, provider, email_field, hidden, title, description, consent, sender, form",
    ),
    "misspelt value": (
        "provider: kit, form: 1, from: 2", "3:38: unknown field 'from' in 'newsletter' (unknown-field)\n    hint: did you mean 'form'?",
    ),
    "value without a provider": (
        "action: /subscribe, account: us1",
        "3:34: unknown field 'account' in 'newsletter' (unknown-field)\n"
        "    hint: known fields: action, provider, email_field, hidden, title, description, consent, sender",
    ),
    "wrong value": ("provider: kit, form: 12a", "3:35: 'form' must be the number of the form, not '12a' (wrong-type)"),
    "value that leaves its place": (
        "provider: buttondown, name: ../evil?", "3:42: 'name' must be the newsletter's name, as in buttondown.com/name, not '../evil?' (wrong-type)",
    ),
    "list as a value": ("provider: kit, form: [1]", "3:35: 'form' must be the number of the form, not a list (wrong-type)"),
    "plain http": (
        f"provider: listmonk, url: 'http://lists.example.org', list: {LIST}",
        "3:39: 'url' must be the server's https address, not 'http://lists.example.org' (wrong-type)",
    ),
    "email field of a provider": (
        "provider: kit, form: 1, email_field: mail",
        "3:38: 'email_field' belongs to an 'action'; kit has a name of its own for it (unknown-field)\n    hint: remove it",
    ),
    "sender": (
        "action: /subscribe, sender: news", "3:42: 'sender' must be one mail address, as Name <news@example.org>, not 'news' (wrong-type)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(make_content: MakeContent, mistake: str) -> None:
    """Every mistake in the form's settings is one problem, at its place, with what would mend it."""
    newsletter, said = MISTAKES[mistake]
    content = make_content({**ENTRY, "site.yaml": site_yaml(newsletter) + "rules: {missing-example: off, missing-summary: off, missing-reference: off, orphan: off}\n"})
    result = sitegen("check", cwd=content.parent)
    assert (result.status, result.out + result.err) == (1, f"content/site.yaml:{said}\n1 entry: 1 problem\n")


SENDERS = {
    "News <news@example.org>": True, "news@example.org": True, "Nøws & Co. <a.b+c@news.example.org>": True, "Root <root@localhost>": True,
    "News <news@example>": False, "News <nöws@example.org>": False, "News <news@exämple.org>": False, "a@example.org, b@example.org": False,
    "A <a@example.org>, B <b@example.org>": False, "News news@example.org": False, "News <>": False, "=?utf-8?q?x?= <a@example.org>": False,
    "News\\r\\nBcc: x <a@example.org>": False, "News\\u2028 <a@example.org>": False, "N (x) <a@example.org>": False, "N" * 200 + " <a@example.org>": False,
}  # fmt: skip


@pytest.mark.parametrize(("sender", "accepted"), SENDERS.items(), ids=[s[:30] for s in SENDERS])
def test_sender(make_content: MakeContent, sender: str, accepted: bool) -> None:
    """A sender is one line with one ASCII address; whatever is accepted, the mails can carry."""
    content = make_content({**ENTRY, "site.yaml": site_yaml(f'action: /subscribe, sender: "{sender}"')})
    result = sitegen("check", cwd=content.parent)
    assert (result.status == 0) == accepted
    if accepted:
        assert "@" in parse_sender(sender)[1]
