"""The API reference says what is true: valid, complete, and what it promises is what comes back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import CHECKS

from services.chassis.http.web import PREFIX
from services.composition import reference
from services.contracts.words import Role
from tests.support.prints import skip_without_press
from tests.support.routes import BODIES, routes
from tests.support.running import Running

EXAMPLES_MAX = 12
ROUTES = {(PREFIX + route.path, route.method): route for _, route in routes()}
WANTED_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return reference()


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_is_in_it_and_nothing_else(document: dict[str, Any]) -> None:
    told = {
        (path, method.upper())
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert told == set(ROUTES)


def test_every_operation_says_who_may_use_it_and_how_it_refuses(document: dict[str, Any]) -> None:
    ids = []
    for (path, method), route in ROUTES.items():
        operation = document["paths"][path][method.lower()]
        ids.append(operation["operationId"])
        assert operation["summary"]
        assert all(role.value in operation["description"] for role in route.audience)
        assert {"401", "403", "404", "500", "503"} <= set(operation["responses"])
        for refusal in route.refusals:
            assert refusal.slug in operation["responses"][str(refusal.status)]["description"]
    assert len(set(ids)) == len(ids)


async def test_the_running_house_serves_the_same(running: Running, document: dict[str, Any]) -> None:
    answer = await running.bearer(None).ask_at("GET", "/api/openapi.json")
    assert answer.status == 200
    assert answer.body == document


def test_every_body_that_the_tests_send_is_one_that_it_describes(document: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    for name, body in BODIES.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        assert [error.message for error in Draft202012Validator(schema).iter_errors(body)] == [], name


@dataclass(frozen=True)
class Ids:
    """Ids that are there, for a tester that would never guess one."""

    demands: list[str]
    orders: list[str]
    notices: list[str]

    def of(self, name: str) -> list[str]:
        """Return ids for a parameter of a path; the last is nobody's."""
        known = {"demand": self.demands, "order": self.orders, "notice": self.notices, "account": ["budget"]}
        return [*known.get(name, ["m1"]), "nobody"]


@pytest.fixture(scope="module")
async def ids(running: Running) -> Ids:
    texts = ["孩子看黑板看不清，想查视力", "家里下水道堵了，想找人疏通", "电动车充电飞线，希望建充电桩"]
    demands = [await running.submitted(text) for text in texts]
    optician = running.partner("yiming-optical")
    accepted = f"/orders/{demands[0]['order']}"
    (await optician.post(f"{accepted}/accept")).ok()
    (await optician.post(f"{accepted}/milestones", {"milestones": [{"id": "m1", "title": "一"}]})).ok()
    notices = (await running.resident().get("/notices")).ok()["items"]
    return Ids(
        [demand["id"] for demand in demands],
        [demand["order"] for demand in demands],
        [notice["id"] for notice in notices],
    )


# The house draws its own random waits in another thread, which hypothesis takes for its strategies' doing.
@pytest.mark.filterwarnings(
    "ignore:Do not use the .random. module:hypothesis.errors.HypothesisDeprecationWarning"
)
@pytest.mark.parametrize(("path", "method"), sorted(ROUTES))
async def test_whatever_is_sent_the_answer_is_one_that_it_promises(
    running: Running, document: dict[str, Any], ids: Ids, path: str, method: str
) -> None:
    if path.endswith(".pdf"):
        skip_without_press()
    tokens = [running.keys.token(_subject(role), role) for role in sorted(ROUTES[path, method].audience)]
    await asyncio.to_thread(_try_out, document, path, method, running.origin, tokens, ids)


def _subject(role: Role) -> str:
    return {Role.PARTNER: "yiming-optical", Role.RESIDENT: "resident-1"}.get(role, f"some-{role.value}")


def _try_out(
    document: dict[str, Any], path: str, method: str, origin: str, tokens: list[str], ids: Ids
) -> None:
    schema: Any = schemathesis.openapi.from_dict(document)
    operation = schema[path][method]
    checks = CHECKS.get_by_names(list(WANTED_CHECKS))

    @seed(7_188)
    @settings(
        max_examples=EXAMPLES_MAX,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), data=st.data())
    def each(case: Any, data: st.DataObject) -> None:
        for name in case.path_parameters:
            value = "jiwang" if name == "community" else data.draw(st.sampled_from(ids.of(name)))
            case.path_parameters[name] = value
        token = data.draw(st.sampled_from(tokens))
        case.call_and_validate(
            base_url=origin, headers={"Authorization": f"Bearer {token}"}, checks=checks, timeout=20
        )

    run: Callable[[], None] = each
    run()
