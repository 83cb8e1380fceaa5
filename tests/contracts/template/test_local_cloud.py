"""The local cloud uses outputs and parameters of the template."""

from local.deployment import OUTPUTS
from local.stack import APIS, DEFAULT_API
from tests.template import template


def test_the_local_cloud_finds_the_outputs_it_uses() -> None:
    assert set(template()["Outputs"]) >= OUTPUTS


def test_the_local_cloud_has_the_same_default_generation() -> None:
    assert template()["Parameters"]["BandwidthApi"]["Default"] == DEFAULT_API
    assert sorted(template()["Parameters"]["BandwidthApi"]["AllowedValues"]) == sorted(APIS)
