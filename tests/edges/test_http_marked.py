"""Every field of every command, marked with somebody's number: it leaves no service, and reaches nobody else.

The fields are read from the OpenAPI document, so that one that comes is tried, provided that the body's
example in `tests/support/routes.py` fills it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.chassis.masking import REFERENCES, hidden, words_of
from services.composition import reference
from services.contracts.catalogue import KINDS
from services.contracts.words import Role
from tests.support.routes import BODIES, routes
from tests.support.running import Running

NUMBER = "13912345678"
WAYS = (NUMBER, "+86 139-1234-5678", "一三九一二三四五六七八")
NOT_WORDS = frozenset(
    {"account", "accused", "compound", "contact", "demand", "id", "into", "on_behalf_of", "provider", "to"}
    | {"fair", "month", "partner", "subject"}
)
"""Fields that name something, and the contact itself, which is sealed."""
INVISIBLE = "\u200b\u2060\u3164"


def text_fields() -> Iterator[tuple[str, str]]:
    """Yield every field of every command in which people write: name of the body, name of the field."""
    schemas = reference()["components"]["schemas"]
    for body in BODIES:
        for field, schema in schemas[body].get("properties", {}).items():
            forms = [schema, *schema.get("anyOf", [])]
            is_text = any(
                form.get("type") == "string" and "enum" not in form and "const" not in form for form in forms
            )
            if is_text and field not in NOT_WORDS and not any(f.get("format") for f in forms):
                yield body, field


FIELDS = sorted(text_fields())


def test_the_fields_are_found() -> None:
    assert ("GiveReason", "reason") in FIELDS
    assert ("SubmitDemand", "text") in FIELDS
    assert ("CompleteOrder", "summary") in FIELDS
    assert ("CorrectReading", "reason") in FIELDS
    assert len(FIELDS) > 12


async def story(running: Running, mark: str) -> tuple[str, list[Any]]:
    """Play a demand's life with a mark in all that is written; return its id and a neighbour's answers."""
    asker, staff, neighbour = running.resident("marked"), running.staff(), running.resident("neighbour")
    text = f"院里的路灯坏了一盏，晚上看不见路，打 {mark}"
    demand = (
        await asker.post("/demands", {"text": text, "title": f"路灯坏了 {mark}", "private": False})
    ).ok()
    one = f"/demands/{demand['id']}"
    seen = await asker.until(one, lambda seen: seen["order"])
    order = f"/orders/{seen['order']}"
    (await neighbour.post(f"{one}/endorse")).ok()
    (await asker.post(f"{one}/urge", {"note": f"急 {mark}"})).ok()
    if seen["handler"] is None:
        (await staff.post(f"{order}/dispatch", {"provider": "jishan-transport-centre"})).ok()
        seen = await asker.until(one, lambda seen: seen["handler"])
    doer = running.visitor(seen["handler"]["id"], Role(seen["handler"]["kind"]))
    (await doer.post(f"{order}/accept")).ok()
    (await doer.post(f"{order}/question", {"question": f"哪一盏？打 {mark}"})).ok()
    await asker.until(one, lambda seen: seen["question"])
    (await asker.post(f"{one}/supplement", {"text": f"东门的，{mark}"})).ok()
    (await staff.post(f"{order}/urge", {"note": f"请快 {mark}"})).ok()
    (await staff.post(f"{order}/supervise", {"reason": f"领导批示 {mark}"})).ok()
    (await doer.post(f"{order}/extension", {"days": 1, "reason": f"等灯，{mark}"})).ok()
    (await staff.post(f"{order}/extension/refuse", {"reason": f"抓紧 {mark}"})).ok()
    words = {"to": "jishan-housing-bureau", "reason": f"归他们管 {mark}"}
    (await doer.post(f"{order}/handover", words)).ok()
    refusal = {"reason": f"不归我们 {mark}"}
    (await running.unit("jishan-housing-bureau").post(f"{order}/handover/refuse", refusal)).ok()
    stage = {"id": "m1", "title": f"换灯 {mark}"}
    (await doer.post(f"{order}/milestones", {"milestones": [stage]})).ok()
    done = {
        "note": f"好了 {mark}",
        "figures": {f"盏 {mark}": 1},
        "proof": [{"kind": "photo", "ref": f"{mark}.jpg", "note": mark}],
    }
    (await doer.post(f"{order}/milestones/m1/done", done)).ok()
    completed = {"summary": f"换好了 {mark}", "proof": [{"kind": "photo", "ref": f"a {mark}.jpg"}]}
    (await doer.post(f"{order}/complete", completed)).ok()
    await asker.until(one, lambda seen: seen["status"] == "completed")
    (await staff.post(f"{order}/return", {"reason": f"又灭了 {mark}"})).ok()
    await asker.until(one, lambda seen: seen["status"] == "in_progress")
    change = {"private": False, "reason": f"核实过 {mark}"}
    (await staff.post(f"{one}/reading", change)).ok()
    (await staff.post(f"{order}/cancel", {"reason": f"不办了 {mark}"})).ok()
    await asker.until(one, lambda seen: seen["status"] == "closed")
    await running.drained()
    answers = [(await neighbour.get(path)).body for path in (one, "/demands?limit=100", "/notices?limit=100")]
    return str(demand["id"]), answers


@pytest.mark.parametrize("way", range(len(WAYS)))
async def test_a_number_anybody_writes_leaves_no_service_and_reaches_no_neighbour(
    own_house: Running, way: int
) -> None:
    mark = WAYS[way]
    _, answers = await story(own_house, mark)
    assert mark not in str(answers)
    rows = await own_house.rows()
    for name, kept in rows.items():
        service = name.partition(".")[0]
        if service in {"points", "notify"}:
            assert mark not in str(kept), name
    for service in ("intake", "matching", "points", "notify"):
        said = await own_house.stores[service].plain("outbox").find({})
        assert said or service in {"points", "notify"}
        assert repr(mark.encode())[2:-1] not in repr(said), service


@pytest.mark.parametrize(("body", "field"), FIELDS)
def test_what_nobody_sees_is_no_content(body: str, field: str) -> None:
    model = next(route.body for _, route in routes() if route.body and route.body.__name__ == body)
    given = {**BODIES[body], field: INVISIBLE}
    with pytest.raises(ValidationError, match="nothing_seen"):
        model.model_validate(given)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_of_every_message_in_which_words_stand_is_looked_through(kind: str) -> None:
    model = KINDS[kind]
    looked = set(words_of(model))
    for name, field in model.model_fields.items():
        if field.annotation is str and name not in REFERENCES and not model.in_full:
            assert name in looked, f"{kind}.{name}"


def test_a_field_that_comes_is_masked_without_anybody_thinking_of_it() -> None:
    class Inner(BaseModel):
        remark: str

    class New(BaseModel):
        whatever: str
        maybe: str | None = None
        many: tuple[Inner, ...] = ()
        by_name: dict[str, str] = {}

    given = New(
        whatever=NUMBER, maybe=WAYS[1], many=(Inner(remark=WAYS[2]),), by_name={f"打 {NUMBER}": NUMBER}
    )
    assert NUMBER not in str(hidden(given))
    assert "一三九一" not in str(hidden(given))
    plain = New(whatever="路灯")
    assert hidden(plain) is plain
