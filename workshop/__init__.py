"""The course for a class and for readers: a bundle that needs no network, and a static site.

:mod:`editions` makes the versions of a lesson, and :mod:`pages` turns a notebook into HTML.
:mod:`slides`, :mod:`sheet`, :mod:`guide` and :mod:`site` write the pages that are shown, printed or
read. :mod:`bundle` packs all of them into a zip, with :mod:`wheels` and an installer.
"""

from course_utils.errors import CourseError


class WorkshopError(CourseError, RuntimeError):
    """The bundle or the site cannot be made; the message says what to change."""
