"""The course for a room and for reading: a bundle that needs no network, and a static site.

:mod:`editions` makes a lesson's versions, :mod:`pages` turns them into HTML, :mod:`slides`,
:mod:`sheet`, :mod:`guide` and :mod:`site` are what is printed, shown and read, and :mod:`bundle`
packs it all with :mod:`wheels` and the one command that starts it.
"""

from course_utils.errors import CourseError


class WorkshopError(CourseError, RuntimeError):
    """Something that the bundle or the site needs is missing; the message says how to get it."""
