"""What a notebook and the command line talk to: lessons, exercises, progress, doctor.

Environment variables that this package reads or sets, all of them optional:

- ``COURSE_PROFILE``: profile, ``pocket`` (default) or ``hub``; `lesson.start` and commands set it.
- ``COURSE_LESSON``: number of the open lesson, two digits; `lesson.start` sets it for the ledger.
- ``COURSE_RUN``: id of a run of notebooks, by which `notebook_runner.run` finds their scores.
- ``COURSE_HOME``: folder of the ledger (default: ``~/.course-utils``).
- ``COURSE_NOTEBOOKS``: folder of the lessons (default: ``notebooks`` beside the package or here).
- ``COURSE_MAX_STEPS``: largest number of training steps, for quick tests (default: no limit).
- ``COURSE_MAX_CLIPS``: largest number of recordings that a lesson simulates or generates for a
  score, for quick tests (default: no limit).
- ``COURSE_POCKET``: names of catalogue entries, with commas between them, that use the pocket
  stand-in in the hub profile too (default: none).
"""
