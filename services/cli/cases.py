"""The real cases of the first community (docs/cases.md), told as data: who asked what, and how it went.

`done_by` is who really did it; the router never sees it. Texts are as residents would say them.
"""

from dataclasses import dataclass, field

from services.contracts.community_file import COMMUNITY_SELF


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone of the work: what, with which figures, shown by which proof."""

    title: str
    note: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case.

    Arguments:
        name: for people.
        asked_by: subject and role of the one who enters it.
        compound: id of the compound or venue.
        text: what was said.
        done_by: providers that count as right.
        steps: milestones planned ahead; none for an order that is done in one go.
        summary: how it ended.
        review: the router must leave it to staff.
        endorsed_by: residents who support it.
    """

    name: str
    asked_by: tuple[str, str]
    compound: str
    text: str
    done_by: frozenset[str]
    summary: str
    steps: tuple[Step, ...] = ()
    review: bool = False
    endorsed_by: tuple[str, ...] = ()


NPC = "jishan-npc-standing-committee"
HOUSING = "jishan-housing-bureau"
TRANSPORT = "jishan-transport-centre"
COOPERATIVE = "jishan-supply-cooperative"
AGRICULTURE = "jishan-agriculture-centre"
OPTICIAN = "yiming-optical"

_DARK = "晚上院里漆黑一片，老人出门看不清路，能不能装几盏路灯"

CASES: tuple[Case, ...] = (
    Case(
        name="毓秀苑的乒乓球台",
        asked_by=("resident-yuxiuyuan-1", "resident"),
        compound="yuxiuyuan",
        text="院里能不能放一张乒乓球台，老人锻炼身体，孩子放学也能玩",
        done_by=frozenset({NPC}),
        summary="一个月内装好了乒乓球台",
        endorsed_by=("resident-yuxiuyuan-2", "resident-yuxiuyuan-3"),
    ),
    Case(
        name="锦都小区的电动车充电",
        asked_by=("grid-worker-3", "grid_worker"),
        compound="jindu",
        text="电动车没地方充电，好多人从楼上拉线下来，飞线充电太危险，怕着火。希望多装些充电桩，收费要公道",
        done_by=frozenset({COMMUNITY_SELF}),
        steps=(
            Step("居民议事会商定地点和价格", "电价加少量服务费", proof="议事记录.pdf"),
            Step("建成车棚和充电桩", figures={"车棚": 3, "充电桩": 40}, proof="验收照片.jpg"),
        ),
        summary="建成 3 个车棚、40 个充电桩，按电价加少量服务费收费",
        review=True,
        endorsed_by=("resident-jindu-1", "resident-jindu-2", "resident-jindu-3"),
    ),
    Case(
        name="露天巷的路",
        asked_by=("resident-lutianxiang-1", "resident"),
        compound="lutianxiang",
        text="巷子五百米长，路面坑坑洼洼，一下雨就积水，没有路灯，雨水污水也不分，反映好几年了",
        done_by=frozenset({HOUSING}),
        steps=(
            Step("现场勘察", figures={"长度（米）": 500}, proof="勘察记录.pdf"),
            Step("出施工图", proof="施工图.pdf"),
            Step("现场协调会", "居民提出院墙和排水口的意见", proof="会议记录.pdf"),
            Step("修改图纸", proof="修改后的施工图.pdf"),
            Step("雨污分流施工", "雨水、污水管道分开", proof="管道照片.jpg"),
            Step("路面硬化", proof="路面照片.jpg"),
            Step("安装路灯", proof="路灯照片.jpg"),
        ),
        summary="雨污分流、路面硬化、路灯都完成了，院墙整修，业主委员会也成立了",
    ),
    Case(
        name="滨河家园孩子们的眼睛",
        asked_by=("resident-binhe-1", "resident"),
        compound="binhe-jiayuan",
        text="孩子们都是爷爷奶奶带，老看手机看电视，视力越来越差，能不能给孩子们查查眼睛",
        done_by=frozenset({OPTICIAN}),
        steps=(
            Step("免费视力筛查", figures={"儿童": 20}, proof="筛查登记.pdf"),
            Step("护眼讲座和定期复查", proof="讲座照片.jpg"),
        ),
        summary="免费筛查 20 多名儿童，讲了护眼知识，以后定期复查",
    ),
    *(
        Case(
            name=f"{name}的路灯",
            asked_by=(f"resident-{compound}-1", "resident"),
            compound=compound,
            text=_DARK,
            done_by=frozenset({TRANSPORT}),
            summary="装好了太阳能路灯",
        )
        for name, compound in (("信合大厦", "xinhe-dasha"), ("新华小区", "xinhua"), ("育才小区", "yucai"))
    ),
    Case(
        name="四点半课堂的课桌椅",
        asked_by=("grid-worker-1", "grid_worker"),
        compound="four-thirty-class",
        text="课后班孩子越来越多，缺课桌和椅子，孩子们趴在凳子上写作业",
        done_by=frozenset({AGRICULTURE}),
        summary="捐来了儿童课桌椅",
    ),
    Case(
        name="吉祥苑的长凳",
        asked_by=("resident-jixiangyuan-1", "resident"),
        compound="jixiangyuan",
        text="院里没个坐的地方，老人下楼想歇歇脚、聊聊天，能不能放几条长凳",
        done_by=frozenset({NPC}),
        summary="送来了长凳",
    ),
    Case(
        name="活动室的乒乓球台",
        asked_by=("grid-worker-2", "grid_worker"),
        compound="activity-room",
        text="活动室想添一张乒乓球台，大家都想打乒乓球",
        done_by=frozenset({COOPERATIVE, NPC}),
        summary="乒乓球台已经装好",
    ),
)
