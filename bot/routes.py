"""What a turn may want."""

from dataclasses import dataclass
from enum import StrEnum


class Route(StrEnum):
    """What a turn wants."""

    POLICY = "policy"
    SERVICE = "service"
    OWN_RECORD = "own_record"
    COMPLAINT = "complaint"
    PERSON = "person"
    EMERGENCY = "emergency"
    SMALLTALK = "smalltalk"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class RouteGuess:
    """A route and how likely it is the right one, in [0, 1]; one told by patterns is certain."""

    route: Route
    probability: float
