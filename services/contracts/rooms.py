"""What points says of rooms (空间共享计划): facts about what is shared, booked and used."""

from datetime import datetime

from services.contracts.words import Message


class RoomFact(Message):
    """A fact about a partner's room; `by` is the part in which somebody acted: partner or staff."""

    room: str
    room_name: str
    partner: str


class RoomPublished(RoomFact):
    """A room is shared; the stream is the room."""

    kind = "room.published.v1"
    partner_name: str
    seats: int
    by: str


class RoomChanged(RoomFact):
    """What a room offers was changed; bookings stay as they were booked."""

    kind = "room.changed.v1"
    partner_name: str
    seats: int
    by: str


class RoomWithdrawn(RoomFact):
    """A room is shared no longer; bookings stay."""

    kind = "room.withdrawn.v1"
    by: str
    reason: str


class RoomBooked(RoomFact):
    """A room was booked, once or, in a series, several times; the stream is the first booking's.

    `when` says it as people do where the room is, with how often; `begins_at` and `ends_at` are the first's.
    """

    kind = "room.booked.v1"
    bookings: tuple[str, ...]
    booked_by: str
    begins_at: datetime
    ends_at: datetime
    when: str
    people: int
    purpose: str


class RoomCancelled(RoomFact):
    """Bookings were cancelled, all at once, and by the booker, the partner or staff.

    `told`: the booker, where another cancelled. The stream is the first booking's.
    """

    kind = "room.cancelled.v1"
    bookings: tuple[str, ...]
    booked_by: str
    told: tuple[str, ...] = ()
    by: str
    by_name: str
    when: str
    reason: str


class RoomToConfirm(RoomFact):
    """The partner itself noted when people came or went, or nobody noted that they went: is it true?

    `to`: the booker, who is asked. `until`: when the partner's word holds; nothing: the booker or staff have
    to say. The stream is the booking, as of all that follow.
    """

    kind = "room.to_confirm.v1"
    booking: str
    booked_by: str
    to: tuple[str, ...]
    when: str
    until: datetime | None = None


class RoomDisputed(RoomFact):
    """The booker says that it was not so; staff decide."""

    kind = "room.disputed.v1"
    booking: str
    booked_by: str
    when: str
    reason: str


class RoomRejected(RoomFact):
    """Staff decided that a room was not used as its partner said: nothing is paid."""

    kind = "room.rejected.v1"
    booking: str
    booked_by: str
    when: str
    reason: str


class RoomUsed(RoomFact):
    """A room was used, and so many points are earned by it; 0: too short, or there is no rule."""

    kind = "room.used.v1"
    booking: str
    booked_by: str
    when: str
    inside_minutes: int
    outside_minutes: int
    amount_points: int
