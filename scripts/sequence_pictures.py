"""Draws docs/pictures/*.svg from the *.txt beside them: `python scripts/sequence_pictures.py`.

The language, one thing a line: `title T`, `lanes A | B`, `A -> B: text` (a request),
`A --> B: text` (an answer), `A -x B: text` (lost on the way), `note A: text`, and `cut text` ...
`back text` around what happens while a line is down.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from xml.sax.saxutils import escape

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
LANE_PX = 210
MARGIN_PX = 105
HEAD_PX = 96
LINE_PX = 17
CHARACTER_PX = 6.7  # of 13 px sans-serif, generously
ARROW = re.compile(r"(?P<a>.+?) (?P<kind>-->|->|-x) (?P<b>[^:]+): (?P<text>.+)")
STYLE = """
text { font: 13px system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; fill: #1d2733 }
.title { font-size: 17px; font-weight: 600 }
.lane { font-weight: 600 }
.life { stroke: #c3ccd6; stroke-dasharray: 2 5 }
.box { fill: #eef2f7; stroke: #9fb0c3 }
.arrow { stroke: #23527c; stroke-width: 1.6; fill: none }
.answer { stroke-dasharray: 6 4 }
.lost { stroke: #b3261e; stroke-dasharray: 6 4 }
.note { fill: #fff7dc; stroke: #dcc56d }
.cut { fill: #fbeceb }
.cut-text { fill: #8c1d18; font-style: italic }
.back-text { fill: #1e5f3b; font-style: italic }
"""


class Drawing:
    """One picture that grows downwards."""

    def __init__(self, title: str, lanes: list[str]) -> None:
        self.title = title
        self.lanes = lanes
        self.y = HEAD_PX
        self.told: list[str] = []
        self._over: list[str] = []
        self._under: list[str] = []
        self._cut_from: int | None = None

    @property
    def width(self) -> int:
        return 2 * MARGIN_PX + LANE_PX * (len(self.lanes) - 1)

    def arrow(self, a: str, b: str, kind: str, text: str) -> None:
        start, end = self._x(a), self._x(b)
        lines = self._lines(text, abs(end - start) - 24)
        self._over.append(self._text((start + end) / 2, lines))
        self.y += LINE_PX * len(lines) + 2
        step = 1 if end > start else -1
        css = {"->": "arrow", "-->": "arrow answer", "-x": "arrow lost"}[kind]
        tip = (start + end) / 2 + 20 * step if kind == "-x" else end - 2 * step
        self._over.append(f'<path class="{css}" d="M{start} {self.y}H{tip:g}"/>')
        self._over.append(_cross(tip, self.y) if kind == "-x" else _head(tip, self.y, step))
        self.y += 16
        lost = " (lost)" if kind == "-x" else ""
        self.told.append(f"{a} to {b}: {text}{lost}.")

    def note(self, lane: str, text: str) -> None:
        lines = self._lines(text, LANE_PX - 34)
        half = max(len(line) for line in lines) * CHARACTER_PX / 2 + 9
        x, height = self._x(lane), LINE_PX * len(lines) + 9
        self._over.append(
            f'<rect class="note" x="{x - half:g}" y="{self.y - 5}" width="{2 * half:g}"'
            f' height="{height}" rx="4"/>'
        )
        self._over.append(self._text(x, lines))
        self.y += height + 11
        self.told.append(f"{lane}: {text}.")

    def cut(self, text: str) -> None:
        self._cut_from = self.y - 4
        self._banner(text, "cut-text")

    def back(self, text: str) -> None:
        if self._cut_from is None:
            raise SystemExit(f"{self.title}: back without cut")
        self._under.append(
            f'<rect class="cut" x="8" y="{self._cut_from}" width="{self.width - 16}"'
            f' height="{self.y - self._cut_from - 2}" rx="6"/>'
        )
        self._cut_from = None
        self.y += 8
        self._banner(text, "back-text")

    def svg(self) -> str:
        height = self.y + 14
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {height}"'
            f' width="{self.width}" height="{height}" role="img" aria-labelledby="t d">',
            f'<title id="t">{escape(self.title)}</title>',
            f'<desc id="d">{escape(" ".join(self.told))}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect width="{self.width}" height="{height}" rx="8" fill="#ffffff"/>',
            f'<text class="title" x="16" y="28">{escape(self.title)}</text>',
            *self._under,
            *(self._lane(name, height) for name in self.lanes),
            *self._over,
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _lane(self, name: str, height: int) -> str:
        x, half = self._x(name), len(name) * CHARACTER_PX * 1.08 / 2 + 12
        return (
            f'<path class="life" d="M{x} 72V{height - 10}"/>'
            f'<rect class="box" x="{x - half:g}" y="44" width="{2 * half:g}" height="28" rx="5"/>'
            f'<text class="lane" x="{x}" y="62" text-anchor="middle">{escape(name)}</text>'
        )

    def _banner(self, text: str, css: str) -> None:
        self._over.append(f'<text class="{css}" x="18" y="{self.y + 12}">{escape(text)}</text>')
        self.y += 26
        self.told.append(f"{text[0].upper()}{text[1:]}.")

    def _text(self, x: float, lines: list[str]) -> str:
        rows = "".join(
            f'<tspan x="{x:g}" y="{self.y + 10 + LINE_PX * n}">{escape(line)}</tspan>'
            for n, line in enumerate(lines)
        )
        return f'<text text-anchor="middle">{rows}</text>'

    @staticmethod
    def _lines(text: str, width_px: float) -> list[str]:
        return wrap(text, max(12, int(width_px / CHARACTER_PX)))

    def _x(self, lane: str) -> int:
        return MARGIN_PX + LANE_PX * self.lanes.index(lane)


def _head(x: float, y: int, step: int) -> str:
    return f'<path class="arrow" d="M{x - 7 * step:g} {y - 4}L{x:g} {y}L{x - 7 * step:g} {y + 4}"/>'


def _cross(x: float, y: int) -> str:
    return (
        f'<path class="arrow lost" style="stroke-dasharray:none"'
        f' d="M{x - 5:g} {y - 5}l10 10M{x + 5:g} {y - 5}l-10 10"/>'
    )


@dataclass(slots=True)
class Description:
    """A picture in words."""

    title: str = ""
    lanes: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)


def read(text: str) -> Description:
    """The title, the lanes and the steps."""
    found = Description()
    for line in filter(None, (line.strip() for line in text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "title":
            found.title = rest
        elif word == "lanes":
            found.lanes = [lane.strip() for lane in rest.split("|")]
        else:
            found.steps.append(line)
    return found


def draw(text: str) -> str:
    """The SVG of a description."""
    description = read(text)
    drawing = Drawing(description.title, description.lanes)
    for step in description.steps:
        word, _, rest = step.partition(" ")
        if word == "note":
            drawing.note(*rest.split(": ", 1))
        elif word == "cut":
            drawing.cut(rest)
        elif word == "back":
            drawing.back(rest)
        elif arrow := ARROW.fullmatch(step):
            drawing.arrow(arrow["a"], arrow["b"], arrow["kind"], arrow["text"])
        else:
            raise SystemExit(f"what is this? {step}")
    return drawing.svg()


def main() -> None:
    """Draw all of them."""
    for source in sorted(FOLDER.glob("*.txt")):
        picture = source.with_suffix(".svg")
        picture.write_text(draw(source.read_text()))
        sys.stdout.write(f"{picture.name}\n")


if __name__ == "__main__":
    main()
