"""URLs of Bandwidth's APIs by generation."""

from pathlib import Path

from tests.contracts.template.deployed import GLOBALS
from tests.template import ROOT, template


def test_classic_addresses_of_bandwidth_are_those_of_the_documents() -> None:
    documents = " ".join(path.read_text() for path in Path(ROOT / "tests/documents").glob("*/*.http"))
    addresses = [
        *template()["Mappings"]["Hosts"]["classic"].values(),
        template()["Parameters"]["CatapultUrl"]["Default"],
    ]

    assert [address for address in addresses if f" {address}/" not in documents] == []


def test_current_addresses_of_bandwidth_are_those_of_its_upgrade_guide() -> None:
    assert template()["Mappings"]["Hosts"]["current"] == {
        "DashboardUrl": "https://api.bandwidth.com/api/v2",
        "MessagingUrl": "https://messaging.bandwidth.com/api/v2",
    }


def test_each_address_of_bandwidth_can_be_set_and_is_the_generations_otherwise() -> None:
    hosts = template()["Mappings"]["Hosts"]

    assert hosts.keys() == set(template()["Parameters"]["BandwidthApi"]["AllowedValues"])
    variables = GLOBALS["Environment"]["Variables"]
    for name in hosts["classic"].keys() | hosts["current"].keys():
        assert template()["Parameters"][name]["Default"] == ""
        variable = variables[name.replace("Url", "_URL").upper()]
        assert variable == {
            "Fn::If": [
                f"Has{name}",
                {"Ref": name},
                {"Fn::FindInMap": ["Hosts", {"Ref": "BandwidthApi"}, name]},
            ]
        }
