"""What all views of intake are."""

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True)
