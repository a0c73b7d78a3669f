"""The doors of the points bank: balances and passbooks."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from services.chassis.documents import Versioned
from services.chassis.http.bodies import PageQuery, listed
from services.chassis.http.once import Reply
from services.chassis.http.web import ApiRequest, Route, show
from services.chassis.mongo import Store
from services.contracts.refusal import NotFound
from services.contracts.roles import HOLDERS, STAFF
from services.contracts.words import Role
from services.points.domain.accounts import BUDGET, Account
from services.points.store.accounts import ACCOUNTS, TRANSFERS, account_ref
from services.points.views.accounts import AccountPage, AccountView, TransferPage, account_view, transfer_view


class PassbookQuery(BaseModel):
    """Which part of a passbook, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: int | None = Field(default=None, ge=1, le=2**53, description="`next` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


@dataclass(frozen=True, slots=True)
class PointsRoutes:
    """The routes of points over its store."""

    store: Store

    async def list_accounts(self, request: ApiRequest[None]) -> Reply:
        found = await self.store.page(
            ACCOUNTS, request.community, {}, after=request.query.after, limit=request.query.limit + 1
        )
        items, after = listed(found, request.query.limit, account_view)
        return show(AccountPage(items=items, next=after))

    async def show_account(self, request: ApiRequest[None]) -> Reply:
        kept = await self._account(request)
        return show(account_view(kept), revision=kept.revision)

    async def list_transfers(self, request: ApiRequest[None]) -> Reply:
        account = (await self._account(request)).present
        side = "debit" if account.id == BUDGET else "credit"
        query: PassbookQuery = request.query
        where: dict[str, object] = {side: account.id}
        if query.after is not None:
            where["number"] = {"$lt": query.after}
        found = await self.store.page(TRANSFERS, request.community, where, by="number", limit=query.limit + 1)
        items = [transfer_view(kept) for kept in found[: query.limit]]
        more = len(found) > query.limit
        return show(TransferPage(items=items, next=str(items[-1].number) if more else None))

    async def _account(self, request: ApiRequest[None]) -> Versioned[Account]:
        """A partner sees its own account; another's is not there for it."""
        wanted = request.path["account"]
        if request.identity.role is Role.PARTNER and wanted != request.identity.subject:
            raise NotFound
        ref = account_ref(request.community, wanted)
        kept = await self.store.find(ref)
        if kept.value is None:
            raise NotFound
        return kept

    def table(self) -> tuple[Route, ...]:
        """Return every route of points."""
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
            Route(
                "GET", "/points/accounts/{account}", HOLDERS, self.show_account, "Show a balance", AccountView
            ),
            Route(
                "GET",
                "/points/accounts/{account}/transfers",
                HOLDERS,
                self.list_transfers,
                "Show a passbook",
                TransferPage,
                query=PassbookQuery,
            ),
        )
