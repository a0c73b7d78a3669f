"""What an operator can set for notify alone."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from services.chassis.settings import Seconds, Settings


class NotifySettings(Settings):
    """The settings of the machinery, and notify's own."""

    tellings_seconds: Seconds = Field(
        default=0.5, description="how often each replica of notify looks for what many are to be told"
    )
    alarm_ways: SecretStr = Field(
        default=SecretStr(""),
        description="how emergencies leave the house, by community, as JSON (notify alone)",
    )
    notices_kept_days: int = Field(
        default=1_095,
        ge=0,
        le=36_500,
        description="how long notices are kept; demands keep what happened; 0: for ever (notify alone)",
    )

    @model_validator(mode="after")
    def _tells_nobody_twice(self) -> Self:
        """A notice shows that its fact was told: it must outlive what may be said again."""
        if 0 < self.notices_kept_days * 24 <= self.facts_kept_hours:
            raise ValueError("SANDAN_NOTICES_KEPT_DAYS must be longer than SANDAN_FACTS_KEPT_HOURS")
        return self

    notify_console: bool = Field(default=False, description="also print every notice to standard output")
