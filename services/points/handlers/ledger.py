"""How every transfer is posted: both accounts, the transfer, and the issuing account's number for it."""

from services.chassis.documents import Ref
from services.chassis.work import UnitOfWork
from services.points.domain.accounts import BUDGET, Account
from services.points.domain.posting import Posting
from services.points.domain.posting import post as posted
from services.points.domain.transfers import Transfer
from services.points.store.accounts import account_ref, transfer_ref


def account_refs(community: str, *accounts: str) -> tuple[Ref[Account], ...]:
    """Return where the accounts of a transfer are kept, the issuing one among them."""
    return tuple(account_ref(community, account) for account in dict.fromkeys((BUDGET, *accounts)))


def account(uow: UnitOfWork, name: str) -> Account:
    """Return an account as it stands; one that nothing was ever put into is empty."""
    return uow.find(account_ref(uow.origin.community, name)) or Account(name)


def post(uow: UnitOfWork, posting: Posting) -> Transfer:
    """Post a transfer; whoever asks for it has read its accounts and found no transfer of that id.

    Raises:
        NotAnAmount, InsufficientPoints: nothing is posted.
    """
    names = dict.fromkeys((BUDGET, posting.debit, posting.credit))
    done = posted(posting, {name: account(uow, name) for name in names}, uow.at)
    for name, after in done.accounts.items():
        uow.put(account_ref(uow.origin.community, name), after)
    uow.put(transfer_ref(uow.origin.community, posting.id), done.transfer)
    return done.transfer
