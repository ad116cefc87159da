"""How the pocket assets were made: rendering, sound synthesis and training.

Lessons never import this package. Every module is a command, ``python -m
foundry.NAME --help``, that rebuilds one asset under ``course_utils/pocket``.
"""
