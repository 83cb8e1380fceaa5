"""Which of the two generations of Bandwidth's API a test is about.

What makes sense on both runs on both; a test that says nothing runs on the template's default.
"""

import pytest

from local.stack import APIS

both_generations = pytest.mark.parametrize("generation", sorted(APIS), indirect=True)
only_classic = pytest.mark.parametrize("generation", ["classic"], indirect=True)
only_current = pytest.mark.parametrize("generation", ["current"], indirect=True)
