"""What each happening reads like, for each audience, in plain Chinese.

A text may use the fields of its message; a field of the provider is written `provider.name`.
"""

from collections.abc import Mapping
from types import MappingProxyType

ASKERS = "askers"
ASKER = "asker"
PROVIDER = "provider"
RECEIVER = "receiver"
GIVER = "giver"
STAFF = "staff"
PARTNER = "partner"
PARTNERS = "partners"
TO = "to"
TOLD = "told"
STAFF_UNLESS_TOLD = "staff_unless_told"
STAFF_UNLESS_ACCUSED = "staff_unless_accused"
CARRIED = "carried"
LEFT = "left"
VOICES = "voices"

ALARM = "【紧急·{danger}】{place}：“{text}”。请立即处置，先点“我来处理”再打开联系方式；求助电话 {call}"

LINE = "（存折第 {line} 行，校验码 {seal}）"
"""By which a line that was cut off or altered is missed; earlier releases did not say it."""
BUDGET_LINE = "（预算第 {line} 行，校验码 {seal}）"
AWARD_LINE = "（待入账第 {line} 笔，校验码 {seal}）"
DROPPED_LINE = "（不再入账第 {line} 笔，校验码 {seal}）"
RULE_LINE = "（规则第 {version} 版，校验码 {seal}）"
WITHDRAWN_LINE = "（撤回规则第 {version} 版，校验码 {seal}）"
CAUSE_LINE = "（公益支出第 {line} 行，校验码 {seal}）"
DAY_LINE = "（日结第 {line} 行，校验码 {seal}）"
ESCROW_LINE = "（冻结第 {line} 行，校验码 {seal}）"

TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "demand.alarmed.v1": {
            STAFF: ALARM,
            TO: ALARM,
        },
        "demand.alarm_taken.v1": {
            STAFF: "紧急情况已有人处理（{by}）：{because}",
            TOLD: "紧急情况已有人处理（{by}）：{because}",
        },
        "demand.to_confirm.v1": {
            STAFF: "【请核实】{place}可能有人有危险（{danger}）：“{text}”",
            TO: "【请核实】{place}可能有人有危险（{danger}）：“{text}”",
        },
        "demand.accuses.v1": {
            STAFF_UNLESS_ACCUSED: "收到一条举报，请研判；举报人信息只有保密查阅人能看",
            TO: "收到一条反映社区自身问题的诉求，请您处理",
        },
        "demand.passed_on.v1": {ASKER: "您附议的诉求，原提出人已撤回；事情照样办，由您接着关注和评单"},
        "demand.rating_wanted.v1": {
            ASKER: "您的诉求已办结，请您评单；还有 {left_days} 天，不评单将按“未评价”归档",
            STAFF: "一条办结的诉求还没有评单，请回访",
        },
        "demand.left_unrated.v1": {
            ASKER: "您的诉求已按“未评价”归档；如果没有办好，{left_days} 天内仍可评单要求重办",
        },
        "demand.endorsed.v1": {STAFF: "有居民附议，现有 {supporters} 人附议"},
        "demand.joined.v1": {
            CARRIED: "您关注的诉求已并入这条相同的诉求一起办理，进展照样告诉您；不同意合并可退出",
        },
        "demand.unmerged.v1": {ASKERS: "您的诉求不再与别的诉求合并，恢复单独办理，正在重新下单：{because}"},
        "demand.parted.v1": {STAFF: "一条并入的诉求恢复单独办理，现有 {supporters} 人附议"},
        "demand.opted_out.v1": {
            LEFT: "您已退出合并，这条诉求的进展不再告诉您；您原来的附议仍然保留",
            STAFF: "有居民不同意合并，已退出，现有 {supporters} 人附议",
        },
        "demand.likely_duplicate.v1": {STAFF: "有诉求疑似重复，请合并或确认不是同一件事：{because}"},
        "issue.became_hot.v1": {STAFF: "“{title}”已成热点（{because}），建议提请小板凳议事会商议"},
        "issue.topic_decided.v1": {VOICES: "您反映的“{title}”，小板凳议事会{outcome}"},
        "demand.reopened.v1": {STAFF: "居民不满意，诉求第 {times} 次重新办理：{reason}"},
        "order.proposed.v1": {
            STAFF_UNLESS_TOLD: "有诉求待研判（{place}）：{text}——{because}，{finish_due_on:%Y-%m-%d} 前办结",
            ASKERS: "您的诉求已收到，社区工作人员正在研判由谁来办",
        },
        "order.queued.v1": {
            ASKERS: "能办这件事的单位现在都满了，您的诉求在排队，有空位就派单",
        },
        "order.dispatched.v1": {
            PROVIDER: "您有一件新工单（{soon}{category}，{place}）：{text}，请及时接单"
            "，{finish_due_on:%Y-%m-%d} 前办结",
            ASKERS: "您的诉求已下单给{provider.name}",
        },
        "order.called.v1": {ASKERS: "{to.name}也来办理您的诉求（{called_to}），由{provider.name}牵头"},
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
            ASKER: "{provider.name}已办结：{summary}。请您评单",
            ASKERS: "您附议的诉求已由{provider.name}办结：{summary}",
            STAFF: "{provider.name}已办结，请核实",
        },
        "order.verified.v1": {PROVIDER: "社区已核实您的办结"},
        "order.returned.v1": {
            PROVIDER: "工单被发回重办：{reason}",
            ASKERS: "已发回{provider.name}重新办理",
        },
        "order.settled.v1": {
            PROVIDER: "工单已结单，谢谢",
            ASKER: "您的诉求已归档，谢谢您的评单",
            ASKERS: "您附议的诉求已办结归档",
        },
        "order.left_unrated.v1": {PROVIDER: "居民一直没有评单，工单按“未评价”结单，不计好评也不计差评"},
        "order.praised.v1": {PROVIDER: "有居民表扬您：“{text}”"},
        "order.urged.v1": {PROVIDER: "居民催办（第 {times} 次）：{note}"},
        "order.cancelled.v1": {PROVIDER: "工单已取消：{reason}", ASKERS: "不再办理：{reason}"},
        "order.unsigned.v1": {
            PROVIDER: "您未在时限内签收，这件工单已收回",
            STAFF_UNLESS_TOLD: "{provider.name}未在时限内签收",
        },
        "order.escalated.v1": {STAFF: "工单无人承接，请尽快处理（{place}）：{text}——{because}"},
        "order.handover_lapsed.v1": {
            PROVIDER: "{receiver.name}没有在时限内答复转办，仍由您负责办理",
            RECEIVER: "{provider.name}请您接手的工单已过答复时限，请求已失效",
        },
        "order.waiting.v1": {ASKER: "{provider.name}请您补充：{question}"},
        "order.resumed.v1": {PROVIDER: "{because}；请在 {finish_due_on:%Y-%m-%d} 前办结"},
        "order.extension_requested.v1": {STAFF: "{provider.name}申请延期 {days} 个工作日：{reason}"},
        "order.extension_granted.v1": {
            PROVIDER: "延期已同意，请在 {finish_due_on:%Y-%m-%d} 前办结",
            ASKERS: "您的诉求延期到 {finish_due_on:%Y-%m-%d} 前办结：{reason}",
        },
        "order.extension_refused.v1": {PROVIDER: "延期未获同意：{reason}"},
        "order.overdue.v1": {
            PROVIDER: "工单已过办理期限 {due_on:%Y-%m-%d}，请尽快办结",
            STAFF: "有工单已过办理期限 {due_on:%Y-%m-%d}，请催办",
            ASKERS: "您的诉求已过办理期限，社区正在催办",
        },
        "order.supervised.v1": {
            STAFF: "工单列入督办：{reason}",
            PROVIDER: "社区对您的工单督办：{reason}",
            ASKERS: "您的诉求已列入社区督办：{reason}",
        },
        "points.posted.v1": {PARTNER: "积分 +{amount_points}，余额 {balance_points}：{because}" + LINE},
        "points.withheld.v1": {
            STAFF: "合伙人积分 {amount_points} 未能入账：{because}",
            PARTNER: "积分 {amount_points} 待入账：{because}" + AWARD_LINE,
        },
        "points.held.v1": {
            PARTNER: "冻结积分 {amount_points:+}，余额 {balance_points}，到 {until:%Y-%m-%d} 为止：{because}"
            + LINE
        },
        "points.released.v1": {
            PARTNER: "退回积分 {amount_points:+}，余额 {balance_points}：{because}" + LINE
        },
        "points.captured.v1": {PARTNER: "冻结的积分 {amount_points} 已兑换：{because}" + ESCROW_LINE},
        "points.expired.v1": {PARTNER: "积分到期 {amount_points:+}，余额 {balance_points}：{because}" + LINE},
        "points.reversed.v1": {PARTNER: "积分 {amount_points:+}，余额 {balance_points}：{because}" + LINE},
        "points.expire_soon.v1": {PARTNER: "您有 {amount_points} 积分将于 {at:%Y-%m-%d} 到期，请尽早使用"},
        "points.claimed.v1": {PARTNER: "有 {amount_points} 积分待追回，补足前不能使用：{because}"},
        "points.dropped.v1": {PARTNER: "待入账的积分 {amount_points} 不再入账：{because}" + DROPPED_LINE},
        "points.rule_decided.v1": {
            STAFF: "积分规则第 {version} 版自 {starts_on:%Y-%m-%d} 起生效：{because}" + RULE_LINE
        },
        "points.rule_withdrawn.v1": {STAFF: "积分规则第 {version} 版已撤回，不会生效" + WITHDRAWN_LINE},
        "points.redemption_ordered.v1": {
            STAFF: "{name}兑换“{title}”（{price_points} 积分），请在 {due_on:%Y-%m-%d} 前办理"
        },
        "points.redemption_waits.v1": {PARTNER: "“{title}”已兑完，您排在候补第 {place} 位，轮到时通知您"},
        "points.redemption_fulfilled.v1": {PARTNER: "您兑换的“{title}”已办理：{because}{shown}"},
        "points.redemption_ended.v1": {
            PARTNER: "您兑换的“{title}”没有办成：{because}",
            STAFF: "{name}兑换的“{title}”不用办理了：{because}",
        },
        "points.effect_reported.v1": {
            STAFF: "{name}反馈“{title}”的效果：顾客从 {customers_before} 人到 {customers_after} 人"
        },
        "points.fair_announced.v1": {
            PARTNERS: "合伙人集市“{title}”将于 {opens} 开市，到 {closes} 为止，用积分兑换推广位和服务"
        },
        "points.pledged.v1": {
            PARTNER: "感谢您的公益捐赠：积分 {amount_points:+}，余额 {balance_points}：{because}" + LINE
        },
        "points.service_pledged.v1": {STAFF: "{name}承诺为“{title}”提供：{service}"},
        "points.service_delivered.v1": {PARTNER: "您为“{title}”承诺的“{service}”已兑现，谢谢"},
        "points.cause_spent.v1": {
            STAFF: "公益项目“{title}”支出 {amount_points} 积分，余额 {balance_points}：{because}" + CAUSE_LINE
        },
        "points.day_closed.v1": {
            STAFF: "积分日结 {day}：流水 {transfers} 笔，可发放 {budget_points}，"
            "在存折上 {outstanding_points}" + DAY_LINE
        },
        "points.star_set.v1": {PARTNER: "{month} 星级评定——{because}"},
        "points.ratings_held.v1": {
            STAFF: "合伙人 {partner} 有 {ratings} 条评价疑似异常（{because}），暂不计入星级，请核实"
        },
        "points.star_appealed.v1": {STAFF: "合伙人 {partner} 对 {month} 的星级提出申诉，请处理：{words}"},
        "points.appeal_decided.v1": {PARTNER: "您对 {month} 星级的申诉已有结论：{because}"},
        "points.outstanding_named.v1": {PARTNER: "祝贺！您被评为 {year} 年度优秀社区合伙人：{because}"},
        "points.outstanding_taken_back.v1": {PARTNER: "{year} 年度优秀社区合伙人的评选结果已撤销：{because}"},
        "points.approved.v1": {
            STAFF: "积分预算 {amount_points:+}，可发放 {budget_points}：{because}" + BUDGET_LINE
        },
        "room.published.v1": {STAFF: "{partner_name}共享了空间“{room_name}”（{seats} 座）"},
        "room.changed.v1": {STAFF: "{partner_name}更改了共享空间“{room_name}”（{seats} 座）"},
        "room.booked.v1": {
            PARTNER: "有人预订您的空间“{room_name}”：{when}，{people} 人，{purpose}",
        },
        "room.cancelled.v1": {
            PARTNER: "空间“{room_name}”的预订已由{by_name}取消：{when}：{reason}",
            TOLD: "您预订的空间“{room_name}”已由{by_name}取消：{when}：{reason}",
        },
        "room.to_confirm.v1": {TO: "请确认您是否使用了空间“{room_name}”：{when}；不属实请提出异议"},
        "room.disputed.v1": {
            STAFF: "空间“{room_name}”的使用有异议，请核实（{when}）：{reason}",
            PARTNER: "预订人对空间“{room_name}”的使用提出异议，由社区核实（{when}）：{reason}",
        },
        "room.rejected.v1": {
            PARTNER: "社区未认可空间“{room_name}”的这次使用（{when}），不计积分：{reason}",
        },
    }
)
"""Kind of event → audience → text. A kind that is not here concerns nobody beyond those who did it."""
