"""The points bank over HTTP: who may look, what may be done, and what is refused."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.chassis.clock import now
from services.chassis.printing.printer import WAITING_MAX
from services.contracts.words import Role
from services.points.commands.verifying import verify
from tests.support.client import Visitor
from tests.support.prints import pages_of, skip_without_press
from tests.support.processes import ROOT
from tests.support.running import Running
from tests.support.savers import someone_with

OTHER = "another-partner"


def later(days: float = 1) -> str:
    return (now() + timedelta(days=days)).isoformat()


async def balance(running: Running, account: str) -> int:
    return int((await running.staff().get(f"/points/accounts/{account}")).ok()["balance_points"])


async def held(visitor: Visitor, points: int, **more: Any) -> Any:
    body = {"amount_points": points, "because": "兑换金牌推广位", "until": later(), **more}
    return await visitor.post("/points/holds", body)


class TestPassbooks:
    async def test_say_each_line_with_its_balance_and_seal_newest_first(self, running: Running) -> None:
        name, partner = await someone_with(running, 100)
        hold = (await held(partner, 30)).ok()
        (await running.staff().post(f"/points/holds/{hold['id']}/capture", {})).ok()
        hold = (await held(partner, 20)).ok()
        (await partner.post(f"/points/holds/{hold['id']}/release", {"because": "不要了"})).ok()
        lines = (await partner.get(f"/points/accounts/{name}/transfers")).ok()["items"]
        assert [line["kind_name"] for line in lines] == ["退回", "冻结", "冻结", "入账"]
        assert [line["credit_line"] or line["debit_line"] for line in lines if line["credit"] == name] == [
            4,
            1,
        ]
        account = (await partner.get(f"/points/accounts/{name}")).ok()
        assert (account["balance_points"], account["head"]) == (70, lines[0]["chained"])
        assert account["lots"] == [{"points": 70, "expires_at": None}]
        page = (await partner.get(f"/points/accounts/{name}/transfers?limit=1")).ok()
        rest = (await partner.get(f"/points/accounts/{name}/transfers?after={page['next']}")).ok()
        assert page["items"] + rest["items"] == lines

    async def test_are_there_for_their_partner_and_staff_alone(self, running: Running) -> None:
        name, partner = await someone_with(running, 10)
        hold = (await held(partner, 5)).ok()["id"]
        other = running.partner(OTHER)
        foreign = running.visitor(name, Role.PARTNER, "fenwan")
        for visitor in (other, foreign):
            (await visitor.get(f"/points/accounts/{name}")).refused(404, "not_found")
            (await visitor.get(f"/points/accounts/{name}/transfers")).refused(404, "not_found")
            (await visitor.get(f"/points/holds/{hold}")).refused(404, "not_found")
            (await visitor.post(f"/points/holds/{hold}/release", {})).refused(404, "not_found")
        (await held(other, 5, account=name)).refused(404, "not_found")
        assert (await other.get("/points/holds")).ok()["items"] == []
        (await other.get(f"/points/holds?account={name}")).refused(404, "not_found")
        assert [one["id"] for one in (await partner.get("/points/holds?state=open")).ok()["items"]] == [hold]
        found = (await running.staff().get(f"/points/holds?account={name}")).ok()["items"]
        assert [one["account"] for one in found] == [name]
        for path in ("/points/accounts", "/points/waiting"):
            (await partner.get(path)).refused(403, "forbidden")
        (await partner.post(f"/points/holds/{hold}/capture", {})).refused(403, "forbidden")
        (await running.resident().get(f"/points/accounts/{name}")).refused(403, "forbidden")


class TestHolds:
    async def test_of_a_thousand_at_once_as_many_succeed_as_there_are_points(self, running: Running) -> None:
        name, partner = await someone_with(running, 10_000)
        answers = []
        for _ in range(10):
            answers += await asyncio.gather(*(held(partner, 100) for _ in range(100)))
        assert sorted(answer.status for answer in answers) == [201] * 100 + [409] * 900
        refusals = {answer.body["code"] for answer in answers if answer.status == 409}
        assert refusals == {"insufficient_points"}
        assert await balance(running, name) == 0

    async def test_are_resolved_once_whoever_is_first(self, running: Running) -> None:
        _, partner = await someone_with(running, 1_000)
        staff = running.staff()
        for _ in range(25):
            hold = (await held(partner, 10)).ok()["id"]
            path = f"/points/holds/{hold}"
            steps = [staff.post(f"{path}/capture", {}), partner.post(f"{path}/release", {})]
            answers = await asyncio.gather(*steps, staff.post(f"{path}/release", {}))
            assert sorted(answer.status for answer in answers) == [200, 409, 409]
            assert {a.body["code"] for a in answers if a.status == 409} == {"hold_resolved"}

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"amount_points": 0}, 422, "invalid_body"),
            ({"amount_points": -5}, 422, "invalid_body"),
            ({"amount_points": 1.5}, 422, "invalid_body"),
            ({"amount_points": "5"}, 422, "invalid_body"),
            ({"amount_points": 10**12}, 422, "invalid_body"),
            ({"amount_points": 11}, 409, "insufficient_points"),
            ({"because": ""}, 422, "invalid_body"),
            ({"until": "2020-01-01T00:00:00Z"}, 422, "hold_too_short"),
            ({"until": "2030-01-01T00:00:00"}, 422, "invalid_body"),
            ({"account": "nobody-at-all"}, 404, "not_found"),
        ],
        ids=lambda value: str(value)[:40],
    )
    async def test_that_cannot_be_are_refused_and_change_nothing(
        self, running: Running, change: dict[str, Any], status: int, code: str
    ) -> None:
        name, partner = await someone_with(running, 10)
        (await held(partner, **{"points": 5})).ok()
        visitor = running.staff() if "account" in change else partner
        body = {"amount_points": 5, "because": "兑换", "until": later(), **change}
        (await visitor.post("/points/holds", body)).refused(status, code)
        assert await balance(running, name) == 5

    async def test_the_same_key_is_the_same_hold_and_with_another_amount_a_mistake(
        self, running: Running
    ) -> None:
        name, partner = await someone_with(running, 10)
        body = {"amount_points": 4, "because": "兑换", "until": later()}
        first = await partner.post("/points/holds", body, Idempotency_Key="k-" + name)
        again = await partner.post("/points/holds", body, Idempotency_Key="k-" + name)
        assert first.ok() == again.ok()
        other = await partner.post("/points/holds", {**body, "amount_points": 5}, Idempotency_Key="k-" + name)
        assert other.status in (409, 422)
        assert await balance(running, name) == 6

    async def test_end_by_themselves(self, running: Running) -> None:
        name, partner = await someone_with(running, 10)
        hold = (await held(partner, 4, until=later(2 / 86_400))).ok()["id"]
        await partner.until(f"/points/holds/{hold}", lambda seen: seen["state"] == "expired")
        assert await balance(running, name) == 10
        (await running.staff().post(f"/points/holds/{hold}/capture", {})).refused(409, "hold_resolved")


class TestStaff:
    async def test_approve_reverse_and_see_what_waits(self, running: Running) -> None:
        staff = running.staff()
        before = await balance(running, "budget")
        approval = (
            await staff.post(
                "/points/approvals", {"amount_points": 500, "because": "居委会追加", "until": later()}
            )
        ).ok()
        assert (approval["kind"], approval["credit_balance_points"]) == ("approval", before + 500)
        past = {"amount_points": 5, "because": "x", "until": "2020-01-01T00:00:00Z"}
        (await staff.post("/points/approvals", past)).refused(422, "approval_over")
        name, partner = await someone_with(running, 50)
        line = (await partner.get(f"/points/accounts/{name}/transfers")).ok()["items"][0]
        path = f"/points/transfers/{line['id']}/reverse"
        (await partner.post(path, {"reason": "x"})).refused(403, "forbidden")
        back = (await staff.post(path, {"reason": "重复录入"})).ok()
        assert (back["kind"], back["debit"], back["because"]) == ("reversal", name, "冲正：重复录入")
        (await staff.post(path, {"reason": "重复录入"})).refused(409, "already_reversed")
        (await staff.post(f"/points/transfers/{back['id']}/reverse", {"reason": "x"})).refused(
            409, "not_reversible"
        )
        (await staff.post("/points/transfers/nothing/reverse", {"reason": "x"})).refused(404, "not_found")
        assert (await staff.get("/points/waiting")).ok() == {"awards": 0, "points": 0, "items": []}

    async def test_see_where_all_points_are(self, running: Running) -> None:
        staff = running.staff()
        before = (await staff.get("/points/summary")).ok()
        name, partner = await someone_with(running, 50)
        hold = (await held(partner, 20)).ok()["id"]
        (await held(partner, 5)).ok()
        (await staff.post(f"/points/holds/{hold}/capture", {})).ok()
        after = (await staff.get("/points/summary")).ok()
        more = {key: after[key] - before[key] for key in after if after[key] != before[key]}
        assert more == {
            "budget_points": -50,
            "issued_points": 50,
            "outstanding_points": 25,
            "held_points": 5,
            "redeemed_points": 20,
            "transfers": 4,
        }
        accounts = (await staff.get("/points/accounts?limit=100")).ok()["items"]
        passbooks = sum(one["balance_points"] for one in accounts if one["kind"] == "passbook")
        assert (after["outstanding_points"], name in {one["id"] for one in accounts}) == (passbooks, True)
        (await partner.get("/points/summary")).refused(403, "forbidden")

    async def test_an_award_waits_for_a_budget_and_is_paid_when_it_comes(self, running: Running) -> None:
        staff = running.staff()
        left = await balance(running, "budget")
        name, _ = await someone_with(running, left + 70)
        small, _ = await someone_with(running, 5)
        waiting = (await staff.get("/points/waiting")).ok()
        assert [(one["partner"], one["amount_points"]) for one in waiting["items"]] == [
            (name, left + 70),
            (small, 5),
        ]
        (await staff.post("/points/approvals", {"amount_points": 75, "because": "追加"})).ok()
        await staff.until("/points/waiting", lambda seen: seen["awards"] == 0)
        assert (await balance(running, name), await balance(running, small)) == (left + 70, 5)
        (await staff.post("/points/approvals", {"amount_points": 20_000, "because": "追加"})).ok()


async def test_after_all_of_it_the_ledger_is_what_was_posted(running: Running) -> None:
    name, partner = await someone_with(running, 10)
    (await held(partner, 4)).ok()
    verified = await verify(running.stores, "jiwang", now())
    assert verified.wrong == []
    assert verified.lines > 2
    assert name in {row["id"] for row in await running.stores["points"].plain("accounts").find({})}


async def test_a_passbook_is_taken_away_and_agrees_with_itself(running: Running, tmp_path: Path) -> None:
    name, partner = await someone_with(running, 100)
    for _ in range(3):
        hold = (await held(partner, 10)).ok()["id"]
        (await running.staff().post(f"/points/holds/{hold}/release", {})).ok()
    path = f"/points/accounts/{name}/passbook.csv"
    answer = await partner.get(path)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    file = tmp_path / "passbook.csv"
    file.write_bytes(answer.raw)
    command = [sys.executable, "-I", str(ROOT / "deploy" / "check_passbook.py"), str(file)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "7 行，全部相符\n")
    first = (await partner.get(f"{path}?limit=3")).raw.decode("utf-8-sig").splitlines()
    number = first[-1].split(",")[8]
    rest = (await partner.get(f"{path}?after={number}")).raw.decode("utf-8-sig").splitlines()
    assert first + rest[1:] == answer.raw.decode("utf-8-sig").splitlines()
    (await running.partner(OTHER).get(path)).refused(404, "not_found")
    (await partner.get(f"{path}?limit=0")).refused(422, "invalid_query")


class TestPrintedPassbooks:
    async def test_say_what_the_passbook_says_to_its_partner_and_staff_alone(self, running: Running) -> None:
        skip_without_press()
        name, partner = await someone_with(running, 100)
        hold = (await held(partner, 10, because="<img src=file:///etc/passwd>")).ok()["id"]
        (await partner.post(f"/points/holds/{hold}/release", {"because": "不要了"})).ok()
        path = f"/points/accounts/{name}/passbook.pdf"
        for visitor in (partner, running.staff()):
            answer = await visitor.get(path)
            assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
            text = "".join(pages_of(answer.raw))
            assert f"稷王社区·积分银行积分存折户名{name}账号{name}" in text
            shown = (await partner.get(f"/points/accounts/{name}/transfers")).ok()["items"]
            for line in shown:
                seal = line["chained"] if line["credit"] == name else line["debit_seal"]
                because = "".join(line["because"].split())
                assert f"{line['kind_name']}{because}{line['amount_points']}" in text
                assert seal[:12] in text
        first = "".join(pages_of((await partner.get(f"{path}?limit=1")).raw))
        assert f"请从流水号{shown[-1]['number']}之后开始" in first
        rest = "".join(pages_of((await partner.get(f"{path}?after={shown[-1]['number']}")).raw))
        assert ("完成服务" in first, "完成服务" in rest, "不要了" in rest) == (True, False, True)
        foreign = running.visitor(name, Role.PARTNER, "fenwan")
        for visitor in (running.partner(OTHER), foreign):
            (await visitor.get(path)).refused(404, "not_found")
        (await running.resident().get(path)).refused(403, "forbidden")
        (await partner.get(f"{path}?limit=501")).refused(422, "invalid_query")

    async def test_that_too_many_want_at_once_are_refused_and_everything_else_goes_on(
        self, running: Running
    ) -> None:
        skip_without_press()
        name, partner = await someone_with(running, 100)
        path = f"/points/accounts/{name}/passbook.pdf"
        prints = [asyncio.create_task(partner.get(path)) for _ in range(3 * WAITING_MAX)]
        for one in asyncio.as_completed(prints):
            if (await one).status == 429:
                break
        for _ in range(20):  # while they are printed
            (await partner.get(f"/points/accounts/{name}")).ok()
        assert not all(one.done() for one in prints)
        answers = await asyncio.gather(*prints)
        assert {answer.status for answer in answers} == {200, 429}
        assert sum(answer.status == 200 for answer in answers) >= WAITING_MAX
        refused = next(answer for answer in answers if answer.status == 429)
        refused.refused(429, "too_many_waiting")
        assert int(refused.headers["Retry-After"]) == 5

    async def test_cannot_be_had_where_nothing_prints(
        self, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name, partner = await someone_with(running, 100)
        monkeypatch.setenv("PATH", str(tmp_path))
        answer = await partner.get(f"/points/accounts/{name}/passbook.pdf")
        assert answer.refused(503, "pdf_not_available")["title"] == "本机缺少 PDF 组件"
        assert (await partner.get(f"/points/accounts/{name}/passbook.csv")).status == 200
