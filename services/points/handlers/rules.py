"""A community's rule for points is kept."""

from functools import lru_cache

from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.communities import CommunityLoaded, read_file_on_record
from services.points.domain.accounts import BUDGET, Account
from services.points.store.accounts import account_ref
from services.points.store.rules import RuleOnRecord, rule_ref


def keep_rule(origin: Origin, loaded: CommunityLoaded) -> Work[None]:
    """Keep a community's rule, and fund its budget as far as it is approved."""
    record, budget = rule_ref(origin.community), account_ref(origin.community, BUDGET)
    approved = loaded.file.points.budget_points if loaded.file.points else 0

    def decide(uow: UnitOfWork) -> None:
        uow.put(record, RuleOnRecord(loaded.file.model_dump_json()))
        uow.put(budget, (uow.find(budget) or Account(BUDGET)).funded_to(approved))

    return Work(origin, (record, budget), decide)


file_of = lru_cache(maxsize=16)(read_file_on_record)
"""The files of communities whose partners were at work lately; reading one takes longer than awarding."""
