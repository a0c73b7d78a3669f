"""Who asks: signed tokens, believed only with a pinned key, one algorithm, our audience and in time."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.chassis.settings import Misconfigured
from services.contracts.refusal import Refused
from services.contracts.words import Actor, CommunityId, Role

ALGORITHM = "EdDSA"
EVERY_COMMUNITY = "*"
REMEMBERED_MAX = 10_000
TOKEN_CHARS_MAX = 4_096
LEEWAY_SECONDS = 30
"""By how much the clock of who signs may be ahead of ours (RFC 7519, 4.1.5). The end is the end."""
_PEM_END = "-----END PUBLIC KEY-----"


class TokenRefused(Refused):
    """No token, or one that is not believed (RFC 8725); the answer does not say which check failed first."""

    slug = "token_invalid"
    status: ClassVar[int] = 401
    title = "请先登录"


class TokenExpired(TokenRefused):
    """The token was good and is over."""

    slug = "token_expired"
    title = "登录已过期，请重新登录"


class TokenMissing(TokenRefused):
    """There is no token."""

    slug = "token_missing"


class Claims(BaseModel):
    """What a token says of its bearer."""

    model_config = ConfigDict(frozen=True)

    sub: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")
    role: Role
    communities: tuple[CommunityId | str, ...] = Field(min_length=1, max_length=100)
    exp: int
    iat: int
    nbf: float = 0.0

    def has_begun(self, at: datetime) -> bool:
        """Return whether the token is good already, as far as two clocks can agree."""
        latest = at.timestamp() + LEEWAY_SECONDS
        return self.iat <= latest and self.nbf <= latest


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified bearer: subject, role and the communities they belong to."""

    subject: str
    role: Role
    communities: tuple[str, ...]

    @property
    def actor(self) -> Actor:
        """Return the reference that goes into events."""
        return Actor.model_construct(subject=self.subject, role=self.role)

    def belongs_to(self, community: str) -> bool:
        """Return whether the community is theirs. Only operators may belong to every one."""
        if EVERY_COMMUNITY in self.communities:
            return self.role is Role.OPERATOR
        return community in self.communities


class Tokens:
    """Verifies tokens.

    Arguments:
        public_keys: PEM of Ed25519 keys, one after the other; each is found by its key id.
        audience: that the token must be for.
        issuer: that the token must be from.

    Raises:
        Misconfigured: a key cannot be read, or is of another kind.
    """

    def __init__(self, public_keys: str, audience: str, issuer: str) -> None:
        self._keys = {key_id(key): key for key in _public_keys(public_keys)}
        self._audience = audience
        self._issuer = issuer
        self._known: OrderedDict[str, tuple[Identity, int]] = OrderedDict()

    def verify(self, token: str, at: datetime) -> Identity:
        """Return who the bearer is.

        Raises:
            TokenExpired: it was good until a moment before `at`.
            TokenRefused: it is not to be believed.
        """
        known = self._known.get(token)
        if known is not None:
            if known[1] <= at.timestamp():
                del self._known[token]
                raise TokenExpired
            return known[0]
        claims = self._claims(token)
        if claims.exp <= at.timestamp():
            raise TokenExpired
        if not claims.has_begun(at):
            raise TokenRefused
        identity = Identity(claims.sub, claims.role, claims.communities)
        self._known[token] = (identity, claims.exp)
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return identity

    def _claims(self, token: str) -> Claims:
        if len(token) > TOKEN_CHARS_MAX:
            raise TokenRefused
        try:
            key = self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise TokenRefused
            payload = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": ["exp", "iat", "aud", "iss", "sub"],
                    # Looked at by us, with the time that we are given.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return Claims.model_validate(payload, strict=False)
        except (jwt.PyJWTError, ValidationError, ValueError) as error:
            raise TokenRefused from error


def _public_keys(pem: str) -> list[Ed25519PublicKey]:
    keys: list[Ed25519PublicKey] = []
    for part in pem.replace("\\n", "\n").split(_PEM_END):
        if part.strip():
            try:
                key = load_pem_public_key((part.strip() + "\n" + _PEM_END).encode())
            except (ValueError, UnsupportedAlgorithm) as error:
                raise Misconfigured("SANDAN_TOKEN_PUBLIC_KEYS holds what is not the PEM of a key") from error
            if not isinstance(key, Ed25519PublicKey):
                raise Misconfigured("SANDAN_TOKEN_PUBLIC_KEYS holds a key that is not Ed25519")
            keys.append(key)
    return keys


def key_id(key: Ed25519PublicKey) -> str:
    """Return the id of a key: the beginning of its digest."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


class Issuer:
    """Signs tokens, for development and for whoever signs people in.

    Arguments:
        private_key: PEM of an Ed25519 key.
        audience: the tokens are for.
        issuer: the tokens are from.
    """

    def __init__(self, private_key: str, audience: str, issuer: str) -> None:
        key = load_pem_private_key(private_key.encode(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the signing key is not Ed25519")
        self._key = key
        self._audience = audience
        self._issuer = issuer

    def issue(
        self, subject: str, role: Role, communities: tuple[str, ...], *, at: datetime, life: timedelta
    ) -> str:
        """Return a signed token that is good from `at` for `life`."""
        claims = {
            "sub": subject,
            "role": role.value,
            "communities": list(communities),
            "aud": self._audience,
            "iss": self._issuer,
            "iat": int(at.timestamp()),
            "exp": int((at + life).timestamp()),
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": key_id(self._key.public_key())})

    @property
    def public_key(self) -> str:
        """Return the PEM with which these tokens are verified."""
        pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem.decode()


def new_private_key() -> str:
    """Return the PEM of a new signing key."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
