"""Hosted newsletters: the form that each wants to be sent, from the few values that the author copies out of its embed code.

To add one, write one entry here. A page posts to it directly and loads nothing from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """What site.yaml must say: a field, the pattern of its whole text, and what that is, in words."""

    name: str
    pattern: str
    wanted: str

    def parse(self, text: str) -> str:
        """The text as it may stand in an address or an attribute. Raises ValueError."""
        if not re.fullmatch(self.pattern, text):
            raise ValueError
        return text.rstrip("/")


@dataclass(frozen=True, slots=True)
class Provider:
    """A form. `{name}` in its texts stands for the value of that name."""

    name: str
    action: str
    values: tuple[Value, ...]
    email_field: str = "email"
    hidden: tuple[tuple[str, str], ...] = ()
    trap: str = ""  # a field that people leave empty
    redirects: tuple[str, ...] = ()  # to where else its answer may lead, as sources of the policy

    def filled(self, values: Mapping[str, str]) -> Provider:
        """The same with `values` in their places."""
        return Provider(
            self.name, self.action.format_map(values), self.values, self.email_field,
            tuple((name, text.format_map(values)) for name, text in self.hidden),
            self.trap.format_map(values), self.redirects,
        )  # fmt: skip


PROVIDERS = (
    Provider(
        "buttondown",
        "https://buttondown.com/api/emails/embed-subscribe/{name}",
        (Value("name", r"[A-Za-z0-9_.-]+", "the newsletter's name, as in buttondown.com/name"),),
        hidden=(("embed", "1"),),
    ),
    Provider(
        "mailchimp",
        "https://{account}.list-manage.com/subscribe/post?u={u}&id={id}",
        (
            Value("account", r"([a-z0-9-]+\.)?us[0-9]+", "what stands before .list-manage.com in the embed code, as example.us1"),
            Value("u", r"[0-9a-f]{8,64}", "the hexadecimal number after u= in the embed code"),
            Value("id", r"[0-9a-f]{8,64}", "the hexadecimal number after id= in the embed code"),
        ),
        email_field="EMAIL",
        trap="b_{u}_{id}",
        redirects=("https://*.list-manage.com",),
    ),
    Provider(
        "kit",
        "https://app.kit.com/forms/{form}/subscriptions",
        (Value("form", r"[0-9]{1,20}", "the number of the form"),),
        email_field="email_address",
    ),
    Provider(
        "listmonk",
        "{url}/subscription/form",
        (
            Value("url", r"(https://|http://(?=(localhost|127\.0\.0\.1)([:/]|$)))[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[\w./~-]*)?",
                  "the server's https address"),
            Value("list", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "the UUID of a public list"),
        ),
        hidden=(("l", "{list}"),),
        trap="nonce",
    ),
)  # fmt: skip
