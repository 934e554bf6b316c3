"""The languages the service says its own words in."""

from enum import StrEnum


class Language(StrEnum):
    """The languages replies are kept in, by BCP 47 tag."""

    SIMPLIFIED = "zh-CN"
    TRADITIONAL = "zh-TW"
    ENGLISH = "en"
