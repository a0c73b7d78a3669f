"""Two clocks never agree: a token may begin half a minute after now, and ends when it ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from services.chassis.http.identity import LEEWAY_SECONDS, Issuer, TokenExpired, TokenRefused, Tokens, key_id
from services.contracts.words import Role
from tests.support.deployment import Keys

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
HOUR = timedelta(hours=1)


@pytest.fixture
def tokens(keys: Keys) -> Tokens:
    return Tokens(keys.issuer.public_key, "sandan", "sandan")


def signed(issuer: Issuer, **changes: Any) -> str:
    whole = {
        "sub": "r1",
        "role": "resident",
        "communities": ["jiwang"],
        "aud": "sandan",
        "iss": "sandan",
        "iat": AT,
        "exp": AT + 3_600,
        **changes,
    }
    key = issuer._key
    return jwt.encode(whole, key, "EdDSA", headers={"kid": key_id(key.public_key())})


@pytest.mark.parametrize("ahead", [-3_000, 0, 1, 2, 5, LEEWAY_SECONDS])
def test_who_signs_may_be_up_to_half_a_minute_ahead(tokens: Tokens, keys: Keys, ahead: int) -> None:
    for claim in ({"iat": AT + ahead}, {"nbf": AT + ahead}, {"iat": AT + ahead, "nbf": AT + ahead}):
        assert tokens.verify(signed(keys.issuer, **claim), NOW).subject == "r1"


@pytest.mark.parametrize(
    "claim",
    [
        {"iat": AT + 31},
        {"nbf": AT + 31},
        {"nbf": AT + 600},
        {"nbf": float("inf")},
        {"nbf": float("nan")},
        {"nbf": "tomorrow"},
        {"nbf": []},
    ],
    ids=str,
)
def test_and_no_further(tokens: Tokens, keys: Keys, claim: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused) as refused:
        tokens.verify(signed(keys.issuer, **claim), NOW)
    assert refused.value.slug == "token_invalid"


def test_the_end_is_the_end_to_the_second(tokens: Tokens, keys: Keys) -> None:
    token = signed(keys.issuer, exp=AT + 10)
    assert tokens.verify(token, NOW + timedelta(seconds=9)).subject == "r1"
    for later in (10, 11, 40):
        with pytest.raises(TokenExpired):
            tokens.verify(token, NOW + timedelta(seconds=later))


def test_a_clock_that_is_put_forward_and_back_again_shuts_nobody_out_for_good(
    tokens: Tokens, keys: Keys
) -> None:
    token = keys.issuer.issue("r1", Role.RESIDENT, ("jiwang",), at=NOW, life=HOUR)
    assert tokens.verify(token, NOW).subject == "r1"
    with pytest.raises(TokenExpired):
        tokens.verify(token, NOW + HOUR)
    assert tokens.verify(token, NOW).subject == "r1"


def test_a_clock_that_is_put_back_keeps_those_who_are_known(tokens: Tokens, keys: Keys) -> None:
    token = keys.issuer.issue("r1", Role.RESIDENT, ("jiwang",), at=NOW, life=HOUR)
    assert tokens.verify(token, NOW).subject == "r1"
    assert tokens.verify(token, NOW - HOUR).subject == "r1"
