"""What the newsletter must be told: the command puts it together from site.yaml, its options and the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from .intake import Budget
from .keys import Keys


@dataclass(frozen=True, slots=True)
class Config:
    """`site_url` is where the static site stands and `public_url` where the service does; both end with a slash."""

    site: str
    title: str
    consent: str
    language: str
    site_url: str
    public_url: str
    sender: str
    keys: Keys = field(repr=False)
    templates: tuple[Path, ...] = ()  # folders, the first wins
    origins: frozenset[str] = frozenset()  # of sites, besides these two, whose forms may post
    budget: Budget = field(default_factory=Budget)

    @property
    def consent_hash(self) -> str:
        """What stands for the exact words of consent in every form."""
        return consent_hash(self.consent)

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Where a form may stand."""
        return self.origins | {origin(self.site_url), origin(self.public_url)}

    def unsubscribe_url(self, public_id: str) -> str:
        """The link that stands in every issue a subscriber gets."""
        return f"{self.public_url}u/{self.keys.unsubscribe_token(public_id)}"


def consent_hash(text: str) -> str:
    """SHA-256 of the words of consent."""
    return sha256(text.encode()).hexdigest()


def origin(url: str) -> str:
    """The origin of an address, as browsers write it."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port and parts.port != default else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def is_local(url: str) -> bool:
    """Whether an address leads to this machine, or one beside it, and not to a name in the net."""
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost"
