"""What a notebook and the command line talk to: lessons, exercises, progress, doctor.

Environment variables that this package reads or sets, all of them optional:

``COURSE_PROFILE``
    Profile, ``pocket`` (default) or ``hub``; `lesson.start` and the commands set it.
``COURSE_LESSON``
    Number of the open lesson, two digits; `lesson.start` sets it, `progress.record` stores it.
``COURSE_RUN``
    Id of a run of notebooks; `notebook_runner.run` sets it in the kernel, `progress.record` stores
    it, and so the runner finds the scores of each lesson.
``COURSE_HOME``
    Folder of the ledger (default: ``~/.course-utils``).
``COURSE_NOTEBOOKS``
    Folder of the lessons (default: ``notebooks`` beside the package or in the current folder).
``COURSE_MAX_STEPS``
    Largest number of training steps, for quick tests (default: no limit).
``COURSE_POCKET``
    Names of catalogue entries, with commas between them, that use the pocket stand-in in the hub
    profile too (default: none).
"""
