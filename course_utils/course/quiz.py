"""Quizzes for `course_utils.course.widgets`: jupyterquiz without a network, with escaped text."""

import html
import re

# Readable on light and on dark pages, and distinct for colour-blind people.
_COLOURS = {
    "--jq-multiple-choice-bg": "#24476b",
    "--jq-many-choice-bg": "#24476b",
    "--jq-correct-color": "#0a8f5b",
    "--jq-incorrect-color": "#d14900",
}
# The note is for pages that run no script; those drop styles too, so only they show it.
_STYLE = """<style>
.course-quiz .Quiz { margin: 0 0 1.2em; font-size: 1.05em; line-height: 1.35; }
.course-quiz .Feedback { font-size: 1em; text-align: left; }
.course-quiz .MCButton { font-size: 1em; justify-content: left; text-align: left; }
.course-quiz .MCButton:focus-within { outline: 2px solid #1f77b4; outline-offset: 2px; }
.course-quiz .note { display: none; }
</style>"""


class Quiz:
    """Questions with buttons; made by `quiz`."""

    def __init__(self, page, text):
        self._page, self._text = page, text

    def _repr_html_(self):
        return self._page

    def __repr__(self):
        return self._text


def quiz(questions):
    """Return a :class:`Quiz`, the last line of a cell; each option explains itself when clicked.

    Parameters
    ----------
    questions : list of dict
        ``{"question": text, "answers": [{"answer": text, "correct": bool, "feedback": text},
        ...]}``. All correct answers must be chosen. Text between backticks is set as code.
    """
    from IPython.utils.capture import capture_output
    from jupyterquiz import display_quiz

    rows = [_question(question) for question in questions]
    with capture_output() as captured:
        display_quiz(rows, colors=_COLOURS, border_radius=6)
    page, script = (output.data for output in captured.outputs)
    # jupyterquiz would fetch MathJax from the network, and fail without it; so it is hidden.
    run = f"<script>{{ const MathJax = undefined;\n{script['application/javascript']} }}</script>"
    asked = " ".join(question["question"] for question in questions)
    note = '<p class="note">Run this cell to take the quiz.</p>'
    page = f'<div class="course-quiz">{note}{page["text/html"]}{_STYLE}{run}'
    return Quiz(page, f"Quiz (run this cell to take it): {asked}")


def _question(question):
    """Return a question in the format of jupyterquiz, which takes text as HTML."""
    answers = question["answers"]
    correct = sum(answer["correct"] for answer in answers)
    if not correct:
        raise ValueError(f"The question {question['question']!r} has no correct answer.")
    for answer in answers:
        if not answer.get("feedback"):
            raise ValueError(f"The answer {answer['answer']!r} has no feedback: explain it.")
    return {
        "type": "many_choice" if correct > 1 else "multiple_choice",
        "question": _as_html(question["question"]),
        "answer_cols": 1,
        "answers": [
            {name: _as_html(answer[name]) for name in ("answer", "feedback")}
            | {"correct": bool(answer["correct"])}
            for answer in answers
        ],
    }


def _as_html(text):
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(str(text)))
