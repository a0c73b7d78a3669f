"""A community's rule for points is kept."""

from functools import lru_cache

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.communities import CommunityLoaded, read_file_on_record
from services.points.domain.accounts import EQUITY
from services.points.handlers.funding import fund_to
from services.points.handlers.ledger import account_refs
from services.points.store.rules import RuleOnRecord, rule_ref


def keep_rule(origin: Origin, loaded: CommunityLoaded) -> Work[None]:
    """Keep a community's rule, and fund its budget as far as it is approved."""
    record, rule = rule_ref(origin.community), loaded.file.points
    approved = rule.budget_points if rule else 0
    because = f"{rule.approved_by} {rule.approved_on} 核定" if rule else "社区文件不再有积分规则"

    def decide(uow: UnitOfWork) -> None:
        before = uow.find(record)
        funded = fund_to(uow, approved, before.funded_points if before else 0, because)
        uow.put(record, RuleOnRecord(loaded.file.model_dump_json(), funded))

    return Work(origin, (record, *account_refs(origin.community, EQUITY)), decide)


file_of = lru_cache(maxsize=16)(read_file_on_record)
"""The files of communities whose partners were at work lately; reading one takes longer than awarding."""
