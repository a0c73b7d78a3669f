"""What people send over HTTP: bad words get a clear answer, and change nothing."""

import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.support.client import Visitor
from tests.support.orders import accepted_order, nothing_changes
from tests.support.running import Running

MEGABYTE = 1024 * 1024


JSON = {"Content-Type": "application/json"}


@pytest.fixture
def resident(running: Running) -> Visitor:
    return running.resident()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"text": ""}, "invalid_body"),
        ({"text": "  \n\t "}, "invalid_body"),
        ({"text": "路" * 4_001}, "invalid_body"),
        ({"text": "路灯不亮", "title": "路" * 201}, "invalid_body"),
        ({"text": "路灯\x00不亮"}, "control_characters"),
        ({"text": "路灯\x1b[31m不亮"}, "control_characters"),
        ({"text": "路灯\x85不亮"}, "control_characters"),
        ({"text": "路灯不亮", "title": "路\x07灯"}, "control_characters"),
        ({"text": "😀🎉👍"}, "no_words"),
        ({"text": "？！……"}, "no_words"),
        ({"text": "路灯不亮", "compound": "nowhere"}, "unknown_compound"),
        ({"text": "路灯不亮", "compound": "../fenwan"}, "invalid_body"),
        ({"text": "路灯不亮", "about": "gossip"}, "invalid_body"),
        ({"text": "路灯不亮", "contact": {"name": "王", "phone": "abc"}}, "invalid_body"),
        ({"text": 7}, "invalid_body"),
        ({"text": ["路灯不亮"]}, "invalid_body"),
        ({"text": None}, "invalid_body"),
        ({}, "invalid_body"),
        ([], "invalid_body"),
        ("路灯不亮", "invalid_body"),
        (None, "invalid_body"),
    ],
    ids=str,
)
async def test_words_that_say_nothing_are_refused(resident: Visitor, words: Any, code: str) -> None:
    seen = (await resident.get("/demands?mine=true")).ok()["items"]
    answer = await resident.ask("POST", "/demands", data=_json(words), headers=JSON)
    answer.refused(422, code)
    assert (await resident.get("/demands?mine=true")).ok()["items"] == seen


def _json(words: Any) -> bytes:
    import orjson

    return orjson.dumps(words)


async def test_refusals_change_nothing_anywhere(running: Running, resident: Visitor) -> None:
    async with nothing_changes(running):
        (await resident.post("/demands", {"text": "😀"})).refused(422, "no_words")
        (await resident.post("/demands", {"text": "路灯", "compound": "x"})).refused(422, "unknown_compound")
        (await resident.post("/demands/nobody/endorse")).refused(404, "not_found")
        (await resident.post("/orders/nobody/accept")).refused(403, "forbidden")
        (await running.staff().post("/orders/nobody/verify")).refused(404, "not_found")


async def test_all_mistakes_are_named_at_once_with_their_fields(resident: Visitor) -> None:
    words = {"text": "", "about": "gossip", "compound": 5, "urgent": True, "contact": {"name": ""}}
    body = (await resident.post("/demands", words)).refused(422, "invalid_body")
    rules = {row["field"]: row["rule"] for row in body["errors"]}
    assert rules == {
        "text": "string_too_short",
        "about": "literal_error",
        "compound": "string_type",
        "urgent": "extra_forbidden",
        "contact.name": "string_too_short",
        "contact.phone": "missing",
    }
    assert all(row["reason"] and row["reason"] != "不符合要求" for row in body["errors"])


async def test_an_answer_never_repeats_what_was_typed(resident: Visitor) -> None:
    answer = await resident.post("/demands", {"text": 13812345678, "contact": {"phone": "secret-phone"}})
    answer.refused(422, "invalid_body")
    assert b"13812345678" not in answer.raw
    assert b"secret-phone" not in answer.raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'text': 'x'}",
        b"\xff\xfe",
        b'{"text": "\\ud800"}',
        b'{"text": "x"} trailing',
        b"[" * 9_999,
    ],
    ids=repr,
)
async def test_what_is_not_json_is_malformed(resident: Visitor, raw: bytes) -> None:
    (await resident.ask("POST", "/demands", data=raw, headers=JSON)).refused(400, "malformed_json")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "application/yaml"])
async def test_another_media_type_is_not_taken(resident: Visitor, media: str) -> None:
    answer = await resident.ask("POST", "/demands", data=b"{}", headers={"Content-Type": media})
    assert answer.refused(415, "unsupported_media_type")["accepted"] == ["application/json"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", "nonsense"])
async def test_a_packed_body_is_refused_whatever_it_is_packed_with(resident: Visitor, encoding: str) -> None:
    headers = {**JSON, "Content-Encoding": encoding}
    answer = await resident.ask("POST", "/demands", data=b'{"text": "x"}', headers=headers)
    answer.refused(415, "content_encoding_refused")


async def test_a_body_that_says_it_is_not_packed_is_taken(resident: Visitor) -> None:
    headers = {**JSON, "Content-Encoding": "identity"}
    (await resident.ask("POST", "/demands", data='{"text": "路灯不亮"}'.encode(), headers=headers)).ok()


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "without one"])
@pytest.mark.parametrize("path", ["/demands", ""], ids=["json", "file"])
async def test_ten_megabytes_are_too_many(running: Running, chunked: bool, path: str) -> None:
    visitor = running.staff()

    async def portions() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * (MEGABYTE // 16)

    data = portions() if chunked else io.BytesIO(b" " * 10 * MEGABYTE)
    method = "POST" if path else "PUT"
    answer = await visitor.ask(method, path, data=data, headers=JSON)
    assert answer.refused(413, "body_too_large")["most_bytes"] >= MEGABYTE


async def test_another_method_is_told_which_there_are(running: Running) -> None:
    answer = await running.staff().ask("DELETE", "/demands")
    assert answer.refused(405, "method_not_allowed")["allowed"] == ["GET", "POST"]
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path", ["/api/v1/communities/jiwang/nothing", "/api/v2/x", "/", "/api/v1/communities/jiwang/"]
)
async def test_an_address_nobody_has_is_not_found(resident: Visitor, path: str) -> None:
    (await resident.ask_at("GET", path)).refused(404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("after=a/b", "after"),
        ("x=1", "x"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(resident: Visitor, query: str, field: str) -> None:
    body = (await resident.get(f"/demands?{query}")).refused(422, "invalid_query")
    assert [row["field"] for row in body["errors"]] == [field]


@pytest.mark.parametrize("given", ["abc", "W/3", 'w/"3"', '"1', '"1", "2"', "-1", '"99999999999999999999"'])
async def test_an_if_match_that_is_no_etag_of_ours_is_refused(resident: Visitor, given: str) -> None:
    demand = (await resident.post("/demands", {"text": "路灯不亮"})).ok()
    answer = await resident.post(f"/demands/{demand['id']}/withdraw", {}, If_Match=given)
    answer.refused(400, "invalid_header")


@pytest.mark.parametrize("key", ["", " ", "k" * 201, "two words", "钥匙", "tab\there", "k\u00e9y"])
async def test_an_idempotency_key_must_be_one(resident: Visitor, key: str) -> None:
    answer = await resident.post("/demands", {"text": "路灯不亮"}, Idempotency_Key=key)
    answer.refused(400, "invalid_header")


async def test_a_community_that_does_not_exist_answers_like_a_foreign_one(running: Running) -> None:
    foreign = await running.resident().ask_at("GET", "/api/v1/communities/fenwan")
    missing = await running.operator(at="no-such-place").get("")
    assert foreign.refused(404, "not_found") == missing.refused(404, "not_found")
    (await running.resident(at="no-such-place").post("/demands", {"text": "路灯"})).refused(404, "not_found")


async def test_a_file_of_another_community_than_the_address_is_refused(running: Running) -> None:
    from tests.support.deployment import jiwang

    data = jiwang("elsewhere").model_dump_json().encode()
    answer = await running.operator(at="somewhere").ask("PUT", "", data=data)
    answer.refused(422, "wrong_community")


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"just: [words", b"", b"community: {id: jiwang}", b"{" * 5_000]
)
async def test_a_community_file_with_mistakes_names_them_and_is_not_loaded(
    running: Running, data: bytes
) -> None:
    version = (await running.operator().get("/file")).ok()["version"]
    answer = await running.operator().ask("PUT", "", data=data)
    assert answer.refused(422, "community_file_invalid")["problems"]
    assert (await running.operator().get("/file")).ok()["version"] == version


ACCEPTED = "accepted"


@pytest.fixture(scope="module")
async def in_hand(running: Running) -> tuple[Visitor, str]:
    return await accepted_order(running)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/complete", {"summary": ""}),
        ("/complete", {"summary": "x" * 501}),
        ("/complete", {"summary": "好", "proof": [{"kind": "rumour", "ref": "x"}]}),
        ("/complete", {"summary": "好", "proof": [{"kind": "photo", "ref": "x"}] * 21}),
        ("/complete", {"summary": "好", "served_at": "2026-01-31T09:00:00"}),
        ("/complete", {"summary": "好", "served_at": "yesterday"}),
        ("/complete", {"summary": "好", "served_at": "0001-01-01T00:00:00+14:00"}),
        ("/complete", {"summary": "好", "served_at": "1999-01-01T00:00:00+08:00"}),
        ("/milestones", {"milestones": []}),
        ("/milestones", {"milestones": [{"id": f"m{n}", "title": "x"} for n in range(101)]}),
        ("/milestones", {"milestones": [{"id": "../m", "title": "x"}]}),
        ("/milestones", {"milestones": [{"id": "m", "title": "x", "due_on": "2026-02-30"}]}),
        ("/milestones/m1/done", {"figures": {"件": "many"}}),
        ("/milestones/m1/done", {"figures": {"a\x00b": 1}}),
        ("/milestones/m1/done", {"figures": {"": 1}}),
        ("/milestones/m1/done", {"figures": {f"f{n}": 1 for n in range(21)}}),
        ("/decline", {}),
        ("/decline", {"reason": "   "}),
        ("/handover", {"to": "x/y", "reason": "r"}),
    ],
    ids=str,
)
async def test_reports_that_cannot_be_right_are_refused(
    in_hand: tuple[Visitor, str], path: str, words: Any
) -> None:
    provider, order = in_hand
    before = (await provider.get(f"/orders/{order}")).ok()
    (await provider.post(f"/orders/{order}{path}", words)).refused(422, "invalid_body")
    assert (await provider.get(f"/orders/{order}")).ok() == before


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999"])
async def test_a_figure_is_a_number_that_can_be_counted(in_hand: tuple[Visitor, str], number: bytes) -> None:
    provider, order = in_hand
    raw = b'{"figures": {"x": ' + number + b"}}"
    answer = await provider.ask("POST", f"/orders/{order}/milestones/m1/done", data=raw, headers=JSON)
    answer.refused(422, "invalid_body")


def _free_texts() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "urge", {"note": "快\x00点"}
    yield "withdraw", {"reason": "算\x1b了"}


@pytest.mark.parametrize(("step", "words"), list(_free_texts()))
async def test_control_characters_are_refused_wherever_somebody_writes(
    resident: Visitor, step: str, words: dict[str, Any]
) -> None:
    demand = (await resident.post("/demands", {"text": "路灯不亮"})).ok()
    answer = await resident.post(f"/demands/{demand['id']}/{step}", words)
    answer.refused(422, "invalid_body")
