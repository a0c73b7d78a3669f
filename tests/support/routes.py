"""Every route of the house with words that it takes, so that no test forgets one."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.chassis.http.web import Route
from services.chassis.mongo import Store, open_client
from services.chassis.spec import ServiceContext
from services.composition import SPECS, Settings
from tests.support.deployment import jiwang

PROOF = {"kind": "photo", "ref": "p1.jpg"}
RULE = {"default_points": 10, "per_cause_max": 100, "per_day_max": 300}
BODIES: Mapping[str, Any] = {
    "SubmitDemand": {"text": "下水道堵了"},
    "EndorseDemand": {},
    "UrgeDemand": {"note": "急"},
    "WithdrawDemand": {"reason": "不用了"},
    "RateDemand": {"solved": "solved", "satisfaction": "satisfied"},
    "MergeDemand": {"into": "another"},
    "UnmergeDemand": {"reason": "不是一回事"},
    "OptOut": {},
    "FindLike": {"text": "下水道堵了"},
    "DismissDuplicates": {},
    "DecideTopic": {"decision": "accept"},
    "DispatchOrder": {"provider": "jishan-housing-bureau"},
    "CallProvider": {"provider": "jishan-transport-centre", "part": "路灯"},
    "Empty": {},
    "GiveReason": {"reason": "人手不够"},
    "OfferHandover": {"to": "jishan-housing-bureau", "reason": "不归我们管"},
    "PlanMilestones": {"milestones": [{"id": "m1", "title": "选址"}]},
    "FinishMilestone": {"note": "好了", "figures": {"件": 1}, "proof": [PROOF]},
    "CompleteOrder": {"summary": "办好了", "proof": [PROOF]},
    "UrgeOrder": {"note": "急"},
    "SupplementDemand": {"text": "在三号楼门口"},
    "AskResident": {"question": "在几号楼？"},
    "RequestExtension": {"days": 3, "reason": "等材料"},
    "AnswerQuestion": {"about": "danger", "yes": True},
    "ApprovePoints": {"amount_points": 100, "because": "居委会 2026 年核定"},
    "PlaceHold": {"amount_points": 5, "because": "兑换", "until": "2100-01-01T00:00:00Z"},
    "ResolveHold": {"because": "办好了"},
    "ReverseTransfer": {"reason": "录错了"},
    "DecideRule": {**RULE, "starts_on": "2100-01-01", "because": "居委会决定"},
    "TryRule": {**RULE, "from_on": "2026-01-01", "until_on": "2026-04-01"},
    "AnnounceFair": {
        "title": "一季度集市",
        "opens_at": "2100-01-01T09:00:00+08:00",
        "closes_at": "2100-01-02T09:00:00+08:00",
    },
    "PutUpOffer": {"title": "政策咨询一次", "kind": "policy_advice", "price_points": 10},
    "RestockOffer": {"more": 0},
    "RedeemOffer": {"partner": "yiming-optical"},
    "FulfilRedemption": {"because": "四月三日已咨询"},
    "EndRedemption": {"reason": "改主意了"},
    "ReportEffect": {"customers_before": 50, "customers_after": 60},
    "FoundCause": {"title": "四点半课堂添置图书", "goal_points": 500},
    "PledgeToCause": {"partner": "yiming-optical", "service": "为孩子免费验光 20 人次"},
    "SpendOfCause": {"amount_points": 1, "because": "买图书"},
    "ChooseBoard": {"partner": "yiming-optical", "shown": True},
    "DropAward": {"reason": "重复了"},
    "PublishRoom": {"name": "验光室", "seats": 8},
    "ChangeRoom": {"name": "验光室", "seats": 6},
    "WithdrawRoom": {"reason": "要装修"},
    "BookRoom": {
        "begins_at": "2100-01-01T09:00:00+08:00",
        "ends_at": "2100-01-01T10:00:00+08:00",
        "people": 3,
        "purpose": "读书会",
    },
    "CancelBooking": {"reason": "不来了"},
    "MarkUse": {},
    "ContradictUse": {"reason": "没有人来过"},
    "AskForStars": {},
    "DecideRating": {"counts": True, "reason": "核实过，是真实顾客"},
    "MarkRelated": {"partner": "yiming-optical", "subject": "r99", "reason": "店主的妹妹"},
    "TakeBack": {"reason": "登记有误"},
    "AppealStar": {"words": "上月停业装修，请复核"},
    "DecideAppeal": {"upheld": True, "reason": "复核无误"},
    "NameOutstanding": {"partner": "yiming-optical", "year": 2026, "reason": "居民议事会推荐"},
    "CorrectReading": {"danger": "none", "reason": "看过了，没有危险"},
}
"""Name of a body's model → a body that it takes."""


def routes() -> Iterator[tuple[str, Route]]:
    """Return every route with the service that it belongs to. No server is asked for them."""
    client = open_client("mongodb://127.0.0.1")
    try:
        for name, spec in SPECS.items():
            for route in spec.build(ServiceContext(Settings(), Store(client, "none"))).routes:
                yield name, route
    finally:
        client.close()


def body_of(route: Route) -> bytes | Any | None:
    """Return a body that the route takes."""
    if route.body is not None:
        return BODIES[route.body.__name__]
    return jiwang().model_dump_json().encode() if route.writes else None
