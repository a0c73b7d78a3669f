"""What each happening reads like, for each audience, in plain Chinese.

A text may use the fields of its message; a field of the provider is written `provider.name`.
"""

from collections.abc import Mapping
from types import MappingProxyType

ASKERS = "askers"
PROVIDER = "provider"
RECEIVER = "receiver"
GIVER = "giver"
STAFF = "staff"
PARTNER = "partner"
CARRIED = "carried"

TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "demand.endorsed.v1": {STAFF: "有居民附议，现有 {supporters} 人附议"},
        "demand.merged.v1": {CARRIED: "您关注的诉求已并入另一条相同的诉求一起办理，进展会继续告诉您"},
        "demand.reopened.v1": {STAFF: "居民不满意，诉求第 {times} 次重新办理：{reason}"},
        "order.proposed.v1": {
            STAFF: "有诉求待研判：{because}",
            ASKERS: "您的诉求已收到，社区工作人员正在研判由谁来办",
        },
        "order.dispatched.v1": {
            PROVIDER: "您有一件新工单，请及时接单（{category}）",
            ASKERS: "您的诉求已下单给{provider.name}",
        },
        "order.accepted.v1": {ASKERS: "{provider.name}已接单"},
        "order.declined.v1": {STAFF: "{provider.name}退单：{reason}"},
        "order.handover_offered.v1": {RECEIVER: "{provider.name}请您接手一件工单：{reason}"},
        "order.handover_refused.v1": {PROVIDER: "{receiver.name}没有同意接手：{reason}"},
        "order.handed_over.v1": {
            GIVER: "{provider.name}已同意接手，工单已转出",
            PROVIDER: "您已接手一件工单",
            ASKERS: "您的诉求改由{provider.name}办理",
        },
        "order.planned.v1": {ASKERS: "{provider.name}已列出办理计划"},
        "order.milestone_done.v1": {ASKERS: "您的诉求有新进展：{milestone.title}"},
        "order.completed.v1": {
            ASKERS: "{provider.name}已办结：{summary}。请您评单",
            STAFF: "{provider.name}已办结，请核实",
        },
        "order.verified.v1": {PROVIDER: "社区已核实您的办结"},
        "order.returned.v1": {
            PROVIDER: "工单被发回重办：{reason}",
            ASKERS: "已发回{provider.name}重新办理",
        },
        "order.settled.v1": {PROVIDER: "工单已结单，谢谢", ASKERS: "您的诉求已归档，谢谢您的评单"},
        "order.urged.v1": {PROVIDER: "居民催办（第 {times} 次）：{note}"},
        "order.cancelled.v1": {PROVIDER: "工单已取消：{reason}", ASKERS: "不再办理：{reason}"},
        "points.posted.v1": {PARTNER: "积分 +{amount_points}，余额 {balance_points}：{because}"},
        "points.withheld.v1": {
            STAFF: "合伙人积分 {amount_points} 未能入账：{because}",
            PARTNER: "积分 {amount_points} 待入账：{because}",
        },
    }
)
"""Kind of event → audience → text. A kind that is not here concerns nobody beyond those who did it."""
