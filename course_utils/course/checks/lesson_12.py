"""Exercises of lesson 12: licences, consent, tokens, and text that is not HTML."""

import html
import re
from datetime import date

from course_utils.course.exercises import NotAttempted, compare, exercise, solution

RECORDINGS = [
    {"file": "a.wav", "purposes": {"training", "publication"}, "until": None},
    {"file": "b.wav", "purposes": {"training"}, "until": None},
    {"file": "c.wav", "purposes": {"publication"}, "until": date(2027, 3, 31)},
    {"file": "d.wav", "purposes": set(), "until": date(2030, 1, 1)},
]
LICENCES = ["apache-2.0", "cc-by-nc-4.0", None, "cc-by-4.0", "mit", "cc-by-nc-sa-4.0", "ncsa"]
# Put together here, so that no search for tokens finds one in this file.
TOKEN = "hf_" + "a1B2" * 8
REPOSITORY = {"README.md": f"# Title\n\n{TOKEN}\n", "config.json": "hf_hub, hf_internal-testing"}
TEXTS = {"b.py": f"login('{TOKEN}')", "a.txt": TOKEN, "c.json": '{"name": "hf_internal"}', "d": ""}
LENGTHS = {"e": TOKEN[:23], "f": TOKEN[:22], "g": "hf_a_long_name_of_a_repository_or_file"}
ANSWERS = [{"label": "cat", "score": 0.926}, {"label": "<b>dog & cat</b>", "score": 0.05}]


@solution(
    "12.1",
    [(LICENCES[:4],), (LICENCES[5:],)],
    draw=lambda rng: ([LICENCES[n] for n in rng.integers(0, len(LICENCES), 3)],),
)
def not_for_sale(licences):
    """Return licences that have nc between hyphens, and None, which permits nothing."""
    return [known for known in licences if known is None or "nc" in known.split("-")]


DAYS = date(2027, 1, 1), date(2027, 3, 31), date(2027, 4, 1)


@solution(
    "12.2",  # one recording at a time first, so that a message shows all of it
    [([recording], day) for recording in RECORDINGS for day in DAYS]
    + [(RECORDINGS[::-1], DAYS[0])],
)
def publishable(recordings, today):
    """Publish if `purposes` has "publication" and `until` is None, today or later."""
    return [
        recording["file"]
        for recording in recordings
        if "publication" in recording["purposes"]
        and (recording["until"] is None or today <= recording["until"])
    ]


def files_with_token(texts):
    """Return sorted names; a token is hf_ and 20 or more letters or digits, anywhere in a text."""
    return sorted(n for n, text in texts.items() if re.search("hf_[A-Za-z0-9]{20,}", text))


@exercise("12.3")
def _without_printing_it(answer):
    """Compare with `files_with_token`; a message never contains the token."""
    try:
        compare(answer, files_with_token, [(REPOSITORY,), (TEXTS,), (LENGTHS,)])
    except NotAttempted:
        raise
    except Exception as error:
        said = re.sub(TOKEN[:5] + r"\w*", "hf_…", str(error))
        stops = "" if isinstance(error, AssertionError) else "your code stops with "
        raise AssertionError(f"{stops}{said}") from None


@solution("12.4", [(ANSWERS[:1],), (ANSWERS[1:],), (ANSWERS,), ([],)])
def as_list(answers):
    """Return a list in HTML that shows <, > and & in a label as they are."""
    rows = [f"<li>{html.escape(a['label'])}: {a['score']:.0%}</li>" for a in answers]
    return f"<ul>{''.join(rows)}</ul>"
