"""The bundle: a zip of lessons, slides, exercise sheet, guide, and an offline installer."""

import shutil
import zipfile
from importlib.metadata import version
from pathlib import Path

import nbformat

from course_utils.course import syllabus
from workshop import editions, guide, notes, pages, sheet, slides, wheels

FOLDER = "audio-course"
"""Name of the folder that the zip unpacks into."""


def build(out, with_wheels=True):
    """Make the bundle and return the path of its zip.

    Parameters
    ----------
    out : path-like
        Folder for the zip; its content stays beside it, in ``out/audio-course``.
    with_wheels : bool
        Whether the zip holds the wheels; without them, it cannot install the course.

    Returns
    -------
    pathlib.Path
        Path of the zip.

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
    """Write all content of the bundle except the wheels.

    Parameters
    ----------
    folder : pathlib.Path
        Folder for ``lessons``, ``recall``, ``slides``, ``instructor`` and the files beside them.
    """
    for name in ("lessons", "recall", "slides", "instructor/lessons", "instructor/slides"):
        (folder / name).mkdir(parents=True)
    slides.ship(folder / "slides")
    slides.ship(folder / "instructor" / "slides")
    for lesson in syllabus.lessons():
        notebook, speaker_notes = editions.read(lesson), notes.read(lesson.number)
        for directory, edition in {
            "lessons": editions.learner(notebook),
            "recall": editions.recall(notebook),
            "instructor/lessons": editions.instructor(notebook, speaker_notes),
        }.items():
            nbformat.write(edition, folder / directory / lesson.file)
        page = f"{Path(lesson.file).stem}.html"
        deck = slides.build(lesson, notebook)
        (folder / "slides" / page).write_text(deck, encoding="utf-8")
        deck = slides.build(lesson, notebook, speaker_notes)
        (folder / "instructor" / "slides" / page).write_text(deck, encoding="utf-8")
    (folder / "exercises.html").write_text(sheet.build(), encoding="utf-8")
    text = guide.build()
    (folder / "instructor" / "guide.md").write_text(text, encoding="utf-8")
    (folder / "instructor" / "guide.html").write_text(guide.page(text), encoding="utf-8")
    for name, target in {"start.py": "start.py", "bundle.md": "README.md"}.items():
        (folder / target).write_text(pages.asset(name), encoding="utf-8")
    shutil.copy(syllabus.folder().parent / "LICENSE", folder)


def pack(folder, target):
    """Zip a folder and return the path of the zip.

    Wheels are stored uncompressed, since they are zip files already.

    Parameters
    ----------
    folder, target : pathlib.Path
        Folder to pack, and path of the zip.

    Returns
    -------
    pathlib.Path
        `target`.
    """
    with zipfile.ZipFile(target, "w") as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                how = zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
                packed.write(path, Path(folder.name) / path.relative_to(folder), how)
    return target
