"""What an operator can set for matching alone."""

from pydantic import Field

from services.chassis.settings import Seconds, Settings


class MatchingSettings(Settings):
    """The settings of the machinery, and matching's own."""

    places_seconds: Seconds = Field(
        default=0.5, description="how often each replica of matching gives free places to those who wait"
    )
    lessons_seconds: Seconds = Field(
        default=1.0, description="how often each replica of matching learns what was taught"
    )
    lessons_count: int = Field(
        default=20,
        ge=1,
        description="so many new lessons are learnt at once; while a community has few, each one is",
    )
    lessons_wait_seconds: float = Field(
        default=30.0, ge=0, le=86_400, description="within which fewer new lessons are learnt, too"
    )
