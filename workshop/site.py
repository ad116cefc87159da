"""The static site: lessons with their outputs, on a server or opened from a disk."""

import html
import json
import re
import shutil
from pathlib import Path

from bs4 import BeautifulSoup

from course_utils.course import syllabus
from workshop import editions, pages, stamp

TITLE = "Audio AI with Transformers"
_INTRO = re.compile(r"\A# .+?\n(.*?)(?=^!\[|^## )", re.S | re.M)
_NEEDS = re.compile(r"lessons: end -->\s+(.+?)\n\n", re.S)  # what one must know, and hours
_LICENCE = re.compile(r"^## Licence\n\n(.+?\.) Both are", re.S | re.M)


def build(out):
    """Write the site and return the path of its index page.

    Parameters
    ----------
    out : path-like
        Folder; pages of an earlier build in it are replaced.

    Returns
    -------
    pathlib.Path
        Path of the index page.
    """
    out = Path(out)
    shutil.rmtree(out / "assets", ignore_errors=True)
    (out / "assets").mkdir(parents=True)
    lessons = syllabus.lessons()
    sections = []
    for index, lesson in enumerate(lessons):
        before = lessons[index - 1] if index else None
        after = lessons[index + 1] if index + 1 < len(lessons) else None
        title, bottom = f"{lesson.number} · {lesson.title}", _bottom(before, after)
        notebook = editions.read(lesson)
        page = pages.convert(notebook, "page", title=title, top=_top(), bottom=bottom)
        (out / _file(lesson)).write_text(page, encoding="utf-8")
        sections += index_of(page, _file(lesson), title)
    for name in ("site.css", "site.js"):
        (out / "assets" / name).write_text(pages.asset(name), encoding="utf-8")
    # As a script and not as JSON, so that the search works on pages opened from a disk.
    listing = json.dumps(sections, ensure_ascii=False).replace("<", "\\u003c")
    (out / "assets" / "search-index.js").write_text(
        f"window.COURSE_INDEX = {listing};\n", encoding="utf-8"
    )
    front = out / "index.html"
    front.write_text(_index(lessons), encoding="utf-8")
    return front


def index_of(page, address, title):
    """Return the entries of a page for the search index, one for each heading.

    Parameters
    ----------
    page : str
        HTML of a lesson.
    address : str
        File name of the page.
    title : str
        Title of the lesson.

    Returns
    -------
    list of dict
        With ``page``, ``anchor``, ``lesson``, ``heading`` and ``text``.
    """
    main = BeautifulSoup(page, "html.parser").find("main")
    for script in main(["script", "style", "math"]):
        script.decompose()
    sections = []
    for block in main.select(".jp-RenderedMarkdown > *, .jp-CodeCell"):
        if block.name in ("h1", "h2", "h3"):
            for link in block.select(".anchor-link"):
                link.decompose()
            sections.append([block.get("id", ""), block.get_text().strip(), []])
        elif sections:
            sections[-1][2].append(block.get_text().strip())
    return [
        {
            "page": address,
            "anchor": anchor,
            "lesson": title,
            "heading": heading,
            "text": re.sub(r"\s+", " ", " ".join(texts)),
        }
        for anchor, heading, texts in sections
    ]


def _file(lesson):
    return f"{Path(lesson.file).stem}.html"


def _top():
    return (
        f'<header><div class="course-nav"><a href="index.html">{html.escape(TITLE)}</a>'
        '<form class="course-search" role="search" onsubmit="return false">'
        '<input type="search" placeholder="Search the lessons" aria-label="Search the lessons">'
        '<ul class="course-found" aria-live="polite"></ul></form></div></header>'
    )


def _bottom(before, after):
    links = ['<a href="index.html">All lessons</a>']
    if before:
        text = html.escape(f"← {before.number} · {before.title}")
        links.insert(0, f'<a rel="prev" href="{_file(before)}">{text}</a>')
    if after:
        text = html.escape(f"{after.number} · {after.title} →")
        links.append(f'<a rel="next" class="end" href="{_file(after)}">{text}</a>')
    return f'<footer><nav class="course-nav" aria-label="Lessons">{"".join(links)}</nav></footer>'


def _index(lessons):
    readme = (syllabus.folder().parent / "README.md").read_text(encoding="utf-8")
    intro = _INTRO.search(readme)[1].strip()
    needs, licence = (part[1] for part in (_NEEDS.search(readme), _LICENCE.search(readme)))
    table = stamp.readme_table(lessons)
    body = pages.markdown(
        f"# {TITLE}\n\n{intro}\n\nThese pages show every lesson with its figures and "
        f"sounds. To run the lessons yourself, download the course.\n\n## Lessons\n\n{table}"
        f"\n\n{needs}\n\n{licence}"
    )
    body = re.sub(r'href="notebooks/(\w+)\.ipynb"', r'href="\1.html"', body)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(TITLE)}</title><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="assets/site.css">'
        '<script defer src="assets/search-index.js"></script>'
        '<script defer src="assets/site.js"></script></head><body>'
        f"{_top()}<main>{body}</main></body></html>\n"
    )
