"""The exercise sheet: a page to print, with lines to write on."""

import html
from itertools import groupby

from course_utils.course import syllabus
from workshop import editions, pages

_LINES = {1: 4, 2: 9, 3: 14, 4: 18}
"""Number of lines to write on, by difficulty of the exercise."""


def build():
    """Return the exercises of all lessons as an HTML page, styled for printing."""
    parts = [_lesson(lesson) for lesson in syllabus.lessons()]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Exercises</title>'
        '<link rel="icon" href="data:,">'
        f"<style>{pages.asset('sheet.css')}</style></head><body><h1>Exercises</h1>"
        '<p class="hint">Write the code by hand first. Then type it into the notebook: its cell '
        "checks the answer. Difficulty is from ● (one line of code) to ●●●● (hard).</p>"
        f"{''.join(parts)}</body></html>\n"
    )


def _lesson(lesson):
    tasks = editions.tasks(editions.read(lesson))
    title = html.escape(f"{lesson.number} · {lesson.title}")
    body = [f"<h2>{title}</h2>"]
    for section, group in groupby(tasks, key=lambda task: task.section):
        body.append(f'<p class="section">{html.escape(section)}</p>')
        body += [_task(task) for task in group]
    return f'<section class="lesson">{"".join(body)}</section>'


def _task(task):
    unit = "minute" if task.minutes == 1 else "minutes"
    marks = "●" * task.difficulty
    picture = f'<img src="data:image/png;base64,{task.picture}" alt="">' if task.picture else ""
    room = '<div class="line"></div>' * _LINES[task.difficulty]
    return (
        f'<article><h3>{task.id} <span class="facts">'
        f'<span title="difficulty {task.difficulty}">{marks}</span> {task.minutes} {unit}</span>'
        f"</h3>{pages.markdown(task.text)}{picture}<pre>{html.escape(_stub(task))}</pre>{room}"
        "</article>"
    )


def _stub(task):
    """Return the stub without its call of the check, which paper cannot run."""
    lines = [line for line in task.stub.split("\n") if "exercises.check(" not in line]
    return "\n".join(lines).strip()
