"""Tokens, and hashes that need a key to be made again.

A mailed link that confirms, exports or erases holds a random token, kept as a hash. A link to unsubscribe must work for years and
outlive a restored backup, so it holds who is meant and an HMAC (RFC 2104) of that; it can do nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

_ID, _TAG = 12, 16  # bytes
LEAST_KEY = 32  # characters


def public_id() -> str:
    """A new name for a subscriber that tells nothing: 16 characters of base64url."""
    return secrets.token_urlsafe(_ID)


def new_token() -> str:
    """A token for one mail: 32 characters of base64url, 192 random bits."""
    return secrets.token_urlsafe(24)


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Keys:
    """The operator's keys, newest first. The first signs; all are known again, so a key can be retired slowly."""

    keys: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("no key")

    def unsubscribe_token(self, public_id: str) -> str:
        """The token in that subscriber's every mail: 38 characters of base64url."""
        who = base64.urlsafe_b64decode(public_id)
        return base64.urlsafe_b64encode(who + _tag(self.keys[0], who)).decode().rstrip("=")

    def unsubscribes(self, token: str) -> str | None:
        """The public id of the subscriber whom `token` may unsubscribe, or None."""
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            return None
        who, tag = data[:_ID], data[_ID:]
        if len(data) != _ID + _TAG or not any(hmac.compare_digest(tag, _tag(key, who)) for key in self.keys):
            return None
        return base64.urlsafe_b64encode(who).decode()

    def victim(self, inbox: str) -> str:
        """An inbox in the budgets: what is left of it when a mail's address has gone."""
        return hmac.digest(self.keys[0], b"victim:" + inbox.encode(), "sha256").hex()[:32]

    def suppressed(self, email_key: str) -> tuple[str, ...]:
        """An erased address as it may stand in `suppression`, under each key; new ones are written under the first."""
        return tuple(hmac.digest(key, b"erased:" + email_key.encode(), "sha256").hex() for key in self.keys)


def _tag(key: bytes, who: bytes) -> bytes:
    return hmac.digest(key, b"unsubscribe:" + who, "sha256")[:_TAG]


def parse_keys(text: str) -> Keys:
    """Keys as the environment holds them, with commas between. Raises ValueError if one is missing or too short to be safe."""
    keys = tuple(key.strip().encode() for key in text.split(",") if key.strip())
    if any(len(key) < LEAST_KEY for key in keys):
        raise ValueError(f"a key has at least {LEAST_KEY} characters")
    return Keys(keys)
