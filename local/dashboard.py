"""Draws the dashboard of template.yaml as docs/dashboard.svg, with invented data.

The picture shows which graphs the dashboard has. CloudWatch draws them differently.
"""

import argparse
import json
import math
import random
import re
import sys
from html import escape
from pathlib import Path
from typing import Any, Final

from samcli.yamlhelper import yaml_parse

ROOT: Final = Path(__file__).parent.parent
PICTURE: Final = ROOT / "docs" / "dashboard.svg"
STACK: Final = "bandwidth-messaging"
# Pixels of a grid cell of CloudWatch, which has 24 columns.
_COLUMN, _ROW = 44, 34
_COLOURS: Final = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f")
_HOURS: Final = 24
# The classes that a search finds in the invented data.
_CLASSES: Final = ("spam", "recipient", "carrier")
# The usual value of each invented metric at noon. Metrics that are not listed are 0.
_USUAL: Final = {
    ("SendWaitSeconds", "SampleCount"): 900,
    ("SendWaitSeconds", "p50"): 0.4,
    ("SendWaitSeconds", "Maximum"): 40,
    ("DeliverySeconds", "SampleCount"): 860,
    ("DeliverySeconds", "p50"): 2,
    ("DeliverySeconds", "p90"): 5,
    ("DeliverySeconds", "p99"): 19,
    ("Failures", "Sum"): 30,
    ("MessagesReceived", "Sum"): 210,
    ("LaneBacklogSeconds", "Maximum"): 25,
    ("Segments", "Sum"): 1300,
    ("Mms", "Sum"): 60,
    ("OptOutsReceived", "Sum"): 6,
    ("ApproximateNumberOfMessagesVisible", "Maximum"): 8,
    ("ApproximateAgeOfOldestMessage", "Maximum"): 12,
    ("Count", "Sum"): 2300,
    ("4XXError", "Sum"): 4,
    ("Latency", "p99"): 310,
    ("ExecutionsStarted", "Sum"): 1,
    ("ExecutionsSucceeded", "Sum"): 1,
    ("IteratorAge", "Maximum"): 700,
}


def load_dashboard() -> dict[str, Any]:
    """Return the body of the dashboard. Each resource and parameter of it is its name, or its default."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    values = {name: each.get("Default") for name, each in template["Parameters"].items()}
    values |= {"AWS::StackName": STACK, "AWS::Region": "us-east-1"}
    dashboard: dict[str, Any] = json.loads(
        re.sub(r"\$\{([\w:]+)(\.\w+)?\}", lambda found: str(values.get(found[1], found[1])), body)
    )
    return dashboard


def draw(dashboard: dict[str, Any]) -> str:
    """Return the dashboard as an SVG picture."""
    widgets = dashboard["widgets"]
    width = max(each["x"] + each["width"] for each in widgets) * _COLUMN
    height = max(each["y"] + each["height"] for each in widgets) * _ROW
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif"',
        f'viewBox="0 0 {width} {height}">',
        f"<title>Dashboard of the stack {STACK}, with invented data</title>",
        f'<rect width="{width}" height="{height}" fill="#f2f3f3"/>',
        *map(_draw_widget, widgets),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _draw_widget(widget: dict[str, Any]) -> str:
    x, y = widget["x"] * _COLUMN + 4, widget["y"] * _ROW + 4
    width, height = widget["width"] * _COLUMN - 8, widget["height"] * _ROW - 8
    lines = list(_lines(widget["properties"]))
    legend = 14 * math.ceil(len(lines) / 2)
    plot = height - 54 - legend
    parts = [
        f'<g transform="translate({x},{y})">',
        f'<rect width="{width}" height="{height}" fill="#fff" stroke="#d5dbdb"/>',
        _text(10, 20, widget["properties"]["title"], size=13, attributes='font-weight="bold"'),
    ]
    for axis, place, anchor in (("left", 10, "start"), ("right", width - 10, "end")):
        values_of_axis = [value for _, values, side in lines if side == axis for value in values]
        if values_of_axis:
            top = max(values_of_axis) or 1
            scale = f"{top:,.0f}" if top >= 100 else f"{top:.3g}"  # noqa: PLR2004 - three digits
            parts.append(_text(place, 36, scale, attributes=f'text-anchor="{anchor}"'))
            parts += [
                _draw_line([1 - value / top for value in values], width - 20, plot, _COLOURS[number])
                for number, (_, values, side) in enumerate(lines)
                if side == axis
            ]
    for number, (label, _, _) in enumerate(lines):
        left, top = 10 + number % 2 * width // 2, height - legend + number // 2 * 14 + 4
        parts.append(_text(left, top, f"■ {label}", fill=_COLOURS[number]))
    return "\n".join([*parts, "</g>"])


def _draw_line(depths: list[float], width: int, height: int, colour: str) -> str:
    """Return a line through points that are this share of the height below the top."""
    points = " ".join(
        f"{10 + hour * width / (_HOURS - 1):.0f},{42 + height * depth:.0f}"
        for hour, depth in enumerate(depths)
    )
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _text(x: int, y: int, text: str, *, size: int = 10, fill: str = "#16191f", attributes: str = "") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}" {attributes}>{escape(text)}</text>'


def _lines(properties: dict[str, Any]) -> Any:
    """Yield label, values by hour, and axis of each line of a graph."""
    series: dict[str, list[float]] = {}
    expressions = []
    for *names, options in properties["metrics"]:
        if "expression" in options:
            expressions.append(options)
            continue
        values = _invent(names[1], options["stat"], seed="".join(names) + options["stat"])
        series[options.get("id", "")] = values
        if options.get("visible", True):
            yield options["label"], values, options.get("yAxis", "left")
    for options in expressions:
        if "SEARCH" in options["expression"]:
            for each in _CLASSES:
                yield each, _invent("Failures", "Sum", seed=each), "left"
        else:
            yield options["label"], _compute(options["expression"], series), "left"


def _compute(expression: str, series: dict[str, list[float]]) -> list[float]:
    """Return the values of an expression that sums products of a series and a price."""
    terms = [term.split("*") for term in expression.split("+")]
    return [sum(series[name.strip()][hour] * float(price) for name, price in terms) for hour in range(_HOURS)]


def _invent(name: str, stat: str, *, seed: str) -> list[float]:
    """Return invented values of a metric: more by day than by night, the same at each run."""
    usual = _USUAL.get((name, stat), 0)
    # The hours of all metrics vary alike, so that no more messages are delivered than sent.
    common, own = random.Random(1), random.Random(seed)  # noqa: S311 - a picture
    day = [0.15 + 0.85 * max(0.0, math.sin(math.pi * (hour - 6) / 16)) for hour in range(_HOURS)]
    return [round(usual * share * common.uniform(0.75, 1.25) * own.uniform(0.98, 1.02), 2) for share in day]


def main() -> None:
    """Write the picture, or check that it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the picture is out of date")
    picture = draw(load_dashboard())
    if not parser.parse_args().check:
        PICTURE.write_text(picture)
    elif not PICTURE.exists() or PICTURE.read_text() != picture:
        sys.exit("docs/dashboard.svg is out of date. Run: make diagrams")


if __name__ == "__main__":
    main()
