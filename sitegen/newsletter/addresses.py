"""E-mail addresses: which are accepted, and which belong to one person."""

from __future__ import annotations

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

MAX_ADDRESS = 254  # characters, RFC 5321 4.5.3.1.3 less the brackets


@dataclass(frozen=True, slots=True)
class Address:
    """`email` is how to write to it, `key` what makes two the same address."""

    email: str
    key: str

    @property
    def victim(self) -> str:
        """The inbox that spellings with plus tags and dots may share. Only the budget of mails asks for it."""
        local, _, domain = self.key.rpartition("@")
        return f"{local.partition('+')[0].replace('.', '') or local}@{domain}"


def parse_address(text: str) -> Address:
    """The address in `text`. Raises ValueError with a sentence for whoever typed it.

    The domain becomes its ASCII form. What stands before the @ must be ASCII: not every mail server knows more.
    """
    text = text.strip()
    if not text:
        raise ValueError("Enter your email address.")
    if len(text) > MAX_ADDRESS:
        raise ValueError(f"An email address has at most {MAX_ADDRESS} characters.")
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise ValueError(f"This does not look like an email address: {str(error).rstrip('.')}.") from None
    email = f"{found.ascii_local_part}@{found.ascii_domain}"
    return Address(email, email.lower())
