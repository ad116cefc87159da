"""Write the lessons' cards, their Colab badges and the README's table from the lessons' facts."""

import json
import re

from course_utils import errors
from course_utils.course import speed, syllabus
from workshop import WorkshopError

CARD_TAG = "card"
TABLE_MARKS = ("<!-- lessons: start -->", "<!-- lessons: end -->")
COLAB_MARKS = ("<!-- colab: start -->", "<!-- colab: end -->")

_GITHUB = "git+https://github.com/"
_SETUP = re.compile(rf'^REPOSITORY = "(?:{re.escape(_GITHUB)})?([^"]*)"', re.MULTILINE)
_BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


def repository():
    """Return the GitHub repository from which Colab installs: ``"owner/name"``, or ``""``.

    It is read from the first lesson; :func:`stamp` writes the same into all others.
    """
    notebook = json.loads((syllabus.folder() / syllabus.lessons()[0].file).read_text("utf-8"))
    sources = ("".join(cell["source"]) for cell in notebook["cells"])
    return next((found[1] for found in map(_SETUP.search, sources) if found), "")


def badge(lesson, repository):
    """Return the Markdown of the badge that opens a lesson of a repository in Colab."""
    path = f"github/{repository}/blob/main/notebooks/{lesson.file}"
    return f"[![Open in Colab]({_BADGE})](https://colab.research.google.com/{path})"


def card(lesson, repository=""):
    """Return the Markdown at the top of a lesson: title, badge (with a repository), facts."""
    minutes = f"{lesson.minutes['pocket']} in `pocket` (no network; on {speed.MACHINE})"
    if lesson.minutes.get("hub"):
        needed = "network, GPU for fine-tuning" if lesson.gpu else "network"
        minutes += f", {lesson.minutes['hub']} in `hub` (estimated; {needed})"
    objectives = "\n".join(f"> - {objective}" for objective in lesson.objectives)
    opener = f"{badge(lesson, repository)}\n\n" if repository else ""
    return (
        f"# {lesson.number} · {lesson.title}\n\n{opener}"
        f"> **You will be able to**\n{objectives}\n>\n"
        f"> **Before this:** {'; '.join(lesson.prerequisites) or 'nothing'}  \n"
        f"> **Minutes to run:** {minutes}  \n"
        f"> **At the end you have:** {lesson.outcome}"
    )


def readme_table(lessons):
    """Return the README's table of lessons as Markdown."""
    rows = [
        f"| [{lesson.number}](notebooks/{lesson.file}) "
        f"| [{lesson.title}](notebooks/{lesson.file}) | {lesson.outcome} "
        f"| {lesson.minutes['pocket']} |"
        for lesson in lessons
    ]
    head = (
        "| lesson | title | at the end you have "
        f"| minutes to run in `pocket` on {speed.MACHINE} |\n"
        "| --- | --- | --- | ---: |"
    )
    return "\n".join([head, *rows])


def stamp(repo=None):
    """Write the notebooks' cards and setup cells, and the README's table, from the facts.

    Parameters
    ----------
    repo : str, optional
        ``"owner/name"`` on GitHub: the lessons get badges that open them in Colab, and their
        first cell installs the course from there. ``""`` removes both; by default they stay as
        the first lesson has them.

    Returns
    -------
    list of pathlib.Path
        The files that changed.

    Raises
    ------
    WorkshopError
        If `repo` does not have that form.
    """
    if repo is None:
        repo = repository()
    elif repo and not re.fullmatch(r"[\w-]+/[\w.-]+", repo, re.ASCII):
        raise WorkshopError(f"{repo!r} is no repository; write owner/name, as on GitHub.")
    changed = []
    lessons = syllabus.lessons()
    setup = f'REPOSITORY = "{_GITHUB if repo else ""}{repo}"'
    for lesson in lessons:
        path = syllabus.folder() / lesson.file
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            source = _SETUP.sub(setup, "".join(cell["source"]))
            if CARD_TAG in cell["metadata"].get("tags", []):
                source = card(lesson, repo)
            cell["source"] = source.splitlines(keepends=True)
        changed += _write(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    readme = syllabus.folder().parent / "README.md"
    text = _between(TABLE_MARKS, readme_table(lessons), readme.read_text(encoding="utf-8"))
    opener = f"{badge(lessons[0], repo)} opens lesson 00." if repo else ""
    return changed + _write(readme, _between(COLAB_MARKS, opener, text))


def _between(marks, body, text):
    """Return the text with what stands between two marks replaced."""
    start, end = marks
    pattern = re.escape(start) + ".*?" + re.escape(end)
    return re.sub(pattern, lambda _: "\n".join(filter(None, (start, body, end))), text, flags=re.S)


def _write(path, text):
    if path.read_text(encoding="utf-8") == text:
        return []
    errors.write(path, text)
    return [path]
