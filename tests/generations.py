"""Marks that select the generations of Bandwidth's API that a test, a class or a module runs on.

A test without a mark runs on the template's default. A mark affects only tests that use the fixture
`generation`, directly or through the fixture of a stack.
"""

import pytest

from local.stack import APIS

both_generations = pytest.mark.generations(*sorted(APIS))
only_classic = pytest.mark.generations("classic")
only_current = pytest.mark.generations("current")
