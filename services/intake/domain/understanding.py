"""What a resident says, understood: which kind of demand it is, and whether somebody is in danger now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["enquiry", "help", "suggestion", "complaint", "report"]

TITLE_TIMES = 3
"""A sign of the kind in the title counts this often."""
TEXT_CHARACTERS_MAX = 1_000

_KINDS: Mapping[Kind, re.Pattern[str]] = {
    "report": re.compile(
        r"举报|检举|揭发|非法|违法|偷排|无证|无照|传销|贪污|受贿|套取|骗取|私自|聚众|赌博|黑社会|假药|黑作坊|盗采|滥伐|弄虚作假"
    ),
    "complaint": re.compile(
        r"投诉|态度|不作为|乱收费|推诿|敷衍|强制|强迫|拒绝|欺诈|坑人|不退|拖欠|扰民|严重影响|太吵|没人管|无人管|不管|不合理|凭什么|违规|乱停"
    ),
    "suggestion": re.compile(
        r"建议|提议|倡议|呼吁|不如|最好能|可以考虑|希望(?:增|加|开|设|建|引进|能建|多)|能不能(?:增|加|开|设|多)|应该"
    ),
    "enquiry": re.compile(
        r"咨询|请问|想问|问一下|打听|是否|什么时候|何时|怎么办理|如何办|怎样办|需要什么(?:材料|手续|条件)|多少钱|哪里办|到哪|政策"
        r"|条件是|可不可以办|怎么申请|能办吗|吗[？?。]?$"
    ),
    "help": re.compile(
        r"求助|帮帮|帮忙|请求|恳请|恳求|麻烦|坏了|没(?:有)?水|没(?:有)?电|停水|停电|漏水|修|救救|急需|困难|解决"
    ),
}
_KIND_WEIGHTS: Mapping[Kind, float] = {
    "report": 1.5,
    "complaint": 1.0,
    "suggestion": 1.3,
    "enquiry": 1.1,
    "help": 0.8,
}


@dataclass(frozen=True, slots=True)
class Danger:
    """A kind of danger: what people say when it is there, whom to call at once, and what to tell them."""

    name: str
    pattern: re.Pattern[str]
    call: tuple[str, ...]
    advice: str


DANGERS: tuple[Danger, ...] = (
    Danger(
        "火情",
        re.compile(
            r"着火了|着了火|起火了|正在(?:着火|起火|燃烧)|失火了|烧起来了|着起来了|火灾了|冒(?:浓|大|黑)?烟了|有?明火|火势|(?:家|楼|房|棚|车)里?(?:着火|起火)"
        ),
        ("119",),
        "请先拨打 119，人先撤离到安全的地方",
    ),
    Danger(
        "燃气",
        re.compile(
            r"(?:煤气|燃气|天然气|液化气)(?:管道?)?(?:正在)?(?:泄漏|泄露|漏了|漏气)|漏煤气|漏天然气|漏气了|一股(?:煤气|燃气|天然气)味"
            r"|闻到(?:很?[大浓重]的?|一股)?(?:煤气|燃气|天然气)|(?:煤气|燃气|天然气)味(?:很|特别|太|越来越|好)[大重浓]|煤气中毒|一氧化碳中毒"
        ),
        ("119",),
        "请关阀开窗、不要开关电器，到室外拨打 119 和燃气公司抢修电话",
    ),
    Danger(
        "触电",
        re.compile(
            r"触电|电着(?:人|了)|被电(?:到|了|倒|伤)|电线(?:断|掉|落|垂)(?:了|下来|到|在)|断了?的?电线|电线(?:在)?(?:冒|打)火(?:花)?|冒火花|打火花|火星子"
            r"|漏电(?:了|伤|打)|(?:路灯|灯杆|电箱|变压器|配电箱)漏电"
        ),
        ("119", "120"),
        "请远离带电的地方，不要用手碰；有人受伤拨打 120，现场拨打 119",
    ),
    Danger(
        "坍塌",
        re.compile(
            r"(?:墙|楼|房|屋|顶|路|桥|坡|围墙|楼板|阳台)[^，。！？,.!?]{0,4}(?:塌了|倒塌|坍塌|垮了|要塌|快塌|要倒|快倒|要垮|塌陷)"
            r"|坍塌了|山体滑坡|塌方了|马上(?:要|就)(?:塌|倒)"
        ),
        ("119",),
        "请立即远离，不要进入，拨打 119",
    ),
    Danger(
        "人身",
        re.compile(
            r"晕倒|昏倒|昏迷|没(?:有)?了?呼吸|叫不醒|不省人事|大出血|心脏病(?:犯|发)|心梗|中风了|抽搐|喘不上气|吃错药|喝了?农药|服毒"
            r"|溺水|落水了|掉(?:进|到)(?:水|河|井|坑|沟)里|摔下(?:来|去|楼)|从[^，。]{0,4}摔下|动弹不得|动不了了"
        ),
        ("120",),
        "请先拨打 120；落水、被困同时拨打 119",
    ),
    Danger(
        "被困",
        re.compile(
            r"困在电梯|被困|困人了|电梯(?:里|内)?(?:困|关)(?:着|了|住)?(?:[一两几]?个)?(?:人|老人|孩子|小孩|孕妇)|卡在电梯|关在电梯|反锁在(?:屋|家|房)里|卡住了头"
        ),
        ("119",),
        "请拨打 119 或电梯里的救援电话，不要扒门",
    ),
    Danger(
        "轻生",
        re.compile(r"跳楼|轻生|自杀|不想活|想死|割腕|上吊|寻短见|站在楼顶"),
        ("110", "120"),
        "请立即拨打 110 和 120，身边的人不要离开",
    ),
    Danger(
        "治安",
        re.compile(
            r"(?:正在|现在|有人)(?:打人|打架|砍人|行凶|抢|砸门|撬门|偷)|持刀|拿着?刀|砍人|抢劫|绑架|入室|砸我家门|撬我家|家暴|被人(?:打|围)|跟踪我"
            r"|(?:孩子|小孩|老人|老伴|妈|爸|母亲|父亲|奶奶|爷爷)[^，。！？]{0,6}(?:走丢|走失|不见了|失踪|丢了)"
        ),
        ("110",),
        "请先拨打 110，注意自身安全",
    ),
)

_NOT_NOW = re.compile(
    r"怕|担心|防止|避免|预防|以免|容易|会不会|可能|万一|如果|要是|一旦|去年|前年|以前|曾经|曾|上次|当年|早就|差点|险些|多次发生|知识|培训|学学|学习|想学"
)
"""Before a sign of danger in its clause these make it a worry or a memory."""
_NOT_A_DANGER = re.compile(
    r"隐患|风险|演练|急救|知识|讲座|宣传|培训|预案|保险|怎么预防|报警器|保护器|赔偿|补偿|案件?"
)
"""Right behind a sign of danger these make it something else."""
_BEHIND_CHARACTERS = 4
_CLAUSE = re.compile(r"[，。；！？,;!?…\n]")


def kind_of(text: str, title: str | None = None) -> Kind:
    """Return what kind of demand it is; without a sign it asks for help."""
    best: Kind = "help"
    most = 0.0
    text = text[:TEXT_CHARACTERS_MAX]
    for kind, pattern in _KINDS.items():
        found = len(set(pattern.findall(text))) + TITLE_TIMES * len(set(pattern.findall(title or "")))
        weight = found * _KIND_WEIGHTS[kind]
        if weight > most:
            best, most = kind, weight
    return best


def danger_in(text: str, title: str | None = None) -> Danger | None:
    """Return the first danger that is there now, not feared and not remembered."""
    text = (f"{title}。{text}" if title else text)[:TEXT_CHARACTERS_MAX]
    for danger in DANGERS:
        for found in danger.pattern.finditer(text):
            start = max((border.end() for border in _CLAUSE.finditer(text, 0, found.start())), default=0)
            behind = text[found.end() : found.end() + _BEHIND_CHARACTERS]
            if not _NOT_NOW.search(text, start, found.start()) and not _NOT_A_DANGER.match(
                behind.lstrip("的")
            ):
                return danger
    return None
