"""Stars are set by themselves once a month is over, once whoever looks, and matching ranks by them."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from services.chassis.documents import Versioned
from services.contracts.envelope import Envelope
from services.contracts.ids import order_id
from services.contracts.points import PointsRatingsHeld, PointsStarSet
from services.contracts.refusal import NotFound
from services.contracts.values import replace
from services.contracts.words import Role
from services.intake.domain.demands import Demand
from services.intake.handlers import communities
from services.matching.handlers import closing
from services.matching.handlers.communities import keep_star
from services.matching.routing.models import CommunityModels
from services.matching.store.catalogues import catalogue_ref
from services.notify.store.notices import NOTICES
from services.points.domain.ratings import Promise, RatingOnRecord, record_id
from services.points.domain.star_records import (
    AlreadyAppealed,
    MonthNotFinished,
    NotOfThisPartner,
    StarClock,
    StarOnRecord,
    Verdict,
)
from services.points.handlers import ratings as rating_handlers
from services.points.handlers import stars as star_handlers
from services.points.jobs.stars import Books, SetStars
from services.points.store.stars import promise_ref, rating_ref, star_clock_ref, star_ref
from tests.support.stories import EYES, OPTICIAN, TABLE_TENNIS
from tests.support.town import Town
from tests.support.towns import Towns

APRIL, MAY = (datetime(2026, month, 1, 1, tzinfo=UTC) for month in (4, 5))
"""09:00 in Jiwang, when the month before is over."""


def keeper(town: Town) -> SetStars:
    """Return somebody who sets stars, as each replica has one."""
    return SetStars(cast(Books, town.documents["points"]), town.more_batches("points"), lambda: town.now)


async def night(town: Town, until: datetime) -> None:
    """Let time pass, and the clock of stars with it."""
    town.now = until
    await keeper(town).look()
    await town.deliver()


def said_by(town: Town, kind: str) -> list[Envelope]:
    """Return what was said of a kind in this town; in the database others stand beside it."""
    return [one for one in town.post.said(kind) if one.community == town.community]


async def star(town: Town, month: str = "2026-03", partner: str = OPTICIAN) -> StarOnRecord | None:
    return await town.find("points", star_ref(town.community, partner, month))


async def ranked_by(town: Town, partner: str = OPTICIAN) -> int:
    """Return the star by which matching ranks a partner."""
    record: Versioned[Any] = (await town.documents["matching"].load([catalogue_ref(town.community)]))[
        catalogue_ref(town.community)
    ]
    model = CommunityModels().of(town.community, record.revision, record.present)
    return model.stars.get(partner, model.providers[partner].stars)


async def served(town: Town, people: int = 6) -> list[Demand]:
    """Let the optician serve people in March, each well rated; return their demands."""
    done = []
    for number in range(people):
        town.now = datetime(2026, 3, 2 + number, 2, tzinfo=UTC)
        demand = await town.submit(EYES, "binhe-jiayuan", by=f"r{number}")
        await town.done(demand)
        done.append(demand)
    return done


async def test_a_star_is_set_when_the_month_is_over_and_ranks_from_then_on(town: Town) -> None:
    await file_says(town, 4)
    before = await ranked_by(town)
    await served(town)
    await night(town, datetime(2026, 3, 20, 1, tzinfo=UTC))
    assert await star(town, "2026-02") is None, "nobody had said anything by then"
    await night(town, datetime(2026, 3, 31, 15, 59, tzinfo=UTC))
    assert await star(town) is None
    await night(town, APRIL)
    set_ = await star(town)
    assert set_ is not None
    assert (set_.stars, set_.raters, set_.kept_out) == (5, 6, ())
    assert sum(part.score for part in set_.parts) == set_.score
    assert (before, await ranked_by(town)) == (4, 5)
    (said,) = [one for one in said_by(town, PointsStarSet.kind) if one.body.partner == OPTICIAN]
    assert said.body == PointsStarSet(partner=OPTICIAN, stars=5, month="2026-03", because=set_.because)
    clock = await town.find("points", star_clock_ref(town.community))
    assert clock == StarClock(datetime(2026, 4, 1, 19, tzinfo=UTC), "2026-03")


async def test_two_who_look_at_once_say_it_once(town: Town) -> None:
    await served(town, 5)
    await night(town, datetime(2026, 3, 20, 1, tzinfo=UTC))
    town.now = APRIL
    await asyncio.gather(*(keeper(town).look() for _ in range(3)))
    await town.deliver()
    said = [one.body.partner for one in said_by(town, PointsStarSet.kind)]
    mine = [one.id for one in town.file.partners]
    assert sorted(said) == sorted(mine)
    for _ in range(2):
        await night(town, APRIL + timedelta(days=3))
    assert len(said_by(town, PointsStarSet.kind)) == len(mine)


async def test_a_file_that_is_loaded_again_and_every_message_again_leave_the_star(town: Town) -> None:
    await served(town)
    await night(town, datetime(2026, 3, 20, 1, tzinfo=UTC))
    await night(town, APRIL)
    await file_says(town, 1)
    assert await ranked_by(town) == 5
    unrated = next(one.id for one in town.file.partners if one.id != OPTICIAN)
    assert await ranked_by(town, unrated) == 1, "where no star was reckoned yet, the file's stands"
    sent = len(town.post.sent)
    parcels = [*town.post.sent, *town.post.sent]
    random.Random(7).shuffle(parcels)
    before = await kept(town)
    for parcel in parcels:
        await town.deliver_one(parcel)
    assert await kept(town) == before
    assert (await ranked_by(town), len(town.post.sent)) == (5, sent)
    assert town.parking.parked == []


async def file_says(town: Town, stars: int) -> None:
    """Load the community's file again, with other stars."""
    partners = tuple(one.model_copy(update={"stars": stars}) for one in town.file.partners)
    other = town.file.model_copy(update={"partners": partners})
    load = communities.load_community(town.origin("ops", Role.OPERATOR), other, dry_run=False)
    await town.do("intake", load)


async def kept(town: Town) -> list[Any]:
    """Return every rating and promise of a town as it is kept."""
    books = cast(Any, town.documents["points"])
    query = {"community": town.community}
    return [await books.plain(name).find(query) for name in ("ratings", "promises")]


async def test_a_star_of_before_that_comes_late_changes_nothing(town: Town) -> None:
    async def hear(month: str, stars: int, said: int) -> int:
        fact = PointsStarSet(partner=OPTICIAN, stars=stars, month=month, because="")
        await town.do("matching", keep_star(town.staff(), fact, said))
        return await ranked_by(town)

    await file_says(town, 4)
    assert await hear("2026-05", 0, 1) == 4, "none yet: the file's"
    assert await hear("2026-04", 2, 1) == 0, "it had one once: the file's counts no more"
    assert await hear("2026-05", 3, 2) == 3
    assert await hear("2026-05", 0, 1) == 3
    assert await hear("2026-06", 5, 1) == 5


async def test_what_the_partners_own_people_say_is_kept_out_and_staff_are_told(town: Town) -> None:
    await served(town)
    mark = rating_handlers.mark_related(town.staff(), OPTICIAN, "r0", "店主的妹妹")
    related = (await town.do("points", mark)).present
    await night(town, datetime(2026, 3, 20, 1, tzinfo=UTC))
    (told,) = said_by(town, PointsRatingsHeld.kind)
    assert (told.body.partner, told.body.ratings) == (OPTICIAN, 1)
    assert "r0" not in told.body.model_dump_json()
    await night(town, APRIL)
    set_ = await star(town)
    assert set_ is not None
    assert [(one.why, one.ratings) for one in set_.kept_out] == [("related", 1)]
    assert (set_.raters, set_.stars > 0) == (5, True)
    # The mark was wrong: it counts again at once, and nobody is told of an oddity any more.
    await town.do("points", rating_handlers.take_back_related(town.staff(), related.id, "不是一家人"))
    await night(town, APRIL + timedelta(minutes=1))
    again = await star(town)
    assert again is not None
    assert (again.raters, again.kept_out, again.set_at) == (6, (), set_.set_at)
    assert len(said_by(town, PointsRatingsHeld.kind)) == 1
    with pytest.raises(NotFound):
        await town.do("points", rating_handlers.mark_related(town.staff(), "nobody", "r0", "x"))


async def test_what_staff_decide_between_reading_and_setting_goes_before(town: Town) -> None:
    demands = await served(town, 5)
    await night(town, datetime(2026, 3, 20, 1, tzinfo=UTC))
    town.now = APRIL
    slow = keeper(town)
    books = slow.books

    class Interrupted:
        """Documents during whose reading staff decide."""

        decided = False

        def __getattr__(self, name: str) -> Any:
            return getattr(books, name)

        def plain(self, name: str) -> Any:
            return books.plain(name)

        async def load(self, refs: Any) -> Any:
            loaded = await books.load(refs)
            if not self.decided:
                self.decided = True
                own = record_id(order_id(demands[0].id), OPTICIAN)
                work = rating_handlers.decide_rating(town.staff(), own, "并非顾客", counts=False)
                await town.do("points", work)
            return loaded

    slow.books = cast(Books, Interrupted())
    await slow.look()
    await town.deliver()
    set_ = await star(town)
    assert set_ is not None
    assert (set_.stars, set_.raters) == (0, 4)
    said = [one.body.stars for one in said_by(town, PointsStarSet.kind) if one.body.partner == OPTICIAN]
    assert said == [0], "what it had read before was old by then, and nothing was said of it"


async def test_a_later_rating_of_the_same_order_takes_the_place_of_the_first(town: Town) -> None:
    demand = await town.submit(EYES, "binhe-jiayuan")
    await town.accept(demand)
    await town.complete(demand)
    await town.rate(demand, "unsolved", "dissatisfied")
    own = record_id(order_id(demand.id), OPTICIAN)
    first = await town.find("points", rating_ref(town.community, own))
    assert isinstance(first, RatingOnRecord)
    assert (first.good, first.rater, first.satisfaction) == (False, "r1", "dissatisfied")
    promise = await town.find("points", promise_ref(town.community, own))
    assert isinstance(promise, Promise)
    assert promise.outcome == "again"
    await town.complete(demand)
    await town.rate(demand)
    await town.verify(demand)
    again = await town.find("points", rating_ref(town.community, own))
    assert isinstance(again, RatingOnRecord)
    assert (again.good, again.said > first.said) == (True, True)
    done = await town.find("points", promise_ref(town.community, own))
    assert isinstance(done, Promise)
    assert done.outcome == "kept"
    await town.do(
        "matching", closing.return_order(town.matching, town.staff(), order_id(demand.id), "又坏了")
    )
    back = await town.find("points", promise_ref(town.community, own))
    assert isinstance(back, Promise)
    assert back.outcome == "again"


async def test_to_say_it_again_brings_nothing_back_that_staff_left_out(town: Town) -> None:
    demand = await town.submit(EYES, "binhe-jiayuan")
    await town.accept(demand)
    await town.complete(demand)
    await town.rate(demand, "unsolved", "dissatisfied")
    own = record_id(order_id(demand.id), OPTICIAN)
    for counts, stands in ((True, False), (False, True)):
        work = rating_handlers.decide_rating(town.staff(), own, "看过了", counts=counts)
        await town.do("points", work)
        await town.complete(demand)
        await town.rate(demand, "unsolved", "dissatisfied")
        again = await town.find("points", rating_ref(town.community, own))
        assert isinstance(again, RatingOnRecord)
        assert (again.decision is not None) == stands


async def test_what_is_done_late_or_never_answered_is_no_promise_kept(town: Town) -> None:
    late = await town.submit(EYES, "binhe-jiayuan")
    await town.accept(late)
    await town.wait(town.now + timedelta(days=20))
    own = record_id(order_id(late.id), OPTICIAN)
    overdue = await town.find("points", promise_ref(town.community, own))
    assert isinstance(overdue, Promise)
    assert overdue.outcome == "late"
    await town.complete(late)
    await town.rate(late)
    await town.verify(late)
    after = await town.find("points", promise_ref(town.community, own))
    assert isinstance(after, Promise)
    assert (after.outcome, after.said > overdue.said) == ("late", True)
    ignored = await town.submit(EYES, "binhe-jiayuan")
    order = await town.order(ignored)
    assert order.provider is not None
    assert order.provider.id == OPTICIAN
    await town.wait(town.now + timedelta(days=3))
    never = await town.find("points", promise_ref(town.community, record_id(order.id, OPTICIAN)))
    assert isinstance(never, Promise)
    assert never.outcome == "unsigned"


async def test_a_units_work_has_no_star(town: Town) -> None:
    await town.done(await town.submit(TABLE_TENNIS, "yuxiuyuan"))
    assert await kept(town) == [[], []]
    assert await town.find("points", star_clock_ref(town.community)) is None


async def test_an_appeal_is_decided_once_and_reckons_the_star_again(towns: Towns) -> None:
    town = await towns.found()
    demands = await served(town)
    await night(town, datetime(2026, 3, 20, 1, tzinfo=UTC))
    await night(town, APRIL)
    partner = town.provider(OPTICIAN, "partner")
    appealed = await town.do("points", star_handlers.appeal_star(partner, OPTICIAN, "2026-03", "请复核"))
    with pytest.raises(AlreadyAppealed):
        await town.do("points", star_handlers.appeal_star(partner, OPTICIAN, "2026-03", "再来"))
    ids = [record_id(order_id(demand.id), OPTICIAN) for demand in demands]
    verdict = Verdict(upheld=False, because="两条不是顾客", exclude=ids[:2])
    for wrong in ("nothing", record_id(order_id(demands[0].id), "another")):
        work = star_handlers.decide_appeal(
            town.staff(), appealed.present.id, replace(verdict, exclude=[ids[0], wrong])
        )
        with pytest.raises(NotOfThisPartner):
            await town.do("points", work)
    await town.do("points", star_handlers.decide_appeal(town.staff(), appealed.present.id, verdict))
    await night(town, APRIL + timedelta(minutes=1))
    set_ = await star(town)
    assert set_ is not None
    assert (set_.stars, set_.raters) == (0, 4)
    assert [(one.why, one.ratings) for one in set_.kept_out] == [("excluded", 2)]
    assert await ranked_by(town) == 0
    kinds = [one.body.kind for one in said_by(town, "points.appeal_decided.v1")]
    assert len(kinds) == 1


async def test_stars_are_reckoned_again_when_staff_ask_and_for_finished_months_alone(town: Town) -> None:
    await served(town)
    town.now = APRIL
    for month in ("2026-04", "2030-01", "2025-03"):
        with pytest.raises(MonthNotFinished):
            await town.do("points", star_handlers.ask_for_stars(town.staff(), month))
    assert await town.do("points", star_handlers.ask_for_stars(town.staff(), None)) == "2026-03"
    await night(town, APRIL)
    set_ = await star(town)
    assert set_ is not None
    assert set_.stars == 5


async def test_months_that_were_slept_through_are_set_in_their_order(town: Town) -> None:
    await served(town)
    await night(town, datetime(2026, 3, 20, 1, tzinfo=UTC))
    await night(town, MAY)
    said = [one.body.month for one in said_by(town, PointsStarSet.kind) if one.body.partner == OPTICIAN]
    assert said == ["2026-03", "2026-04"]


async def test_the_partner_reads_its_star_and_nobodys_name(town: Town) -> None:
    await served(town)
    await night(town, datetime(2026, 3, 20, 1, tzinfo=UTC))
    await night(town, APRIL)
    query = {"community": town.community, "recipient": f"provider:{OPTICIAN}"}
    rows = await cast(Any, town.documents["notify"]).plain(NOTICES.name).find(query)
    (text,) = [row["text"] for row in rows if row["kind"] == PointsStarSet.kind]
    assert text.startswith("2026-03 星级评定——五星：居民满意度")
