"""Lessons as HTML: nothing is fetched, widgets leave something behind, text stays text."""

import json
import re
from html.parser import HTMLParser

import nbformat
import pytest
from typer.testing import CliRunner

from course_utils.course import syllabus
from workshop import __main__ as command
from workshop import editions, fallbacks, pages

VIEW = "application/vnd.jupyter.widget-view+json"


class Fetched(HTMLParser):
    """Collects every address that a browser would fetch by itself."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in ("script", "img", "audio", "video", "source", "iframe", "link"):
            self.found += [given[key] for key in ("src", "href") if given.get(key)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = CliRunner().invoke(command.app, ["site", "--out", str(folder)])
    assert done.exit_code == 0 and done.stdout == f"{folder / 'index.html'}\n", done.output
    return folder


def state(**models):
    return {name: {"model_name": kind, "state": values} for name, (kind, values) in models.items()}


def test_a_guess_can_be_ticked_and_its_player_plays():
    models = state(
        box=("VBoxModel", {"children": ["IPY_MODEL_text", "IPY_MODEL_row"]}),
        text=("HTMLModel", {"value": "<audio src='data:audio/mpeg;base64,AA'></audio>"}),
        row=("HBoxModel", {"children": ["IPY_MODEL_a", "IPY_MODEL_b"]}),
        a=("ButtonModel", {"description": "<b>dog</b>"}),
        b=("ButtonModel", {"description": "cat"}),
    )
    page = fallbacks.widget(models, "box", "What do you hear?")
    assert "<audio src='data:audio/mpeg;base64,AA'>" in page
    assert page.count('type="radio"') == 2 and page.count('name="box"') == 2
    assert "&lt;b&gt;dog&lt;/b&gt;" in page and "<b>dog" not in page


def test_progress_bars_go_and_what_needs_a_kernel_says_so():
    models = state(
        bar=("HBoxModel", {"children": ["IPY_MODEL_p"]}),
        p=("FloatProgressModel", {"value": 3.0}),
        recorder=("AnyModel", {}),
    )
    assert fallbacks.widget(models, "bar", "Loading: 0%") == ""
    assert "Recorder: run &lt;it&gt;" in fallbacks.widget(models, "recorder", "Recorder: run <it>")
    assert "not there" in fallbacks.widget(models, "gone", "not there")


def test_still_leaves_the_notebook_alone():
    cell = nbformat.v4.new_code_cell(
        outputs=[
            nbformat.v4.new_output("display_data", {VIEW: {"model_id": "p"}, "text/plain": "0%"}),
            nbformat.v4.new_output("display_data", {"image/png": "QUJD\n", "text/plain": "Axes"}),
        ]
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    models = state(p=("FloatProgressModel", {}))
    notebook.metadata["widgets"] = {fallbacks.STATE: {"state": models}}
    before = json.dumps(notebook)
    (picture,) = fallbacks.still(notebook).cells[0].outputs
    assert 'src="data:image/png;base64,QUJD" alt="' in picture.data["text/html"]
    assert json.dumps(notebook) == before


def test_the_page_of_a_server_that_is_gone_is_not_asked_for():
    output = nbformat.v4.new_output("display_data", {"text/html": "<iframe src='http://x/'>"})
    cell = nbformat.v4.new_code_cell(outputs=[output])
    (shown,) = fallbacks.still(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert "iframe" not in str(shown.data) and "page of a server" in str(shown.data)


def test_formulas_become_mathml():
    page = pages.markdown(r"Inline $a_1 < 2$ and $$\text{DER} = \frac{a}{b}$$ done.")
    assert page.count("<math") == 2 and "<mfrac>" in page and 'display="block"' in page
    assert "$" not in page and "a_1" not in page


def test_links_between_lessons_lead_to_pages(built):
    for path in built.glob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert (
            ".ipynb" not in re.sub(r"<pre>.*?</pre>", "", page, flags=re.S) or path.stem[0] == "1"
        )
        for target in re.findall(r'href="(\w+\.html)"', page):
            assert (built / target).is_file(), f"{path.name} links {target}"


def test_pages_fetch_only_what_is_beside_them(built):
    for path in built.glob("*.html"):
        for address in Fetched(path.read_text(encoding="utf-8")).found:
            assert address.startswith("data:") or (built / address).is_file(), address


def test_index_has_the_table_of_the_readme(built):
    page = (built / "index.html").read_text(encoding="utf-8")
    readme = (syllabus.folder().parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d\d)\]\(\S+\) \| \[(.+?)\]\(", readme, re.M)
    assert len(rows) == len(syllabus.lessons())
    for number, title in rows:
        for text in (number, re.escape(title)):
            assert re.search(rf'<td><a href="{number}_\w+\.html">{text}</a></td>', page), text
    assert "20 hours" in page and "CC BY 4.0" in page


def test_solutions_are_folded(built):
    for lesson in syllabus.lessons():
        page = (built / f"{lesson.file[:-6]}.html").read_text(encoding="utf-8")
        tasks = editions.tasks(editions.read(lesson))
        shown = re.findall(r'<details class="solution">\s*<summary>Solution ([\d.]+)', page)
        assert shown == [task.id for task in tasks]


def test_the_search_knows_every_heading_and_is_text(built):
    listing = (built / "assets" / "search-index.js").read_text(encoding="utf-8")
    assert "<" not in listing  # a script that holds "</script>" would end there
    sections = json.loads(listing.removeprefix("window.COURSE_INDEX = ").rstrip(";\n"))
    for lesson in syllabus.lessons():
        address = f"{lesson.file[:-6]}.html"
        page = (built / address).read_text(encoding="utf-8")
        here = [section for section in sections if section["page"] == address]
        wanted = [name.replace("`", "") for name in editions.headings(editions.read(lesson))[1:]]
        assert set(wanted) <= {section["heading"] for section in here}
        assert all(page.count(f'id="{section["anchor"]}"') == 1 for section in here)
