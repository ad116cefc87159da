"""What to say in each section of a lesson, and how long it takes: one file a lesson in notes/."""

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
        To talk, run the cells and listen; the section's exercises come on top.
    text : str
        Markdown: what to say, what to ask, where people stumble.
    """

    minutes: int
    text: str


def read(number):
    """Return the notes of a lesson by heading, in order.

    Parameters
    ----------
    number : str
        Two digits.

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
    """Return the notes in a text whose headings read ``## heading · 5 min``, as :func:`read`."""
    pieces = SECTION.split(text)[1:]
    return {
        heading: Note(int(minutes), body.strip())
        for heading, minutes, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    }
