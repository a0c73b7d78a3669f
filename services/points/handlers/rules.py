"""A community's rule for points is kept."""

from functools import lru_cache
from typing import Any

from services.chassis.documents import Ref
from services.chassis.work import Origin, UnitOfWork, Work
from services.contracts.communities import CommunityLoaded, read_file_on_record
from services.points.domain.accounts import EQUITY
from services.points.handlers.funding import fund_to, open_books, opening_ref
from services.points.handlers.ledger import account_refs
from services.points.store.rules import RuleOnRecord, rule_ref


def keep_rule(origin: Origin, loaded: CommunityLoaded) -> Work[None]:
    """Keep a community's rule, and fund its budget as far as it is approved."""
    record, rule = rule_ref(origin.community), loaded.file.points
    approved = rule.budget_points if rule else 0
    because = f"{rule.approved_by} {rule.approved_on} 核定" if rule else "社区文件不再有积分规则"

    def decide(uow: UnitOfWork) -> None:
        before = uow.find(record)
        funded = fund_to(uow, approved, funded_before(uow, before), because)
        same = before is not None and file_of(before.text).points == rule
        since = before.since if before is not None and same else uow.at
        uow.put(record, RuleOnRecord(loaded.file.model_dump_json(), funded, since))

    reads: tuple[Ref[Any], ...] = (
        record,
        opening_ref(origin.community),
        *account_refs(origin.community, EQUITY),
    )
    return Work(origin, reads, decide)


def funded_before(uow: UnitOfWork, before: RuleOnRecord | None) -> int:
    """Return what files have approved so far; the unit of work has read the opening of the books.

    An earlier release kept no note of it: it is what stood on the issuing account when the books were opened
    or, where another approval opened them, what its file said.
    """
    open_books(uow)
    if before is None:
        return 0
    if before.funded_points is not None:
        return before.funded_points
    opened = uow.find(opening_ref(uow.origin.community))
    rule = file_of(before.text).points
    return opened.amount_points if opened else rule.budget_points if rule else 0


file_of = lru_cache(maxsize=16)(read_file_on_record)
"""The files of communities whose partners were at work lately; reading one takes longer than awarding."""
