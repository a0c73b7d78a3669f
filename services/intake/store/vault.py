"""The vault: names and phones are sealed before they are kept, each bound to its demand."""

import base64
import os

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Vault:
    """Seals and opens contacts with AES-GCM.

    Arguments:
        key: base64 of 16, 24 or 32 bytes.

    Raises:
        ValueError: the key is not of that form.
    """

    def __init__(self, key: str) -> None:
        try:
            self._cipher = AESGCM(base64.b64decode(key, validate=True))
        except ValueError as error:
            raise ValueError("SANDAN_VAULT_KEY must be base64 of 32 bytes") from error

    def seal(self, contact: dict[str, str], bound_to: str) -> bytes:
        """Return the contact so that only the vault can read it, and only as the one of `bound_to`."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, orjson.dumps(contact), bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> dict[str, str]:
        """Return the contact.

        Raises:
            ValueError: it was sealed with another key, for another demand, or was tampered with.
        """
        try:
            plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
        except InvalidTag as error:
            raise ValueError("the contact cannot be opened") from error
        contact: dict[str, str] = orjson.loads(plain)
        return contact
