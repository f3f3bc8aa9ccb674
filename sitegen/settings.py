"""site.yaml -> Settings: what the glossary is called, where it stands, and by which rules it is judged."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from .fields import MAX_LINE, Fields
from .model import Newsletter, RuleSetting, Settings, TopicSetting
from .names import slugify
from .nodes import Mapping, Node, Scalar, Sequence, read_yaml
from .problems import ContentError, Place, Problem
from .providers import PROVIDERS, Provider
from .source import Source

SITE_FIELDS = (
    "title", "base_url", "language", "description", "publisher", "topics", "about", "newsletter", "rules", "demo",
)  # fmt: skip


def settings(source: Source, problems: list[Problem]) -> Settings:
    """What site.yaml says; `problems` grows by what is wrong in it."""
    try:
        node = read_yaml(source)
    except ContentError as error:
        problems.extend(error.problems)
        return Settings(file="unreadable")
    if node is None:
        node = Mapping((), source, 0)
    fields = Fields(node, SITE_FIELDS, "site.yaml", problems)
    default = Settings()
    before = len(problems)
    topics = _topics(fields)
    file = "read" if isinstance(node, Mapping) and (topics or len(problems) == before) else "unreadable"
    demo = fields.group("demo", ("prompt", "order", "seed", "temperature", "tokens"), "'demo'")
    seed = demo.whole("seed", 0, 2**31 - 1) if demo else None
    if "base_url" not in fields.nodes:
        fields.say(
            node.place,
            "missing-setting",
            "site.yaml has no base_url",
            "write the address the site will have, as https://example.org/glossary/",
        )
    return Settings(
        title=_value(fields, "title", default.title),
        base_url=fields.parsed("base_url", parse_base_url, "an address like https://example.org/glossary/", default.base_url),
        language=fields.parsed("language", _language, "a language tag like en or pt-BR", default.language),
        description=_value(fields, "description", f"Every term of {_value(fields, 'title', 'the glossary')}, explained."),
        publisher=_value(fields, "publisher"),
        topics=topics,
        about=fields.text("about"),
        newsletter=_newsletter(fields),
        rules=_rules(fields),
        prompt=_value(demo, "prompt") if demo else "",
        order=(demo and demo.whole("order", 2, 5)) or default.order,
        seed=default.seed if seed is None else seed,
        temperature=demo.parsed("temperature", _temperature, "0, or a number from 0.1 to 2", default.temperature) if demo else default.temperature,
        tokens=(demo and demo.whole("tokens", 1_000, 500_000)) or default.tokens,
        file=file,
    )  # fmt: skip


def _value(fields: Fields, name: str, default: str = "") -> str:
    scalar = fields.text(name)
    return " ".join(scalar.value.split()) if scalar else default


def parse_base_url(value: str) -> str:
    """The address of a site with one slash at its end. Raises ValueError if it is not one."""
    parts = urlsplit(value)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or set(value) & set(" \"'<>;,")
        or parts.port == 0  # urlsplit raises ValueError for one that is none
    ):
        raise ValueError
    return value.rstrip("/") + "/"


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", value):
        raise ValueError
    return value


def _temperature(value: str) -> float:
    number = float(value)
    if number and not 0.1 <= number <= 2:  # colder, and the powers of small probabilities are zero in a float
        raise ValueError
    return number or 0.0


def _topics(fields: Fields) -> tuple[TopicSetting, ...]:
    found: dict[str, TopicSetting] = {}
    for group in fields.groups("topics", ("name", "slug", "description"), "the topic"):
        name = group.line("name", required=True)
        if name is None:
            continue
        wanted = group.text("slug") or name
        slug = slugify(wanted.value)
        if not slug or (wanted is not name and slug != wanted.value):
            group.say(
                wanted.place,
                "bad-slug",
                f"'{wanted.value}' cannot be an address",
                f"write '{slug}'" if slug else "letters, digits, hyphens",
            )
        elif slug in found:
            group.say(
                wanted.place,
                "duplicate-address",
                f"two topics have the address '{slug}'",
                "give one a 'slug:' of its own",
            )
        else:
            found[slug] = TopicSetting(slug, name.value, _value(group, "description"))
    return tuple(found.values())


_PROVIDERS = {provider.name: provider for provider in PROVIDERS}
_FORM = ("action", "provider", "email_field", "hidden", "title", "description", "consent", "sender")


def _newsletter(fields: Fields) -> Newsletter | None:
    """A form that posts to `action`, or to a provider whose own fields then stand beside it."""
    named = _named_provider(fields.nodes.get("newsletter"))
    values = [value.name for provider in PROVIDERS if named in (provider.name, "?") for value in provider.values]
    group = fields.group("newsletter", [*_FORM, *values], "'newsletter'")
    if group is None:
        return None
    form = _form(group)
    default = Newsletter("")
    given = Newsletter(
        form.action, form.email_field, (*form.hidden, *_hidden(group)), _value(group, "title", default.title),
        _value(group, "description"), _value(group, "consent"),
        group.parsed("sender", _sender, "one mail address, as Name <news@example.org>", ""), form.trap, form.redirects,
    )  # fmt: skip
    if "provider" not in group.nodes and not {"email_field", "hidden"} & set(group.nodes):
        parts = urlsplit(given.action)
        own = parts.path.endswith("/subscribe") and not parts.query and not parts.fragment
        given = replace(given, own=own, trap="website" if own else "")
    return given if form.action else None


def _named_provider(node: Node | None) -> str:
    """The provider that `newsletter:` names: `?` if there is none of that name, nothing if it names none."""
    for key, value in node.pairs if isinstance(node, Mapping) else ():
        if key.value == "provider":
            return value.value if isinstance(value, Scalar) and value.value in _PROVIDERS else "?"
    return ""


def _form(group: Fields) -> Provider:
    """Where the form posts to and what its fields are called; without an action if that cannot be told."""
    nowhere = Provider("", "", ())
    action = group.parsed("action", _form_action, "an https address or a path like /subscribe", "")
    email_field = _value(group, "email_field", "email")
    provider = _PROVIDERS.get(group.choice("provider", tuple(_PROVIDERS)))
    if "action" in group.nodes and "provider" in group.nodes:
        message = "'provider' and 'action' both say where the form posts to"
        group.say(_key(group, "provider"), "duplicate-key", message, "keep one")
        return nowhere
    if "action" in group.nodes:
        return Provider("", action, (), email_field)
    if "provider" not in group.nodes:
        hint = "add a line 'action: ...', or 'provider: ...' for " + ", ".join(_PROVIDERS)
        group.say(group.place, "missing-field", "'newsletter' has no 'action' and no 'provider'", hint)
    if provider is None:
        return nowhere
    if "email_field" in group.nodes:
        message = f"'email_field' belongs to an 'action'; {provider.name} has a name of its own for it"
        group.say(_key(group, "email_field"), "unknown-field", message, "remove it")
    found = {value.name: group.parsed(value.name, value.parse, value.wanted, "") for value in provider.values}
    for name in found:
        if name not in group.nodes:
            group.missing(name)
    return provider.filled(found) if all(found.values()) else nowhere


def _key(group: Fields, name: str) -> Place:
    node = group.nodes[name]
    return node.key.place if node.key else node.place


def _hidden(group: Fields) -> list[tuple[str, str]]:
    hidden = group.nodes.get("hidden")
    if not isinstance(hidden, Mapping):
        if hidden is not None:
            group.wrong(hidden, "a group of 'name: value' lines")
        return []
    inner = Fields(hidden, [key.value for key, _ in hidden.pairs], "'hidden'", group.problems)
    for node in inner.nodes.values():
        if not isinstance(node, Scalar):
            inner.wrong(node, "text")
    return [
        (name, node.value) for name, node in inner.nodes.items() if isinstance(node, Scalar)
    ]  # may be empty: a trap


def _sender(value: str) -> str:
    """`Name <address>`, or the address alone, of signs that mean nothing else in the header of a mail."""
    address = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|localhost)"
    if (
        not re.fullmatch(rf"[^<>@\"(),:;\[\]\\]*<{address}>|{address}", value)
        or not value.isprintable()
        or "=?" in value
        or len(value) > MAX_LINE
    ):
        raise ValueError
    return value


def _form_action(value: str) -> str:
    local = re.fullmatch(r"/[^/\s\"'<>;,][^\s\"'<>;,]*", value)
    parts = urlsplit(value)
    loopback = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if (not local and not ((parts.scheme == "https" or loopback) and parts.hostname)) or set(value) & set(" \"'<>;,"):
        raise ValueError
    return value


def _rules(fields: Fields) -> dict[str, RuleSetting]:
    """`rule: off|advice|problem|<limit>`, or both as `rule: [problem, 120]`; names are checked by `check`."""
    node = fields.nodes.get("rules")
    if node is None:
        return {}
    names = [key.value for key, _ in node.pairs] if isinstance(node, Mapping) else []
    inner = Fields(node, names, "'rules'", fields.problems)
    found = {}
    for name, value in inner.nodes.items():
        level, limit = "", None
        for item in value.items if isinstance(value, Sequence) else (value,):
            if isinstance(item, Scalar) and item.value in ("off", "advice", "problem"):
                level = item.value
            elif isinstance(item, Scalar) and re.fullmatch("[1-9][0-9]{0,5}", item.value):
                limit = int(item.value)
            else:
                inner.wrong(item, "off, advice, problem, a limit, or two of them as [problem, 120]")
        found[name] = RuleSetting(value.key.place if value.key else value.place, level, limit)
    return found
