"""Whose passbook somebody may look at, and use."""

from typing import Any

from services.chassis.http.web import ApiRequest
from services.contracts.refusal import NotFound
from services.contracts.words import Role


def is_for(request: ApiRequest[Any], account: str) -> bool:
    """Return whether an account is there for the one who asks: a partner's own, every one for staff."""
    return request.identity.role is not Role.PARTNER or account == request.identity.subject


def own(request: ApiRequest[Any], account: str | None) -> str:
    """Return the account that somebody names, or their own.

    Raises:
        NotFound: it is another partner's, or nobody named one who has none.
    """
    named = account or (request.identity.subject if request.identity.role is Role.PARTNER else "")
    if not named or not is_for(request, named):
        raise NotFound
    return named
