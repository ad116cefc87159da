"""The exercises of each lesson: how an answer is checked, and the reference solutions.

The only place in the package that knows single lessons; a notebook holds the stub and a solution.
The wrong answers that each check must refuse are in ``tests/course/wrong_answers``.
"""
