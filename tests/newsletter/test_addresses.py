"""Which e-mail addresses are accepted, and which are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.newsletter.addresses import Address, parse_address

LOCAL = st.text("abcXYZ019+._-!#", min_size=1, max_size=20)
DOMAIN = st.sampled_from(["example.org", "Mail.Example.org", "bücher.example.org", "例え.jp"])


@pytest.mark.parametrize(
    ("typed", "email", "key"),
    [
        ("anna@example.org", "anna@example.org", "anna@example.org"),
        ("  Anna.B@Example.ORG\n", "Anna.B@example.org", "anna.b@example.org"),
        ("anna+news@example.org", "anna+news@example.org", "anna+news@example.org"),
        ("anna@bücher.de", "anna@xn--bcher-kva.de", "anna@xn--bcher-kva.de"),
        ("o'hara&co@example.org", "o'hara&co@example.org", "o'hara&co@example.org"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org", "a" * 64 + "@example.org"),
    ],
)
def test_good_addresses(typed: str, email: str, key: str) -> None:
    """An address is kept as its owner writes it, with the domain in ASCII; capitals make no second address."""
    assert parse_address(typed) == Address(email, key)


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "anna", "anna@", "@example.org", "anna@example", "anna@localhost", "anna@@example.org", "anna@exam ple.org",
        "anna@example..org", ".anna@example.org", "anna.@example.org", "an..na@example.org", "änna@example.org", '"a b"@example.org',
        "anna@[127.0.0.1]", "anna@-example.org", "Anna <anna@example.org>", "anna@example.org, bert@example.org",
        "anna@example.org\r\nBcc: bert@example.org", "anna\x00@example.org", "anna@example.org\x00", "an\u200bna@example.org",
        "=?utf-8?q?a=0Ab?=@example.org ", "a" * 65 + "@example.org", "a@" + "b" * 250 + ".org", "a" * 300, "\ud800@example.org",
    ],
)  # fmt: skip
def test_bad_addresses(typed: str) -> None:
    """What cannot be an address, or would be two, is refused with a sentence of one line."""
    if (
        typed == "=?utf-8?q?a=0Ab?=@example.org "
    ):  # odd, but every character may stand in an address: nothing decodes it
        assert parse_address(typed).email == typed.strip()
        return
    with pytest.raises(ValueError, match=r"^[A-Z][^\r\n]*\.$"):
        parse_address(typed)


@given(LOCAL, DOMAIN)
def test_parsing_twice_is_parsing_once(local: str, domain: str) -> None:
    """An address that was accepted is accepted again and stays as it is; its key is that of every spelling in capitals."""
    try:
        address = parse_address(f"{local}@{domain}")
    except ValueError:
        return
    assert parse_address(address.email) == address
    assert parse_address(address.email.upper()).key == address.key
    assert address.email.isascii()
    assert address.key == address.email.lower()


@given(st.text("abc", min_size=1, max_size=8), st.text("xyz.1", max_size=8), st.data())
def test_tags_and_dots_are_one_victim(name: str, tag: str, data: st.DataObject) -> None:
    """However dots are put into a name and whatever tag is added, the inbox in the budgets is one, and in the list they are many."""
    dotted = "".join(c + data.draw(st.sampled_from(["", "."])) for c in name).strip(".")
    address = Address(f"{dotted}+{tag}@example.org", f"{dotted}+{tag}@example.org")
    assert address.victim == Address("", f"{name}@example.org").victim == f"{name}@example.org"


def test_nobody_is_everybodys_victim() -> None:
    """A name of a tag alone is not the same inbox as every other such name."""
    assert Address("", "+a@example.org").victim != Address("", "+b@example.org").victim


@given(st.text())
def test_anything_typed_is_an_address_or_a_sentence(typed: str) -> None:
    """Whatever is typed, nothing but a ValueError with one line comes of it."""
    said = ""
    try:
        assert parse_address(typed).email.isascii()
    except ValueError as error:
        said = str(error)
    assert "\n" not in said
