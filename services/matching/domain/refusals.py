"""What may not be done with an order, and why."""

from services.contracts.refusal import Conflict, Forbidden, Invalid, NotFound


class StepNotAllowed(Conflict):
    """The order's status does not allow this step; `allowed` lists the ones that it does."""

    slug = "step_not_allowed"


class NotYourOrder(NotFound):
    """Somebody else's order; it answers as if there were none."""


class NotTheReceiver(Forbidden):
    """Only the one who was asked to take over may answer that."""

    slug = "not_the_receiver"
    title = "只有被请求接手的单位可以答复"


class NoHandoverOffered(Conflict):
    """Nobody was asked to take over."""

    slug = "no_handover_offered"
    title = "没有待答复的转办"


class HandoverPending(Conflict):
    """The other has not answered yet."""

    slug = "handover_pending"
    title = "已有一个转办在等对方答复"


class CannotReceive(Invalid):
    """The provider cannot be given this order: unknown, not taking orders, or the same one."""

    slug = "cannot_receive"
    title = "不能交给这个单位"


class Accused(Conflict):
    """The provider is said to have done wrong in this very matter; staff may correct who is accused."""

    slug = "accused"
    title = "这个单位是被举报的一方，不能交给它办；如果认错了，请先更正研判"


class ProviderFull(Conflict):
    """The provider carries as many orders as it can."""

    slug = "provider_full"
    title = "该单位在办工单已满"


class MilestonesOpen(Conflict):
    """What was planned is not all done; `open` lists what is left."""

    slug = "milestones_open"
    title = "还有未完成的阶段，不能办结"


class UnknownMilestone(NotFound):
    """The order has no such milestone."""

    slug = "unknown_milestone"
    title = "没有这个阶段"


class MilestoneDone(Conflict):
    """It is done already."""

    slug = "milestone_done"
    title = "这个阶段已经完成"


class DuplicateMilestones(Invalid):
    """Two milestones of an order have the same id."""

    slug = "duplicate_milestones"
    title = "阶段编号重复"


class TooManyMilestones(Conflict):
    """More than anybody can follow."""

    slug = "too_many_milestones"
    title = "阶段太多"


class ServedAtImpossible(Invalid):
    """The work took place after the order was accepted, and not in the future."""

    slug = "served_at_impossible"
    title = "服务时间须在接单之后、现在之前"


class ProofMissing(Invalid):
    """Work is done when somebody can see that it is."""

    slug = "proof_missing"
    title = "办结须附佐证（照片、文件或签字）"


class AlreadyWaiting(Conflict):
    """The resident was asked and has not answered yet."""

    slug = "already_waiting"
    title = "已在等诉求人补充"


class TooManyQuestions(Conflict):
    """The resident was asked as often as anybody may be about one matter."""

    slug = "too_many_questions"
    title = "请居民补充的次数已达上限"


class NobodyWaits(Conflict):
    """No answer of the resident is waited for."""

    slug = "nobody_waits"
    title = "没有在等诉求人补充"


class DeadlinePassed(Conflict):
    """More time has to be asked for before the deadline; `due_at` says when that was."""

    slug = "deadline_passed"
    title = "办理期限已过，不能再申请延期"


class ExtensionPending(Conflict):
    """Staff have not decided on the last request yet."""

    slug = "extension_pending"
    title = "已有一个延期申请在等社区答复"


class NoExtensionAsked(Conflict):
    """Nobody asked for more time."""

    slug = "no_extension_asked"
    title = "没有待答复的延期申请"


class ExtensionTooLong(Invalid):
    """More working days than the community allows at a time; `most` says how many it does."""

    slug = "extension_too_long"
    title = "申请延期的天数超过本社区的上限"


class TooManyExtensions(Conflict):
    """More time was asked for as often as may be."""

    slug = "too_many_extensions"
    title = "申请延期的次数已达上限"


class AlreadySupervised(Conflict):
    """The community watches over it already."""

    slug = "already_supervised"
    title = "已经在督办"


class CompanionsOpen(Conflict):
    """Somebody who was called to the matter is not done; `open` lists the parts that are left."""

    slug = "companions_open"
    title = "协办单位还没有办完，不能办结"


class TooManyCompanions(Conflict):
    """More than anybody can lead."""

    slug = "too_many_companions"
    title = "协办单位太多"


class LeadAsks(Conflict):
    """The resident is asked by the one who leads, so that one question is open at a time."""

    slug = "lead_asks"
    title = "协办单位请通过牵头单位向居民询问"
