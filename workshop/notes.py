"""Speaker notes: text and minutes for each section of a lesson, one file per lesson in notes/."""

import re
from dataclasses import dataclass
from importlib import resources

from workshop import WorkshopError

SECTION = re.compile(r"^## (.+) · (\d+) min$", re.M)


@dataclass(frozen=True)
class Note:
    """Speaker notes of one section.

    Attributes
    ----------
    minutes : int
        Time to talk, run the cells and listen, without the exercises of the section.
    text : str
        Markdown: what to say, what to ask, common difficulties.
    """

    minutes: int
    text: str


def read(number):
    """Return the notes of a lesson by heading, in order.

    Parameters
    ----------
    number : str
        Number of the lesson, two digits.

    Returns
    -------
    dict of str to Note

    Raises
    ------
    WorkshopError
        If the lesson has no notes.
    """
    file = resources.files("workshop") / "notes" / f"{number}.md"
    if not file.is_file():
        raise WorkshopError(f"lesson {number} has no speaker notes: write {file}.")
    return parse(file.read_text(encoding="utf-8"))


def parse(text):
    """Return the notes by heading from a text with headings like ``## Score it · 5 min``."""
    pieces = SECTION.split(text)[1:]
    return {
        heading: Note(int(minutes), body.strip())
        for heading, minutes, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    }
