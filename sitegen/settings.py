"""site.yaml -> Settings: what the glossary is called, where it stands, and by which rules it is judged."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .fields import Fields
from .model import Newsletter, RuleSetting, Settings, TopicSetting
from .names import slugify
from .nodes import Mapping, Scalar, Sequence, read_yaml
from .problems import ContentError, Problem
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
        return Settings()
    if node is None:
        node = Mapping((), source, 0)
    fields = Fields(node, SITE_FIELDS, "site.yaml", problems)
    default = Settings()
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
        topics=_topics(fields),
        about=fields.text("about"),
        newsletter=_newsletter(fields),
        rules=_rules(fields),
        prompt=_value(demo, "prompt") if demo else "",
        order=(demo and demo.whole("order", 2, 5)) or default.order,
        seed=default.seed if seed is None else seed,
        temperature=demo.parsed("temperature", _temperature, "0, or a number from 0.1 to 2", default.temperature) if demo else default.temperature,
        tokens=(demo and demo.whole("tokens", 1_000, 500_000)) or default.tokens,
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


def _newsletter(fields: Fields) -> Newsletter | None:
    group = fields.group(
        "newsletter", ("action", "email_field", "hidden", "title", "description", "consent"), "'newsletter'"
    )
    if group is None:
        return None
    action = group.parsed("action", _form_action, "an https address or a path like /subscribe", "")
    if "action" not in group.nodes:
        group.missing("action")
    hidden = group.nodes.get("hidden")
    pairs: list[tuple[str, str]] = []
    if isinstance(hidden, Mapping):
        inner = Fields(hidden, [key.value for key, _ in hidden.pairs], "'hidden'", group.problems)
        pairs = [
            (name, node.value) for name, node in inner.nodes.items() if isinstance(node, Scalar)
        ]  # may be empty: a trap
        for node in inner.nodes.values():
            if not isinstance(node, Scalar):
                inner.wrong(node, "text")
    elif hidden is not None:
        group.wrong(hidden, "a group of 'name: value' lines")
    default = Newsletter(action)
    given = Newsletter(
        action, _value(group, "email_field", default.email_field), tuple(pairs), _value(group, "title", default.title),
        _value(group, "description"), _value(group, "consent"),
    )  # fmt: skip
    return given if action else None


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
