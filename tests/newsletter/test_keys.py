"""Tokens, and hashes that need a key."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.newsletter.intake import source_tag
from sitegen.newsletter.keys import Keys, new_token, parse_keys, public_id, token_hash
from tests.newsletter.world import SECRET

OLD = "the key of last year which was replaced since then"
IDS = st.binary(min_size=12, max_size=12).map(lambda who: base64.urlsafe_b64encode(who).decode())


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """RFC 2104, written down once more from its text, for keys up to a block."""
    block = key.ljust(64, b"\0")
    inner = sha256(bytes(b ^ 0x36 for b in block) + text).digest()
    return sha256(bytes(b ^ 0x5C for b in block) + inner).digest()


def test_the_oracle_is_right() -> None:
    """What judges our tokens agrees with the second test vector of RFC 4231."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex() == expected


@given(IDS)
def test_an_unsubscribe_token_is_who_and_an_hmac(who: str) -> None:
    """A token is the subscriber's id and the first 128 bits of RFC 2104's HMAC, and gives that id back."""
    keys = parse_keys(SECRET)
    token = keys.unsubscribe_token(who)
    raw = base64.urlsafe_b64decode(who)
    tag = hmac_sha256(SECRET.encode(), b"unsubscribe:" + raw)[:16]
    assert base64.urlsafe_b64decode(token + "==") == raw + tag
    assert keys.unsubscribes(token) == who
    assert len(token) == 38


@given(IDS, st.data())
def test_a_changed_token_opens_nothing(who: str, data: st.DataObject) -> None:
    """A token with any bit changed, cut short, made longer, or signed with another key, is nobody's."""
    keys = parse_keys(SECRET)
    token = keys.unsubscribe_token(who)
    raw = bytearray(base64.urlsafe_b64decode(token + "=="))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    changed = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    short = token[: data.draw(st.integers(0, len(token) - 1))]
    for wrong in (
        changed,
        short,
        token + "A",
        token + "AAAA",
        f" {token}",
        parse_keys(OLD).unsubscribe_token(who),
        token.replace(token[5], "é"),
    ):
        assert keys.unsubscribes(wrong) is None


@given(st.text())
def test_any_text_is_nobodys_token(text: str) -> None:
    """Nothing that is not a token raises an error."""
    assert parse_keys(SECRET).unsubscribes(text) is None


@given(IDS)
def test_keys_can_be_replaced(who: str) -> None:
    """Links signed with a key that was replaced work while it is kept, and stop when it is taken away."""
    old, both, new = parse_keys(OLD), parse_keys(f"{SECRET}, {OLD}"), parse_keys(SECRET)
    token = old.unsubscribe_token(who)
    assert (both.unsubscribes(token), new.unsubscribes(token)) == (who, None)
    assert both.unsubscribe_token(who) == new.unsubscribe_token(who)
    assert old.suppressed("a@example.org")[0] in both.suppressed("a@example.org")
    assert both.suppressed("a@example.org")[0] == new.suppressed("a@example.org")[0]


def test_uses_of_a_key_are_apart() -> None:
    """What a key makes for one use cannot be used for another."""
    keys = parse_keys(SECRET)
    assert keys.victim("a@example.org") not in keys.suppressed("a@example.org")[0]
    assert keys.victim("a@example.org") == hmac_sha256(SECRET.encode(), b"victim:a@example.org").hex()[:32]
    assert keys.suppressed("a@example.org") == (hmac_sha256(SECRET.encode(), b"erased:a@example.org").hex(),)


@pytest.mark.parametrize("text", ["", " , ", "short", f"{SECRET},short", "x" * 31])
def test_weak_keys_are_refused(text: str) -> None:
    """A key that is missing or short is refused, even beside a good one."""
    with pytest.raises(ValueError, match="key"):
        parse_keys(text)


def test_a_config_does_not_print_its_keys() -> None:
    """Keys stay out of what is printed of the configuration."""
    from tests.newsletter.world import make_config

    assert SECRET not in repr(make_config())


def test_tokens_are_random() -> None:
    """No two tokens or ids are the same, each has as many bits as it says, and only a hash is kept."""
    tokens, ids = {new_token() for _ in range(1000)}, {public_id() for _ in range(1000)}
    assert (len(tokens), len(ids)) == (1000, 1000)
    assert {len(token) for token in tokens} == {32}
    assert {len(one) for one in ids} == {16}
    assert token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4


def test_a_source_is_an_ipv4_address_or_an_ipv6_network() -> None:
    """Clients are told apart by IPv4 address or IPv6 /64, only with the key, and never kept as they are."""
    key, other = b"a" * 32, b"b" * 32
    tags = [
        source_tag(key, host)
        for host in (
            "203.0.113.9",
            "203.0.113.8",
            "2001:db8::1",
            "2001:db8::ffff:1",
            "2001:db8:0:1::1",
            "",
            "x",
            "fe80::1%eth0",
        )
    ]
    assert tags[2] == tags[3]
    assert len(set(tags)) == len(tags) - 1
    assert tags[0] == hmac.new(key, bytes([203, 0, 113, 9]), sha256).hexdigest()[:32]
    assert source_tag(other, "203.0.113.9") != tags[0]


def test_openssl_makes_the_same_hash() -> None:
    """A program that is not ours makes the same HMAC: `printf erased:a@example.org | openssl dgst -sha256 -hmac KEY`, OpenSSL 3.0.19."""
    recorded = "bbab071058368c135eab1ca0b610ba8be1b67e7f1062d9602577b51195eb1684"
    assert Keys((b"a key that only the tests of this project know",)).suppressed("a@example.org")[0] == recorded
