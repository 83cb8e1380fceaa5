"""URLs of Bandwidth's APIs by generation."""

from pathlib import Path

from tests.contracts.template.deployed import GLOBALS
from tests.template import ROOT, template


def test_classic_urls_are_those_of_the_documents() -> None:
    documents = " ".join(path.read_text() for path in Path(ROOT / "tests/documents").glob("*/*.http"))
    urls = [
        *template()["Mappings"]["Hosts"]["classic"].values(),
        template()["Parameters"]["CatapultUrl"]["Default"],
    ]

    assert [url for url in urls if f" {url}/" not in documents] == []


def test_current_urls_are_those_of_the_upgrade_guide() -> None:
    assert template()["Mappings"]["Hosts"]["current"] == {
        "DashboardUrl": "https://api.bandwidth.com/api/v2",
        "MessagingUrl": "https://messaging.bandwidth.com/api/v2",
    }


def test_each_url_is_its_parameter_or_that_of_the_generation() -> None:
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
