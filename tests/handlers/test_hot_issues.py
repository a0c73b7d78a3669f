"""Many who complain of the same make an issue; hot, decided, told."""

from datetime import timedelta

import pytest

from services.contracts.issues import IssueBecameHot, IssueTopicDecided
from services.contracts.words import Role
from services.intake.domain.issues import NotHot, TopicDecided
from services.intake.handlers import communities, demands, issues
from tests.support.stories import (
    MIXER,
    MIXER_AGAIN,
    MIXER_ONCE_MORE,
    endorse,
    issue_of,
    kin_of,
    merge,
    notices,
    unmerge,
)
from tests.support.town import Town
from tests.support.towns import Towns


class TestHotIssues:
    async def test_demands_that_pile_up_become_hot_once_and_propose_a_topic(self, town: Town) -> None:
        first = await town.submit(MIXER, "jindu", by="r1")
        second = await town.submit(MIXER_AGAIN, "jindu", by="r2")
        assert town.post.said(IssueBecameHot.kind) == []
        third = await town.submit(MIXER_ONCE_MORE, "xinhua", by="r3")
        fourth = await town.submit("澜岸搅拌站噪音扰民，夜里罐车吵得睡不着", "jindu", by="r4")
        (hot,) = town.post.said(IssueBecameHot.kind)
        assert set(hot.body.demands) == {first.id, second.id, third.id}
        assert set(hot.body.compounds) == {"jindu", "xinhua"}
        assert hot.body.question
        issue = await issue_of(town, fourth)
        assert (issue.standing.demands, issue.standing.voices, issue.standing.compounds) == (4, 4, 2)
        assert issue.topic is not None
        assert issue.topic.state == "proposed"
        told = [n for n in await notices(town, "staff") if n.kind == IssueBecameHot.kind]
        assert len(told) == 1

    async def test_voices_from_several_days_make_two_demands_hot(self, town: Town) -> None:
        first = await town.submit(MIXER, "jindu", by="r1")
        town.now += timedelta(days=1)
        await town.submit(MIXER_AGAIN, "jindu", by="r2")
        for person in ("r3", "r4"):
            await endorse(town, first.id, person)
        assert town.post.said(IssueBecameHot.kind) == []
        await endorse(town, first.id, "r5")
        (hot,) = town.post.said(IssueBecameHot.kind)
        assert (hot.body.voices, hot.body.days) == (5, 2)

    async def test_somebody_behind_two_demands_is_one_voice_also_after_merging(self, town: Town) -> None:
        first = await town.submit(MIXER, "jindu", by="r1")
        second = await town.submit(MIXER_AGAIN, "jindu", by="r2")
        await endorse(town, first.id, "r3")
        await endorse(town, second.id, "r3")
        assert (await issue_of(town, first)).standing.voices == 3
        await merge(town, second, first)
        assert (await issue_of(town, first)).standing.voices == 3
        await unmerge(town, second)
        assert (await issue_of(town, first)).standing.voices == 3

    async def test_a_withdrawn_demand_no_longer_counts(self, town: Town) -> None:
        first = await town.submit(MIXER, "jindu", by="r1")
        second = await town.submit(MIXER_AGAIN, "jindu", by="r2")
        work = demands.withdraw_demand(town.origin("r2", Role.RESIDENT), second.id, "")
        await town.do("intake", work)
        assert [member.demand for member in (await issue_of(town, first)).members] == [first.id]

    async def test_the_communitys_own_thresholds_count(self, towns: Towns) -> None:
        town = await towns.found()
        rule = town.file.voices.model_copy(update={"hot_demands": 2})
        file = town.file.model_copy(update={"voices": rule})
        ops = town.origin("ops", Role.OPERATOR)
        await town.do("intake", communities.load_community(ops, file, dry_run=False))
        await town.submit(MIXER, "jindu", by="r1")
        await town.submit(MIXER_AGAIN, "jindu", by="r2")
        assert len(town.post.said(IssueBecameHot.kind)) == 1

    async def test_confidential_reports_are_in_no_issue(self, town: Town) -> None:
        first = await town.submit(MIXER, "jindu", by="r1", about="report")
        second = await town.submit(MIXER_AGAIN, "jindu", by="r2")
        for demand in (first, second):
            assert (await kin_of(town, demand)).issue is None

    async def test_staff_take_the_topic_up_or_decline_it_once(self, town: Town) -> None:
        for n, text in enumerate((MIXER, MIXER_AGAIN, MIXER_ONCE_MORE)):
            demand = await town.submit(text, "jindu", by=f"r{n}")
        issue = await issue_of(town, demand)
        work = issues.decide_topic(town.staff(), issue.id, "正在协调搬迁", accept=False)
        await town.do("intake", work)
        after = await issue_of(town, demand)
        assert after.topic is not None
        assert (after.topic.state, after.topic.reason) == ("declined", "正在协调搬迁")
        with pytest.raises(TopicDecided):
            await town.do("intake", issues.decide_topic(town.staff(), issue.id, "", accept=True))
        (fact,) = town.post.said(IssueTopicDecided.kind)
        assert not fact.body.accepted
        assert "暂不商议：正在协调搬迁" in (await notices(town, "person:r1"))[-1].text

    async def test_what_is_not_hot_has_no_topic(self, town: Town) -> None:
        await town.submit(MIXER, "jindu", by="r1")
        demand = await town.submit(MIXER_AGAIN, "jindu", by="r2")
        issue = await issue_of(town, demand)
        with pytest.raises(NotHot):
            await town.do("intake", issues.decide_topic(town.staff(), issue.id, "", accept=True))
