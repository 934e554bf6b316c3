"""What the steps need of the service catalogue: the one in use, the law behind it, what match is enough."""

from dataclasses import dataclass

from bot.service_confidence import ServiceConfidence
from bot.turn import Turn
from knowledge_base.services.citing import LegalSources
from retrieval.services import LiveServices, Services


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """The service catalogue as a consultation uses it."""

    live: LiveServices
    sources: LegalSources
    confidence: ServiceConfidence

    def of(self, turn: Turn) -> Services:
        """Return the catalogue in use, read in the words of the turn's own index.

        Raises:
            ValueError: If the turn has not been rewritten.
            StoreError: If the catalogue cannot be read the first time.
        """
        if turn.index is None:
            raise ValueError("services are looked up after the question is rewritten")
        return self.live.get(turn.index.reader, turn.index.encoder)
