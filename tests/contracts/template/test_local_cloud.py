"""Outputs and parameters of the template that the local cloud uses."""

from local.deployment import OUTPUTS
from local.stack import APIS, DEFAULT_API
from tests.template import template


def test_the_template_has_the_outputs_that_the_local_cloud_reads() -> None:
    assert set(template()["Outputs"]) >= OUTPUTS


def test_the_local_cloud_has_the_same_default_generation() -> None:
    assert template()["Parameters"]["BandwidthApi"]["Default"] == DEFAULT_API
    assert sorted(template()["Parameters"]["BandwidthApi"]["AllowedValues"]) == sorted(APIS)
