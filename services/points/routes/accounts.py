"""The doors of the ledger: balances, passbooks, what is approved, what is taken back."""

from dataclasses import dataclass

from services.chassis.clock import new_id, now
from services.chassis.documents import Versioned
from services.chassis.http.bodies import PageQuery, listed
from services.chassis.http.once import Reply
from services.chassis.http.tables import MEDIA_CSV
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.chassis.printing.printer import MEDIA_PDF, PdfNotAvailable, Printer
from services.chassis.work import UnitOfWork, Work
from services.chassis.write_queue import TooManyWaiting
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, STAFF
from services.contracts.words import Role
from services.points.domain.accounts import OWN, Account, InsufficientPoints
from services.points.domain.approvals import Approval, ApprovalOver, TooManyPeriods
from services.points.domain.transfers import AlreadyReversed, NotReversible, Transfer
from services.points.domain.waiting import Waiting
from services.points.handlers.corrections import reverse_transfer
from services.points.handlers.funding import approve
from services.points.handlers.rules import file_of
from services.points.routes import access
from services.points.routes.bodies import (
    ApprovePoints,
    PassbookFileQuery,
    PassbookPrintQuery,
    PassbookQuery,
    ReverseTransfer,
)
from services.points.store.accounts import ACCOUNTS, TRANSFERS, account_ref, lines_of, waiting_ref
from services.points.store.rules import rule_ref
from services.points.views.accounts import (
    AccountPage,
    AccountView,
    TransferPage,
    TransferView,
    account_view,
    transfer_view,
)
from services.points.views.passbooks import passbook_csv
from services.points.views.prints import TEMPLATE, Excerpt, passbook_print
from services.points.views.summaries import SummaryView, summary_view


@dataclass(frozen=True, slots=True)
class AccountRoutes:
    """The routes of accounts and transfers over points' store, and what prints passbooks."""

    store: Store
    printer: Printer

    async def list_accounts(self, request: ApiRequest[None]) -> Reply:
        found = await self.store.page(
            ACCOUNTS, request.community, {}, after=request.query.after, limit=request.query.limit + 1
        )
        items, after = listed(found, request.query.limit, account_view)
        return show(AccountPage(items=items, next=after))

    async def show_summary(self, request: ApiRequest[None]) -> Reply:
        own = {name: account_ref(request.community, name) for name in OWN}
        waits = waiting_ref(request.community)
        loaded = await self.store.load([*own.values(), waits])
        accounts = {name: kept for name, ref in own.items() if (kept := loaded[ref].value) is not None}
        return show(summary_view(accounts, loaded[waits].value or Waiting()))

    async def show_account(self, request: ApiRequest[None]) -> Reply:
        kept = await self._account(request)
        return show(account_view(kept), revision=kept.revision)

    async def list_transfers(self, request: ApiRequest[None]) -> Reply:
        account = (await self._account(request)).present
        query: PassbookQuery = request.query
        where = lines_of(request.community, account.id, before=query.after)
        found = await self.store.page(TRANSFERS, request.community, where, by="number", limit=query.limit + 1)
        side = account.id if request.identity.role is Role.PARTNER else None
        items = [transfer_view(kept, side) for kept in found[: query.limit]]
        more = len(found) > query.limit
        return show(TransferPage(items=items, next=str(items[-1].number) if more else None))

    async def download(self, request: ApiRequest[None]) -> Reply:
        account = (await self._account(request)).present
        query: PassbookFileQuery = request.query
        found = await self._lines(request, account, query.limit)
        return Reply(200, passbook_csv(account.id, found), MEDIA_CSV)

    async def print_passbook(self, request: ApiRequest[None]) -> Reply:
        account = (await self._account(request)).present
        query: PassbookPrintQuery = request.query
        found = await self._lines(request, account, query.limit + 1)
        rule = (await self.store.find(rule_ref(request.community))).value
        excerpt = Excerpt(account, found[: query.limit], len(found) > query.limit)
        file = file_of(rule.text) if rule else None
        values = passbook_print(request.community, file, excerpt, now())
        return Reply(200, await self.printer.pdf(TEMPLATE, values), MEDIA_PDF)

    async def _lines(self, request: ApiRequest[None], account: Account, limit: int) -> list[Transfer]:
        """Return lines of an account, the first first."""
        where = dict(lines_of(request.community, account.id, after=request.query.after))
        rows = await self.store.plain(TRANSFERS.name).find(where, sort="number", limit=limit)
        return [TRANSFERS.decode(row) for row in rows]

    async def _account(self, request: ApiRequest[None]) -> Versioned[Account]:
        """A partner sees its own account; another's is not there for it."""
        kept = await self.store.find(account_ref(request.community, request.path["account"]))
        if kept.value is None or not access.is_for(request, kept.value.id):
            raise NotFound
        return kept

    def approve(self, request: ApiRequest[ApprovePoints]) -> Work[Reply]:
        approval = Approval(new_id(), request.body.amount_points, request.body.because, request.body.until)
        return approve(request.origin(), approval).then(_shown)

    def reverse(self, request: ApiRequest[ReverseTransfer]) -> Work[Reply]:
        return reverse_transfer(request.origin(), request.path["transfer"], request.body.reason).then(_shown)

    def table(self) -> tuple[Route, ...]:
        """Return every route of accounts and transfers."""
        return (*self._looks(), *self._steps())

    def _looks(self) -> tuple[Route, ...]:
        one = "/points/accounts/{account}"
        return (
            Route(
                "GET",
                "/points/accounts",
                STAFF,
                self.list_accounts,
                "List accounts",
                AccountPage,
                query=PageQuery,
            ),
            Route("GET", one, HOLDERS, self.show_account, "Show a balance", AccountView),
            Route(
                "GET", "/points/summary", STAFF, self.show_summary, "Show where all points are", SummaryView
            ),
            Route(
                "GET",
                f"{one}/transfers",
                HOLDERS,
                self.list_transfers,
                "Show a passbook",
                TransferPage,
                query=PassbookQuery,
            ),
            Route(
                "GET",
                f"{one}/passbook.csv",
                HOLDERS,
                self.download,
                "Download a passbook; deploy/check_passbook.py checks it",
                None,
                query=PassbookFileQuery,
                answer_media=MEDIA_CSV,
            ),
            Route(
                "GET",
                f"{one}/passbook.pdf",
                HOLDERS,
                self.print_passbook,
                "Print a passbook: PDF, 500 lines at most",
                None,
                query=PassbookPrintQuery,
                answer_media=MEDIA_PDF,
                refusals=(TooManyWaiting, PdfNotAvailable),
            ),
        )

    def _steps(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/points/approvals",
                STAFF,
                self.approve,
                "Let points be issued that the community approved (核定)",
                TransferView,
                body=ApprovePoints,
                conditional=False,
                refusals=(ApprovalOver, TooManyPeriods),
            ),
            Route(
                "POST",
                "/points/transfers/{transfer}/reverse",
                STAFF,
                self.reverse,
                "Take an award or an expiry back (冲正)",
                TransferView,
                body=ReverseTransfer,
                conditional=False,
                refusals=(NotReversible, AlreadyReversed, InsufficientPoints),
            ),
        )


def _shown(kept: Versioned[Transfer], _: UnitOfWork) -> Reply:
    return show(transfer_view(kept))
