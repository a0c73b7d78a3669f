"""The reasons of a ranking, in words that staff and residents accept."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.language.wishes import own_wishes
from services.matching.domain.affairs import Affairs
from services.matching.domain.circumstances import Circumstances, Spoken
from services.matching.domain.evidence import Offer
from services.matching.domain.providers import Place, Provider
from services.matching.domain.weighing import Case, PartName


class _Explained(Protocol):
    @property
    def because(self) -> str: ...


class _First(Protocol):
    @property
    def provider(self) -> str: ...

    @property
    def parts(self) -> Sequence[_Explained]: ...


class Reasons:
    """Puts parts into words.

    Arguments:
        providers: by their number.
        places: by id.
    """

    def __init__(self, providers: Sequence[Provider], places: Mapping[str, Place], affairs: Affairs) -> None:
        self._providers = providers
        self._places = places
        self._affairs = affairs
        self._names = {provider.id: provider.name for provider in providers}

    def reason(
        self, name: PartName, case: Case, place: str, now: Circumstances, spoken: Sequence[Spoken]
    ) -> str:
        """Return why a part has its value.

        Arguments:
            spoken: what the circumstances say for the provider.
        """
        provider = self._providers[case.provider]
        said = self._said(name, case, provider)
        if said:
            return said
        if name is PartName.EXPERIENCE:
            return "以往有类似诉求由其办好" if case.experience > 0 else "以往类似诉求由别的单位办理"
        if name is PartName.CONTRACT and case.contract is not None:
            where = self._places[place].name if place in self._places else place
            return f"与{where}结对共建，契约到 {case.contract.ends_on} 止"
        if name is PartName.CAPACITY:
            taken = now.open_orders.get(provider.id, 0)
            return f"手上有 {taken} 件未办结，最多可接 {provider.capacity} 件"
        return next(because for part, _, because in spoken if part is name)

    def _said(self, name: PartName, case: Case, provider: Provider) -> str:
        if name is PartName.DUTY:
            return f"诉求说到“{case.duty_word}”，其职责有“{provider.duties[case.duty_index]}”"
        if name is PartName.RESOURCE:
            resource = provider.resources[case.resource_index]
            return f"资源清单上有{resource.name}（{resource.quantity}{resource.unit}）"
        if name is PartName.WORDING:
            return "诉求的说法与其所列的职责或资源相近"
        if name is PartName.WISH and case.wish_offer is not None:
            return _wish(case.wish_name, case.wish_offer, provider)
        return self._affair(case, provider) if name is PartName.AFFAIR else ""

    def _affair(self, case: Case, provider: Provider) -> str:
        affair = self._affairs.themes[case.affair_theme].affair
        if case.affair_duty >= 0:
            return (
                f"诉求说到“{case.affair_word}”，属于{affair}，其职责有“{provider.duties[case.affair_duty]}”"
            )
        return f"诉求说到“{case.affair_word}”，属于{affair}，这类事项通常由{provider.name}办理"

    def because(self, category: str, candidates: Sequence[_First], sure: float, decision: str) -> str:
        """Return the ranking in one sentence."""
        if not candidates:
            return "目前没有可以接单的单位或合伙人，请工作人员处理"
        if sure == 0:
            return "没有找到与诉求相符的职责或资源，请工作人员判断由谁来办"
        first = candidates[0]
        name = self._names[first.provider]
        if decision == "dispatch":
            return f"属于“{category}”，由{name}来办最合适：{first.parts[0].because}"
        return f"最接近的是{name}，但把握只有 {sure:.0%}，请工作人员判断"


def _wish(name: str, offer: Offer, provider: Provider) -> str:
    wished = f"诉求像是要“{own_wishes().get(name, name)}”"
    if offer.duty >= offer.resource:
        return f"{wished}，其职责有“{provider.duties[offer.duty_index]}”"
    return f"{wished}，其资源清单上有{provider.resources[offer.resource_index].name}"
