"""What an operator can set for intake alone."""

from pydantic import Field, SecretStr

from services.chassis.settings import Settings
from services.intake.domain.crowds import BY_NAME_MAX, SUPPORTERS_MAX


class IntakeSettings(Settings):
    """The settings of the machinery, and intake's own."""

    vault_key: SecretStr = Field(
        default=SecretStr(""), description="base64 of 32 bytes; encrypts residents' contacts (intake alone)"
    )
    same_demand_seconds: int = Field(
        default=60, ge=0, le=3_600, description="the same words by the same person within this are one demand"
    )
    supporters_by_name: int = Field(
        default=BY_NAME_MAX,
        ge=20,
        le=SUPPORTERS_MAX,
        description="so many supporters stand on their demand; the largest while 0.3 runs beside",
    )
    likeness_mb: int = Field(
        default=96,
        ge=1,
        le=4_096,
        description="memory for finding likely duplicates; the least used makes room",
    )
