"""Who asks: forged, foreign and expired tokens open nothing, on any route, for any role."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from services.chassis.clock import now
from services.chassis.http import web
from services.chassis.http.identity import Issuer, new_private_key
from services.chassis.http.web import PREFIX, Route
from services.contracts.words import Role
from tests.support.client import Answer, Visitor
from tests.support.deployment import Keys, jiwang
from tests.support.routes import body_of, routes
from tests.support.running import Running

ROUTES = list(routes())
HOUR = timedelta(hours=1)


def claims(**changes: Any) -> dict[str, Any]:
    at = int(now().timestamp())
    whole = {
        "sub": "staff-1",
        "role": "staff",
        "communities": ["jiwang"],
        "aud": "sandan",
        "iss": "sandan",
        "iat": at,
        "exp": at + 3600,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def kid_of(keys: Keys) -> str:
    token = keys.token("x", Role.STAFF)
    return str(jwt.get_unverified_header(token)["kid"])


def signed(keys: Keys, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a token that is signed with the right key, with claims and headers as wanted."""
    key = keys.issuer._key  # a forger's dream: the only thing wrong is what the test changes
    whole = {"kid": kid_of(keys), **(headers or {})}
    return jwt.encode(claims(**changes), key, "EdDSA", headers={k: v for k, v in whole.items() if v})


def packed(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forgeries(keys: Keys) -> dict[str, str]:
    kid, public = kid_of(keys), keys.issuer.public_key
    other = ed25519.Ed25519PrivateKey.generate()
    curve = ec.generate_private_key(ec.SECP256R1())
    good = signed(keys)
    head, body, signature = good.split(".")
    none = f"{packed({'alg': 'none', 'kid': kid})}.{packed(claims())}."
    hs_head = f"{packed({'alg': 'HS256', 'kid': kid})}.{packed(claims())}"
    mac = hmac.new(public.encode(), hs_head.encode(), hashlib.sha256).digest()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": packed(other.public_key().public_bytes_raw())}
    return {
        "another key under the known id": jwt.encode(claims(), other, "EdDSA", headers={"kid": kid}),
        "another key under its own id": Issuer(new_private_key(), "sandan", "sandan").issue(
            "staff-1", Role.STAFF, ("jiwang",), at=now(), life=HOUR
        ),
        "another key that it brings along": jwt.encode(
            claims(), other, "EdDSA", headers={"kid": kid, "jwk": jwk, "jku": "http://evil.example/k"}
        ),
        "no algorithm": none,
        "NONE in capitals": none.replace(
            packed({"alg": "none", "kid": kid}), packed({"alg": "NONE", "kid": kid})
        ),
        "HS256 with the public key": f"{hs_head}.{packed(mac)}",
        "ES256": jwt.encode(claims(), curve, "ES256", headers={"kid": kid}),
        "no key id": signed(keys, {"kid": None}),
        "a key id that is a path": signed(keys, {"kid": "../../../../dev/null"}),
        "a key id that asks the database": signed(keys, {"kid": "' OR 1=1 --"}),
        "an unknown critical header": signed(keys, {"crit": ["exp"]}),
        "another audience": signed(keys, aud="elsewhere"),
        "no audience": signed(keys, aud=None),
        "another issuer": signed(keys, iss="elsewhere"),
        "no issuer": signed(keys, iss=None),
        "no end": signed(keys, exp=None),
        "no beginning": signed(keys, iat=None),
        "an end that is no number": signed(keys, exp="tomorrow"),
        "not yet": signed(keys, nbf=int(now().timestamp()) + 600),
        "from the future": signed(keys, iat=int(now().timestamp()) + 600),
        "no subject": signed(keys, sub=None),
        "an empty subject": signed(keys, sub=""),
        "a subject that is a path": signed(keys, sub="../staff"),
        "a subject without end": signed(keys, sub="s" * 65),
        "a role nobody has": signed(keys, role="mayor"),
        "no role": signed(keys, role=None),
        "no community": signed(keys, communities=[]),
        "communities as a word": signed(keys, communities="jiwang"),
        "a changed body": f"{head}.{packed(claims(role='operator'))}.{signature}",
        "a cut signature": f"{head}.{body}.{signature[:-4]}",
        "an empty signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "nonsense": "nonsense",
        "far too long": signed(keys, note="x" * 5_000),
    }


@pytest.fixture(scope="module")
def forged(keys: Keys) -> dict[str, str]:
    return forgeries(keys)


@pytest.mark.parametrize("how", list(forgeries(Keys())))
async def test_a_forged_token_is_not_believed(running: Running, forged: dict[str, str], how: str) -> None:
    visitor = running.bearer(forged[how])
    said = (await visitor.get("/orders")).refused(401, "token_invalid")
    assert said["detail"] == "请先登录"  # not which check failed
    answer = await visitor.post("/demands", {"text": "路灯不亮"})
    answer.refused(401, "token_invalid")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_the_right_token_made_the_same_way_is_believed(running: Running, keys: Keys) -> None:
    (await running.bearer(signed(keys)).get("/orders")).ok()


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic c3RhZmY6eA==", "Token abc"])
async def test_without_a_bearer_token_nobody_is_known(running: Running, header: str) -> None:
    visitor = running.bearer(None)
    (await visitor.get("/orders", Authorization=header)).refused(401, "token_missing")


async def test_a_token_is_over_when_its_time_is_over_even_if_it_was_just_believed(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = running.visitor("staff-1", Role.STAFF, "jiwang", life=timedelta(hours=1))
    (await visitor.get("/orders")).ok()
    monkeypatch.setattr(web, "now", lambda: now() + timedelta(hours=1, seconds=1))
    (await visitor.get("/orders")).refused(401, "token_expired")
    (await visitor.get("/orders")).refused(401, "token_expired")


async def test_an_operator_without_a_community_may_enter_none(running: Running, keys: Keys) -> None:
    lost = running.bearer(keys.token("ops", Role.OPERATOR, "elsewhere"))
    (await lost.get("")).refused(404, "not_found")
    (await lost.ask("PUT", "", data=jiwang().model_dump_json().encode())).refused(404, "not_found")


async def test_only_operators_belong_everywhere(running: Running, keys: Keys) -> None:
    for role in Role:
        visitor = running.bearer(keys.token("x", role, "*"))
        answer = await visitor.get("")
        assert answer.status == (200 if role is Role.OPERATOR else 404)


NAMED = (
    *("demand", "order", "notice", "account", "milestone", "issue", "hold", "transfer", "award", "version"),
    *("fair", "offer", "redemption", "cause", "pledge", "room", "booking"),
)
OF_STARS = ("partner", "month", "rating", "related", "appeal", "naming")

# Every route × every role × own, foreign, none, expired.


class WorkloadView:
    """Real ids of Jiwang, of things that others made."""

    demand: str
    order: str
    notice: str
    account = "budget"
    milestone = "m1"
    issue = "i1"
    hold = "h1"
    transfer = "t1"
    award = "a1"
    version = "999"
    fair = "f1"
    offer = "o1"
    redemption = "r1"
    cause = "c1"
    pledge = "p1"
    room = "r1"
    booking = "b1"
    partner = "p1"
    month = "2026-03"
    rating = "r1"
    related = "x1"
    appeal = "p1.2026-03"
    naming = "2026.p1"


@pytest.fixture(scope="module")
async def places(running: Running) -> WorkloadView:
    found = WorkloadView()
    demand = await running.submitted("孩子看黑板看不清，能不能组织一次视力筛查", "binhe-jiayuan")
    found.demand, found.order = demand["id"], demand["order"]
    (notice,) = (await running.resident().until("/notices", lambda seen: seen["items"]))["items"][:1]
    found.notice = notice["id"]
    await running.load(jiwang("fenwan"))
    return found


def address(route: Route, places: WorkloadView, community: str = "jiwang") -> str:
    ids = {name: getattr(places, name) for name in (*NAMED, *OF_STARS)}
    return (PREFIX + route.path).format(community=community, **ids)


async def send(visitor: Visitor, route: Route, path: str) -> Answer:
    body = body_of(route)
    if isinstance(body, bytes):
        return await visitor.ask_at(route.method, path, data=body)
    return await visitor.ask_at(route.method, path, body)


@pytest.fixture(scope="module")
async def untouched(running: Running, places: WorkloadView) -> Any:
    """All that is kept before strangers knock; since they change nothing, it is the same for each door."""
    await running.drained()
    return await running.rows()


@pytest.mark.parametrize("route", [route for _, route in ROUTES], ids=[route.name for _, route in ROUTES])
async def test_who_may_not_ask_learns_nothing_and_changes_nothing(
    running: Running, keys: Keys, places: WorkloadView, untouched: Any, route: Route
) -> None:
    path, elsewhere = address(route, places), address(route, places, "fenwan")
    missing = WorkloadView()
    missing.demand = missing.order = missing.notice = missing.account = missing.issue = "no-such-thing"

    async def knock(role: Role) -> None:
        own = running.bearer(keys.token("somebody-else", role, "jiwang"))
        foreign = running.bearer(keys.token("somebody-else", role, "fenwan"))
        expired = running.bearer(keys.token("somebody-else", role, "jiwang", age=2 * HOUR))
        (await send(expired, route, path)).refused(401, "token_expired")
        hidden = (await send(foreign, route, path)).refused(404, "not_found")
        # A stranger's answer is that of a community, and of a thing, that does not exist.
        nowhere = await send(foreign, route, address(route, missing, "no-such-place"))
        assert nowhere.refused(404, "not_found") == hidden
        if role not in route.audience:
            (await send(own, route, path)).refused(403, "forbidden")
            (await send(foreign, route, elsewhere)).refused(403, "forbidden")
        elif "{" in route.path and "{account}" not in route.path:
            # The ids are Jiwang's, the token and the address are Fenwan's.
            assert (await send(foreign, route, elsewhere)).refused(404, "not_found") == hidden

    await asyncio.gather(*map(knock, Role))
    (await send(running.bearer(None), route, path)).refused(401, "token_missing")
    if route.writes:
        await running.drained()
        assert await running.rows() == untouched


@pytest.mark.parametrize("route", [route for _, route in ROUTES], ids=[route.name for _, route in ROUTES])
async def test_who_may_ask_is_never_told_to_log_in_and_never_breaks_it(
    running: Running, keys: Keys, places: WorkloadView, route: Route
) -> None:
    async def asked(role: Role) -> Answer:
        own = running.bearer(keys.token("somebody-else", role, "jiwang"))
        return await send(own, route, address(route, places))

    for answer in await asyncio.gather(*map(asked, sorted(route.audience))):
        assert answer.status in {200, 201, 403, 404, 409, 422}, answer.raw
        if answer.status == 403:
            assert answer.code in {"not_your_demand", "not_the_receiver", "forbidden"}


async def test_a_provider_sees_only_its_own(running: Running, places: WorkloadView) -> None:
    stranger = running.unit("jishan-housing-bureau")
    assert (await stranger.get("/orders")).ok()["items"] == []
    assert (await stranger.get("/demands")).ok()["items"] == []
    missing = (await stranger.get("/orders/no-such-order")).refused(404, "not_found")
    assert (await stranger.get(f"/orders/{places.order}")).refused(404, "not_found") == missing
    accepting = await stranger.post(f"/orders/{places.order}/accept")
    assert accepting.refused(404, "not_found") == missing


async def test_a_partner_sees_only_its_own_account(running: Running) -> None:
    stranger = running.partner("yiming-optical")
    (await stranger.get("/points/accounts/budget")).refused(404, "not_found")
    (await stranger.get("/points/accounts/budget/transfers")).refused(404, "not_found")


async def test_a_report_is_confidential_in_every_list_and_by_its_id(running: Running) -> None:
    asked = running.resident("whistle-blower")
    demand = (await asked.post("/demands", {"text": "有人违规占用消防通道", "about": "report"})).ok()
    other = running.resident("curious")
    (await other.get(f"/demands/{demand['id']}")).refused(404, "not_found")
    (await other.post(f"/demands/{demand['id']}/endorse")).refused(404, "not_found")
    assert demand["id"] not in {item["id"] for item in (await other.get("/demands?limit=100")).ok()["items"]}
    assert (await asked.get(f"/demands/{demand['id']}")).ok()["mine"]
    assert (await running.staff().get(f"/demands/{demand['id']}")).ok()["text"]
