"""The databases that everything with SQL is tested on."""

import pytest

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]
