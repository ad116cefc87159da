"""Speaker notes for every section, and plans whose times can be kept."""

import json
import re

import pytest

from course_utils.course import syllabus
from workshop import WorkshopError, editions, guide, notes, schedule

PLANS = schedule.plans()
plans = pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name.split(":")[0])
LONGEST = 100  # minutes that people sit without a break


@pytest.mark.parametrize("lesson", syllabus.lessons(), ids=lambda lesson: lesson.number)
def test_every_section_has_notes(lesson):
    cells = json.loads((syllabus.folder() / lesson.file).read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    speaker_notes = notes.read(lesson.number)
    assert list(speaker_notes) == ["Opening", *re.findall(r"^## (.+)$", text, re.M)]
    for name, note in speaker_notes.items():
        assert 1 <= note.minutes <= 15, name
        assert re.match(r"- \*\*(Say|Ask|Do|Show|Watch):\*\* \S", note.text), name
    # Talking takes longer than running, or people would sit and wait.
    assert sum(note.minutes for note in speaker_notes.values()) > 3 * lesson.minutes["pocket"]


def test_a_lesson_without_notes_is_named():
    with pytest.raises(WorkshopError, match=r"lesson 77 has no speaker notes"):
        notes.read("77")


@plans
def test_a_plan_has_no_gap_and_keeps_its_time(plan):
    assert plan.rows[0].start == plan.start
    for row, following in zip(plan.rows, plan.rows[1:], strict=False):
        assert row.minutes > 0 and row.end == following.start
    assert plan.end - 15 <= plan.rows[-1].end <= plan.end


@plans
def test_nobody_sits_too_long(plan):
    since = plan.start
    for row in plan.rows:
        if row.pause:
            since = row.end
        assert row.end - since <= LONGEST, f"{plan.name}: {schedule.clock(row.end)} {row.what}"
    if plan.end - plan.start > 300:
        assert any(row.pause and row.minutes >= 45 for row in plan.rows)


@plans
def test_the_minutes_are_those_of_notes_and_exercises(plan):
    lessons = map(editions.read, syllabus.lessons())
    known = {task.id: task.minutes for lesson in lessons for task in editions.tasks(lesson)}
    for row in plan.rows:
        if row.lesson:
            talk = notes.read(row.lesson)[row.what].minutes
            assert row.minutes == talk + sum(known[name] for name in row.exercises)


@plans
def test_sections_are_taught_in_order_and_once(plan):
    taught = [(row.lesson, row.what) for row in plan.rows if row.lesson]
    order = {
        (lesson.number, name): index
        for lesson in syllabus.lessons()
        for index, name in enumerate(notes.read(lesson.number))
    }
    keys = [(lesson, order[lesson, what]) for lesson, what in taught]
    assert keys == sorted(set(keys))


@plans
def test_what_is_dropped_saves_minutes(plan):
    assert sum(minutes for _, _, minutes in plan.late) >= (plan.end - plan.start) / 20
    assert all(minutes > 0 for _, _, minutes in plan.late)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"sections": ["Nowhere"], "exercises": []}, "has no section 'Nowhere'"),
        ({"leave_out": ["Nowhere"], "exercises": []}, "has no section 'Nowhere'"),
        ({"sections": ["Score it"], "exercises": ["02.3"]}, "exercise 02.3 is in no section"),
        ({"sections": ["Score it"], "exercises": [], "late": ["Break it"]}, "cannot be dropped"),
    ],
)
def test_a_mistake_in_a_plan_is_named(part, message):
    facts = {"name": "n", "start": "9:00", "end": "10:00", "part": [{"lesson": "02", **part}]}
    with pytest.raises(WorkshopError, match=message):
        schedule._plan(facts)


def test_the_guide_says_what_to_show_when_an_exercise_is_left_out():
    half = guide.plan_text(PLANS[0])
    # worst_pair of 03.4 is called after the exercise, which half a day has no time for.
    (line,) = (line for line in half.splitlines() if line.startswith("Put these solutions"))
    assert "03.4" in line and "03.1" not in line and "04." not in line


def test_the_guide_is_one_page_with_every_plan_and_lesson():
    text = guide.build()
    page = guide.page(text)
    for plan in PLANS:
        assert plan.name in page
    for lesson in syllabus.lessons():
        assert f"{lesson.number} · {lesson.title}" in text
    assert page.count("<table>") == len(PLANS) + 2
    assert "{" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert not re.search(r'(?:src|href)="http', page)
