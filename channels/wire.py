"""What all wire messages share."""

from pydantic import BaseModel, ConfigDict, Field


class Wire(BaseModel):
    """A message: frozen, and refused if it holds a field that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Numbered(Wire):
    """A message of the server to a citizen."""

    seq: int = Field(ge=0, description="Rises by one with each message of the conversation")
