"""What all views of matching are."""

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True)
