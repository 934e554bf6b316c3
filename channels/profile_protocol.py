"""The messages of `/ws/v1/chat` about a citizen's profile and the policies they may fit (服务找人). No I/O.

None of them is kept among the events of the conversation: what the server sends speaks of the line itself,
carries the `seq` reached so far and takes none. What is kept is the profile alone, sealed, until it is
withdrawn.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.profiles.policies import Found
from bot.profiles.reminding import WrittenReminder
from channels.wire import Numbered, Wire
from knowledge_base.dates import today
from knowledge_base.eligibility.records import Profile

EARLIEST_YEAR = 1900
MOST_CHILDREN = 12
_MOST_MARKS = 300

Mark = Annotated[str, Field(min_length=1, max_length=40)]
Marks = Annotated[tuple[Mark, ...], Field(max_length=_MOST_MARKS)]
Month = Annotated[str, Field(pattern=r"^(19|20)\d\d-(0[1-9]|1[0-2])$", description="Such as 2024-05")]


class Told(Wire):
    """What a citizen tells; what is left out is not told, and nothing is concluded from it.

    Attributes:
        children: Month of birth of each; empty for none.
        tags, enterprise: Marks they have.
        without: Marks they say they have not.
    """

    birth_year: int | None = Field(default=None, ge=EARLIEST_YEAR)
    region: str | None = Field(default=None, max_length=100)
    children: Annotated[tuple[Month, ...], Field(max_length=MOST_CHILDREN)] | None = None
    tags: Marks = ()
    enterprise: Marks = ()
    without: Marks = ()

    @model_validator(mode="after")
    def _is_born(self) -> Self:
        if self.birth_year is not None and self.birth_year > today().year:
            raise ValueError("birth_year lies ahead")
        return self

    @property
    def profile(self) -> Profile:
        """The same as it is judged by."""
        children = self.children
        return Profile(
            birth_year=self.birth_year,
            region=self.region or None,
            tags=frozenset(self.tags),
            children=None if children is None else tuple((int(m[:4]), int(m[5:])) for m in children),
            enterprise=frozenset(self.enterprise),
            without=frozenset(self.without),
        )

    @classmethod
    def of(cls, person: Profile) -> Self:
        """Return what makes that profile."""
        children = person.children
        return cls(
            birth_year=person.birth_year,
            region=person.region,
            children=None if children is None else tuple(f"{year}-{month:02}" for year, month in children),
            tags=tuple(sorted(person.tags or ())),
            enterprise=tuple(sorted(person.enterprise or ())),
            without=tuple(sorted(person.without or ())),
        )


class OpenProfile(Wire):
    """Show what is asked, and with consent what was told and what it leads to. Answered by `policies`."""

    type: Literal["open_profile"] = "open_profile"


class ConsentToProfile(Wire):
    """Consent to the text of that version. Answered by `policies`."""

    type: Literal["consent_profile"] = "consent_profile"
    version: str = Field(max_length=20)


class SaveProfile(Wire):
    """Put this in the place of what was told before; refused without consent. Answered by `policies`."""

    type: Literal["save_profile"] = "save_profile"
    told: Told


class WithdrawProfile(Wire):
    """Withdraw consent: everything told, and what followed from it, is deleted. Answered by `policies`."""

    type: Literal["withdraw_profile"] = "withdraw_profile"


class DismissReminder(Wire):
    """Show a reminder no more."""

    type: Literal["dismiss_reminder"] = "dismiss_reminder"
    id: int


ProfileMessage = OpenProfile | ConsentToProfile | SaveProfile | WithdrawProfile | DismissReminder
PROFILE_TYPES = ("open_profile", "consent_profile", "save_profile", "withdraw_profile", "dismiss_reminder")


class Consent(Wire):
    """What a citizen agrees to, in full, and whether they have."""

    version: str
    text: str
    given: bool


class ProfileForm(Wire):
    """What is asked: only what some rule in force looks at; empty or false where none does."""

    birth_year: bool
    children: bool
    regions: tuple[str, ...]
    tags: tuple[str, ...]
    enterprise: tuple[str, ...]


class PoliciesMessage(Numbered):
    """How it stands. `told` and `found` are there with consent only; `deleted` says that all is gone now."""

    type: Literal["policies"] = "policies"
    consent: Consent
    form: ProfileForm
    told: Told | None = None
    found: Found | None = None
    deleted: bool = False


class PolicyRemindersMessage(Numbered):
    """Reminders that were not dismissed; a line tells each once."""

    type: Literal["policy_reminders"] = "policy_reminders"
    reminders: tuple[WrittenReminder, ...]


ProfileNews = PoliciesMessage | PolicyRemindersMessage
