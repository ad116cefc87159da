"""What every lesson looks like on disk: the same arc, small files, kept outputs, no errors."""

import html
import json
import re
from importlib.resources import files

import pytest

from course_utils import catalog
from course_utils.course import exercises, syllabus
from workshop import stamp

PATHS = sorted(syllabus.folder().glob("[0-9][0-9]_*.ipynb"))
FRONT_PAGE_ONLY = re.compile(r"^\s*(?:from course_utils\.\w+|import course_utils\.)", re.M)


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source(cell):
    return "".join(cell["source"])


def code(cells):
    return [cell for cell in cells if cell["cell_type"] == "code"]


def tags(cell):
    return cell["metadata"].get("tags", [])


def text_output(cell):
    return "".join("".join(o.get("text", "")) for o in cell["outputs"] if "text" in o)


def test_the_file_is_small_and_executed_without_errors(path, cells):
    assert path.stat().st_size < 1_500_000
    for cell in code(cells):
        assert cell["execution_count"], source(cell)
        for output in cell["outputs"]:
            assert output["output_type"] != "error", source(cell)
            assert output.get("name") != "stderr", f"{source(cell)}\n{output['text']}"


def test_cells_ran_in_order(cells):
    counts = [cell["execution_count"] for cell in code(cells)]
    assert counts == list(range(1, len(counts) + 1))


def test_a_cell_is_short_and_imports_only_the_front_page(cells):
    for cell in code(cells):
        assert len(source(cell).splitlines()) <= 25, source(cell)
        assert not FRONT_PAGE_ONLY.search(source(cell)), source(cell)


def test_the_arc(path, cells):
    lesson = syllabus.read(path)
    assert tags(cells[0]) == ["card"] and source(cells[0]) == stamp.card(lesson, stamp.repository())
    assert source(cells[2]).startswith(f'lesson.start("{lesson.number}")')
    headings = re.findall(r"^## (.+)$", "\n".join(source(c) for c in cells), re.M)
    for wanted in ("Guess first", "Check yourself", "Takeaways"):
        assert wanted in headings
    assert f'exercises.quiz("{lesson.number}")' in "\n".join(source(cell) for cell in code(cells))


def test_the_setup_cell_is_short_folded_and_the_same_everywhere(cells):
    reference = json.loads(PATHS[0].read_text(encoding="utf-8"))["cells"][1]
    assert source(cells[1]) == source(reference)
    assert source(cells[1]).startswith("# @title Setup\n")
    assert len(source(cells[1]).splitlines()) <= 12
    assert cells[1]["metadata"]["jupyter"]["source_hidden"] is True
    assert cells[1]["metadata"]["cellView"] == "form"


def test_the_readme_and_every_lesson_name_the_same_repository_or_none():
    readme = (syllabus.folder().parent / "README.md").read_text(encoding="utf-8")
    opener = readme.split(stamp.COLAB_MARKS[0])[1].split(stamp.COLAB_MARKS[1])[0]
    opened, installed = [("README", opener)], []
    for path in PATHS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        opened.append((path.name, source(cells[0])))
        installed += re.findall('^REPOSITORY = "(.*?)"', source(cells[1]), re.M)
    badges = [
        re.findall(r"colab\.research\.google\.com/github/([^/]+/[^/]+)/", t) for _, t in opened
    ]
    named = {tuple(found) for found in badges} | {
        tuple(filter(None, [address.removeprefix("git+https://github.com/")]))
        for address in installed
    }
    assert len(installed) == len(PATHS) and len(named) == 1, (badges, installed)


def test_the_catalogue_knows_what_a_lesson_loads(path, cells):
    lesson = syllabus.read(path).number
    loads = r'(?:catalog\.model|data\.load|listener)\("([\w-]+)"'
    names = set(re.findall(loads, "\n".join(source(cell) for cell in code(cells))))
    names -= {"genres"} if lesson == "12" else set()  # wanted only after lesson 03, which has it
    assert names == {name for name in names if lesson in catalog.find(name).lessons}


def test_links_to_other_lessons_lead_somewhere(path, cells):
    for cell in cells:
        for target in re.findall(r"\]\((\w+\.ipynb)\)", source(cell)):
            assert (path.parent / target).is_file(), target


def test_each_exercise_has_heading_stub_and_folded_solution(path, cells):
    lesson = syllabus.read(path).number
    for exercise_id in exercises.catalogue(lesson):
        heading = rf"^### Exercise {exercise_id} \(difficulty [1-4], (1 minute|\d+ minutes)\)$"
        assert any(re.search(heading, source(cell), re.M) for cell in cells), heading
        call = f'exercises.check("{exercise_id}",'
        stub, solution = (cell for cell in code(cells) if call in source(cell))
        assert tags(stub) == [] and "your turn" in source(stub)
        assert text_output(stub) == f"{exercise_id} not attempted yet\n"
        assert tags(solution) == ["solution"]
        assert solution["metadata"]["jupyter"]["source_hidden"] is True
        assert source(solution).startswith(f"# @title Solution {exercise_id}")
        assert text_output(solution) == f"✓ {exercise_id}\n"


def test_the_quiz_is_the_one_of_the_course(path, cells):
    lesson = syllabus.read(path).number
    (cell,) = (cell for cell in code(cells) if source(cell) == f'exercises.quiz("{lesson}")')
    page = "".join(cell["outputs"][0]["data"]["text/html"])
    file = files("course_utils.course.checks") / f"quiz_{lesson}.json"
    for question in json.loads(file.read_text(encoding="utf-8")):
        told = [row[part] for row in question["answers"] for part in ("answer", "feedback")]
        for text in (question["question"], *told):
            for part in str(text).split("`"):  # code between backticks
                assert json.dumps(html.escape(part))[1:-1] in page, part
