"""The instructor guide: how to prepare, plans minute by minute, what to drop when late."""

from course_utils.course import syllabus
from workshop import editions, pages, schedule


def build():
    """Return the guide as Markdown, with plans and minutes computed from the lessons."""
    plans = "\n\n".join(map(plan_text, schedule.plans()))
    return pages.asset("guide.md").replace("{plans}", plans).replace("{lessons}", _lessons())


def page(text):
    """Return the guide as a complete HTML page.

    Parameters
    ----------
    text : str
        Markdown, as :func:`build` returns it.

    Returns
    -------
    str
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>Instructor guide</title><link rel="icon" href="data:,">'
        f"<style>{pages.asset('site.css')}</style></head>"
        f"<body><main>{pages.markdown(text)}</main></body></html>\n"
    )


def plan_text(plan):
    """Return a plan as Markdown: its table, and what to drop when late."""
    lines = [
        f"### {plan.name}",
        "",
        f"{schedule.clock(plan.start)} to {schedule.clock(plan.rows[-1].end)}.",
        "",
        "| from | min | lesson | what | exercises |",
        "| --- | ---: | --- | --- | --- |",
    ]
    for row in plan.rows:
        what = row.what if row.lesson else f"**{row.what}**"
        lines.append(
            f"| {schedule.clock(row.start)} | {row.minutes} | {row.lesson} | {what} "
            f"| {', '.join(row.exercises)} |"
        )
    if shown := _shown(plan):
        lines += ["", f"Put these solutions on the screen, since later cells need them: {shown}."]
    lines += ["", "If you are late, drop these when you come to them:", ""]
    lines += [f"- {lesson}: {what} ({minutes} min)" for lesson, what, minutes in plan.late]
    return "\n".join(lines)


def _shown(plan):
    """Return the ids of exercises that a plan leaves out although later cells use their answers.

    Only lessons taught from their opening count; of the others, no later cells are run.
    """
    done = {name for row in plan.rows for name in row.exercises}
    numbers = {row.lesson for row in plan.rows if row.what == editions.OPENING}
    tasks = [task for number in sorted(numbers) for task in schedule.lesson_of(number)[1]]
    left = (task.id for task in tasks if task.needed and task.id not in done)
    return ", ".join(left)


def _lessons():
    lines = [
        "| lesson | to talk | exercises | to run | exercises that later cells need |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for lesson in syllabus.lessons():
        speaker_notes, tasks = schedule.lesson_of(lesson.number)
        talk = sum(note.minutes for note in speaker_notes.values())
        needed = ", ".join(task.id for task in tasks if task.needed) or "nothing"
        lines.append(
            f"| {lesson.number} · {lesson.title} | {talk} | {sum(t.minutes for t in tasks)} "
            f"| {lesson.minutes['pocket']} | {needed} |"
        )
    return "\n".join(lines)
