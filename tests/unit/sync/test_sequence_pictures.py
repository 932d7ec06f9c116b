"""The pictures in docs are what their descriptions say, and the documents show all of them."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
SOURCES = sorted((DOCS / "pictures").glob("*.txt"))


SCRIPT = runpy.run_path(str(ROOT / "scripts" / "sequence_pictures.py"))


def test_every_picture_is_drawn_from_its_description():
    assert len(SOURCES) == 5
    draw = SCRIPT["draw"]
    for source in SOURCES:
        picture = source.with_suffix(".svg")
        assert picture.read_text() == draw(source.read_text()), f"draw {picture.name} again"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_picture_is_readable_and_tells_its_story_in_words(source):
    root = ET.fromstring(source.with_suffix(".svg").read_text())  # noqa: S314  our own file
    svg = "{http://www.w3.org/2000/svg}"
    width, height = (int(root.get(name)) for name in ("width", "height"))
    words = root.find(f"{svg}desc").text
    for text in root.iter(f"{svg}tspan"):
        reach = len(text.text) * 6.7 / 2
        assert reach <= float(text.get("x")) <= width - reach, text.text
        assert float(text.get("y")) < height
    for step in SCRIPT["read"](source.read_text()).steps:
        assert re.split(r": | ", step, maxsplit=1)[1].split()[-1] in words


def test_every_picture_stands_in_a_document():
    text = "".join(document.read_text() for document in DOCS.glob("*.md"))
    for source in SOURCES:
        assert f"(pictures/{source.stem}.svg)" in text


@pytest.mark.parametrize("bad", ["lanes A\nfly away", "title T\nlanes A\nback again"])
def test_a_description_that_makes_no_sense_is_refused(bad):
    with pytest.raises(SystemExit):
        SCRIPT["draw"](bad)
