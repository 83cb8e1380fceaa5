"""Which of the two generations of Bandwidth's API a test, a class or a module is about.

What makes sense on both runs on both; a test that says nothing runs on the template's default. The mark means
something for tests that use the fixture `generation`, as every test of a stack does.
"""

import pytest

from local.stack import APIS

both_generations = pytest.mark.generations(*sorted(APIS))
only_classic = pytest.mark.generations("classic")
only_current = pytest.mark.generations("current")
