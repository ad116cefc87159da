"""Quizzes for `course_utils.course.widgets`: jupyterquiz without a network, with escaped text."""

import html
import re

# Readable on a light and on a dark page, and told apart without colour vision.
_COLOURS = {
    "--jq-multiple-choice-bg": "#24476b",
    "--jq-many-choice-bg": "#24476b",
    "--jq-correct-color": "#0a8f5b",
    "--jq-incorrect-color": "#d14900",
}
# Left-aligned and no larger than the text around it; shows which option the keyboard is on.
_STYLE = """<style>
.course-quiz .Quiz { margin: 0 0 1.2em; font-size: 1.05em; line-height: 1.35; }
.course-quiz .Feedback { font-size: 1em; text-align: left; }
.course-quiz .MCButton { font-size: 1em; justify-content: left; text-align: left; }
.course-quiz .MCButton:focus-within { outline: 2px solid #1f77b4; outline-offset: 2px; }
.course-quiz .note { display: none; }
</style>"""
# For pages that run no script; those take styles away too, so only they show it.
_NOTE = '<p class="note">Run this cell to take the quiz.</p>'


class Quiz:
    """Questions with buttons; made by `quiz`."""

    def __init__(self, page, text):
        self._page, self._text = page, text

    def _repr_html_(self):
        return self._page

    def __repr__(self):
        return self._text


def quiz(questions):
    """Show questions whose every option explains itself when clicked.

    The library jupyterquiz draws them. On its own it would fetch MathJax from the network, and
    fail where it cannot; here it cannot see MathJax, so that nothing is fetched.

    Parameters
    ----------
    questions : list of dict
        Multiple choice, each ``{"question": text, "answers": [{"answer": text, "correct": bool,
        "feedback": text}, ...]}``. With several correct answers, all of them are asked for. Text
        between backticks is set as code.

    Returns
    -------
    Quiz
        Shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If a question has no correct answer, or an answer has no explanation.
    """
    from IPython.utils.capture import capture_output
    from jupyterquiz import display_quiz

    with capture_output() as captured:
        display_quiz(
            [_question(question) for question in questions], colors=_COLOURS, border_radius=6
        )
    page, script = (output.data for output in captured.outputs)
    run = f"<script>{{ const MathJax = undefined;\n{script['application/javascript']} }}</script>"
    asked = " ".join(question["question"] for question in questions)
    page = f'<div class="course-quiz">{_NOTE}{page["text/html"]}{_STYLE}{run}'
    return Quiz(page, f"Quiz (run this cell to take it): {asked}")


def _question(question):
    """Return a question as jupyterquiz wants it, escaped, or say what is missing."""
    answers = question["answers"]
    if not any(answer["correct"] for answer in answers):
        raise ValueError(f"The question {question['question']!r} has no correct answer.")
    for answer in answers:
        if not answer.get("feedback"):
            raise ValueError(f"The answer {answer['answer']!r} has no feedback: explain it.")
    return {
        "type": "many_choice" if sum(a["correct"] for a in answers) > 1 else "multiple_choice",
        "question": _marked_up(question["question"]),
        "answer_cols": 1,
        "answers": [
            {
                "answer": _marked_up(answer["answer"]),
                "feedback": _marked_up(answer["feedback"]),
                "correct": bool(answer["correct"]),
            }
            for answer in answers
        ],
    }


def _marked_up(text):
    # jupyterquiz takes text as HTML.
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(str(text)))
