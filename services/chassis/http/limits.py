"""Limits: how much one person, one address and one community may ask for, by buckets that fill up again.

The generic cell rate algorithm (ITU-T I.371): a bucket is one number, the moment at which it will be full
again. The clock is a monotonic one, so that a step of the system's clock opens and shuts nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import ClassVar

from services.chassis.settings import Settings
from services.contracts.refusal import Refused
from services.contracts.words import Role

BUCKETS_MAX = 50_000
"""Buckets kept in a process, some 200 bytes each; the one used longest ago makes room and is full again."""
BAD_TOKEN_COST = 10
"""Requests that an address pays for a token that is not believed: guessing is ten times slower."""
_ROUNDING = 1e-6


class TooManyRequests(Refused):
    """Somebody asks more often than anybody needs; `retry_after_seconds` says when there is room again."""

    slug = "too_many_requests"
    status: ClassVar[int] = 429
    title = "请求太频繁，请稍后再试"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a bucket holds and how fast it fills.

    Arguments:
        per_second: asked for on the average; 0 is no limit.
        burst: asked for at once, after a rest.
    """

    per_second: float
    burst: int

    def shared_by(self, replicas: int) -> "Limit":
        """Return the part of one replica among so many; each lets at least one through at a time."""
        if replicas <= 1:
            return self
        return Limit(self.per_second / replicas, max(1, ceil(self.burst / replicas)))


class Buckets:
    """One bucket per key, a bounded number of them."""

    def __init__(self, keys_max: int = BUCKETS_MAX) -> None:
        self._keys_max = keys_max
        self._full_at: OrderedDict[object, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait(self, key: object, limit: Limit, at: float) -> float:
        """Return the seconds until one more would be let through; 0 is now.

        Arguments:
            at: seconds of a monotonic clock.
        """
        if limit.per_second <= 0:
            return 0.0
        full_at = self._full_at.get(key, at)
        wait = full_at - at - (limit.burst - 1) / limit.per_second
        return wait if wait > _ROUNDING else 0.0

    def take(self, key: object, limit: Limit, at: float, cost: int = 1) -> None:
        """Take from a bucket, be there enough in it or not."""
        if limit.per_second <= 0:
            return
        full_at = max(at, self._full_at.get(key, at))
        self._full_at[key] = full_at + cost / limit.per_second
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._keys_max:
            self._full_at.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Rates:
    """The limits of a deployment.

    Arguments:
        person: by role, on writes of one subject in one community.
        address: on all requests from one address.
        community: on writes of one community.
    """

    person: Mapping[Role, Limit]
    address: Limit
    community: Limit


def rates_of(settings: Settings) -> Rates:
    """Return the limits that a deployment has set."""
    per_minute = {
        Role.RESIDENT: settings.limit_resident_per_minute,
        Role.GRID_WORKER: settings.limit_grid_worker_per_minute,
        Role.STAFF: settings.limit_staff_per_minute,
        Role.UNIT: settings.limit_provider_per_minute,
        Role.PARTNER: settings.limit_provider_per_minute,
        Role.OPERATOR: settings.limit_operator_per_minute,
    }
    return Rates(
        {role: _each_minute(number) for role, number in per_minute.items()},
        _each_minute(settings.limit_address_per_minute),
        Limit(settings.limit_community_per_second, settings.limit_community_burst),
    )


def _each_minute(number: int) -> Limit:
    """A minute's worth may come at once: people do several things in a row, and then nothing for long."""
    return Limit(number / 60, number)


class Limits:
    """Says no to who asks too often. One per process; its replicas share by dividing.

    Arguments:
        rates: of the whole deployment.
        replicas: how many processes live that take the same requests, this one included.
        clock: seconds, monotonic.
    """

    def __init__(
        self, rates: Rates, replicas: Callable[[], int], clock: Callable[[], float] = monotonic
    ) -> None:
        self._rates = rates
        self._replicas = replicas
        self._clock = clock
        self._buckets = Buckets()

    def check_address(self, address: str) -> None:
        """Count a request of an address.

        Raises:
            TooManyRequests: with the seconds to wait.
        """
        at, limit = self._clock(), self._rates.address.shared_by(self._replicas())
        wait = self._buckets.wait(address, limit, at)
        if wait > 0:
            raise _refusal("address", wait)
        self._buckets.take(address, limit, at)

    def count_bad_token(self, address: str) -> None:
        """Let an address pay for a token that is not believed."""
        limit = self._rates.address.shared_by(self._replicas())
        self._buckets.take(address, limit, self._clock(), BAD_TOKEN_COST - 1)

    def check_write(self, community: str, role: Role, subject: str) -> None:
        """Count a write of a person and of their community; what is refused counts for neither.

        Raises:
            TooManyRequests: with the seconds to wait.
        """
        at, replicas = self._clock(), self._replicas()
        person = self._rates.person[role].shared_by(replicas)
        whole = self._rates.community.shared_by(replicas)
        who = (community, role, subject)
        wait = self._buckets.wait(who, person, at)
        if wait > 0:
            raise _refusal("person", wait)
        wait = self._buckets.wait((community,), whole, at)
        if wait > 0:
            raise _refusal("community", wait)
        self._buckets.take(who, person, at)
        self._buckets.take((community,), whole, at)


def _refusal(whose: str, wait: float) -> TooManyRequests:
    seconds = max(1, ceil(wait))
    return TooManyRequests(f"请求太频繁，请在 {seconds} 秒后再试", limit=whose, retry_after_seconds=seconds)
