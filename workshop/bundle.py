"""The workshop in one file: lessons, slides, sheet, guide, and an installer without a network."""

import shutil
import zipfile
from importlib.metadata import version
from pathlib import Path

import nbformat

from course_utils.course import syllabus
from workshop import editions, guide, notes, pages, sheet, slides, wheels

FOLDER = "audio-course"
"""What the zip unpacks into."""


def build(out, with_wheels=True):
    """Make the bundle.

    Parameters
    ----------
    out : path-like
        Folder for the zip; its content stays beside it, in ``out/audio-course``.
    with_wheels : bool
        Whether to gather the wheels; without them nothing can be installed from the zip.

    Returns
    -------
    pathlib.Path
        The zip.

    Raises
    ------
    workshop.WorkshopError
        If the wheels cannot be gathered, or a lesson has no speaker notes.
    """
    out = Path(out)
    folder = out / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write(folder)
    kind = f"{wheels.KIND['platform']}-py{''.join(map(str, wheels.KIND['python']))}"
    if with_wheels:
        wheels.gather(folder / "wheels")
    name = f"{FOLDER}-{version('course_utils')}-{kind if with_wheels else 'no-wheels'}.zip"
    return pack(folder, out / name)


def write(folder):
    """Write everything but the wheels.

    Parameters
    ----------
    folder : pathlib.Path
        Gets ``lessons``, ``recall``, ``slides``, ``instructor`` and the files beside them.
    """
    for name in ("lessons", "recall", "slides", "instructor/lessons", "instructor/slides"):
        (folder / name).mkdir(parents=True)
    slides.ship(folder / "slides")
    slides.ship(folder / "instructor" / "slides")
    for lesson in syllabus.lessons():
        notebook, said = editions.read(lesson), notes.read(lesson.number)
        for place, edition in {
            "lessons": editions.learner(notebook),
            "recall": editions.recall(notebook),
            "instructor/lessons": editions.instructor(notebook, said),
        }.items():
            nbformat.write(edition, folder / place / lesson.file)
        page = f"{Path(lesson.file).stem}.html"
        deck = slides.build(lesson, notebook)
        (folder / "slides" / page).write_text(deck, encoding="utf-8")
        deck = slides.build(lesson, notebook, said)
        (folder / "instructor" / "slides" / page).write_text(deck, encoding="utf-8")
    (folder / "exercises.html").write_text(sheet.build(), encoding="utf-8")
    text = guide.build()
    (folder / "instructor" / "guide.md").write_text(text, encoding="utf-8")
    (folder / "instructor" / "guide.html").write_text(guide.page(text), encoding="utf-8")
    for name, target in {"start.py": "start.py", "bundle.md": "README.md"}.items():
        (folder / target).write_text(pages.asset(name), encoding="utf-8")
    shutil.copy(syllabus.folder().parent / "LICENSE", folder)


def pack(folder, target):
    """Zip a folder, with wheels as they are: they are compressed already.

    Parameters
    ----------
    folder, target : pathlib.Path
        What to pack, and the zip.

    Returns
    -------
    pathlib.Path
        The zip.
    """
    with zipfile.ZipFile(target, "w") as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                how = zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
                packed.write(path, Path(folder.name) / path.relative_to(folder), how)
    return target
