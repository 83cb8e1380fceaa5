"""The documentation: links have targets, and parameters, alarms and metrics are described."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.emitted_metrics import emitted_metrics
from tests.template import ROOT, resources, template

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OPERATIONS = ROOT / "docs" / "operations.md"
DEPLOY = ROOT / "docs" / "deploy.md"
SOURCES = sorted([*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers").rglob("*.py")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^( *)```.*?^\1```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub generates them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield file and anchor of each relative link of a page."""
    for link in LINK.findall(prose(page)):
        if "://" not in link:
            file, _, anchor = link.partition("#")
            yield (page.parent / file).resolve() if file else page, anchor


def test_an_anchor_matches_the_one_github_generates(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A & B's\n\n```\n# no heading\n```\n\n## 1. From *classic* to `current`\n")

    assert anchors(page) == {"a--bs", "1-from-classic-to-current"}


@every_page
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = [
        f"{file}#{anchor}"
        for file, anchor in links(page)
        if not file.exists() or (anchor and anchor not in anchors(file))
    ]

    assert broken == []


@every_page
def test_no_two_headings_of_a_page_share_an_anchor(page: Path) -> None:
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)

    assert len(anchors(page)) == len(titles)


def test_every_page_is_reached_from_the_readme() -> None:
    reached, pending = set(), [ROOT / "README.md"]

    while pending:
        page = pending.pop()
        reached.add(page)
        pending += [file for file, _ in links(page) if file.suffix == ".md" and file not in reached]

    assert set(PAGES) <= reached


@pytest.mark.parametrize("name", template()["Parameters"])
def test_every_parameter_is_documented_with_its_default(name: str) -> None:
    (row,) = re.findall(rf"^\| `{name}` \| (.+?) \| .+ \|$", DEPLOY.read_text(), re.MULTILINE)
    parameter = template()["Parameters"][name]

    if "Default" not in parameter:
        assert row == "required"
    elif parameter["Default"] == "":
        assert row == "empty"
    elif str(parameter["Default"]).startswith("https://"):
        assert row == "Bandwidth's"
    else:
        assert row.strip("`") == str(parameter["Default"])


def test_the_parameter_tables_list_parameters_only() -> None:
    tables = DEPLOY.read_text().partition("\n## Parameters\n")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", tables, re.MULTILINE)) == template()["Parameters"].keys()


@pytest.mark.parametrize("logical_id", resources("AWS::CloudWatch::Alarm"))
def test_every_alarm_names_the_heading_of_its_runbook(logical_id: str) -> None:
    description = resources("AWS::CloudWatch::Alarm")[logical_id]["AlarmDescription"]
    (anchor,) = re.findall(r"; see docs/operations\.md#(\S+)$", description)

    assert anchor in anchors(OPERATIONS)
    (row,) = re.findall(rf"^\| \*{logical_id}\* \|.+$", OPERATIONS.read_text(), re.MULTILINE)
    assert row.endswith(f"(#{anchor}) |")


def test_every_metric_is_documented() -> None:
    assert {name for name in emitted_metrics() if f"| `{name}` |" not in OPERATIONS.read_text()} == set()


def test_every_heading_that_the_code_names_exists() -> None:
    named = [
        reference
        for file in SOURCES
        for reference in re.findall(r'docs/(\w+)\.md, "([^"]+)"', file.read_text())
    ]

    assert named
    for page, title in named:
        assert f"# {title}\n" in prose(ROOT / "docs" / f"{page}.md")
