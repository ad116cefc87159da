"""Exercises of lesson 12: licences, consent, tokens, and text that is not HTML."""

import html
import re
from datetime import date

from course_utils.course.exercises import Exercise, returns

RECORDINGS = [
    {"file": "a.wav", "purposes": {"training", "publication"}, "until": None},
    {"file": "b.wav", "purposes": {"training"}, "until": None},
    {"file": "c.wav", "purposes": {"publication"}, "until": date(2027, 3, 31)},
    {"file": "d.wav", "purposes": set(), "until": date(2030, 1, 1)},
]
# Put together here, so that no search for tokens finds one in this file.
TOKEN = "hf_" + "a1B2" * 8
TEXTS = {"b.py": f"login('{TOKEN}')", "a.txt": TOKEN, "c.json": '{"name": "hf_internal"}', "d": ""}
ANSWERS = [{"label": "cat", "score": 0.926}, {"label": "<b>dog & cat</b>", "score": 0.05}]


def _by(condition):
    return lambda recordings, today: [r["file"] for r in recordings if condition(r, today)]


def _list(show, percent="{:.0%}"):
    def answer(answers):
        rows = [f"<li>{show(a['label'])}: {percent.format(a['score'])}</li>" for a in answers]
        return f"<ul>{''.join(rows)}</ul>"

    return answer


EXERCISES = (
    Exercise(
        "12.1",
        difficulty=1,
        minutes=3,
        verify=returns(
            (
                {"licences": ["apache-2.0", "cc-by-nc-4.0", None, "cc-by-4.0"]},
                ["cc-by-nc-4.0", None],
            ),
            ({"licences": ["mit", "cc-by-sa-3.0"]}, []),
            ({"licences": ["cc-by-nc-sa-4.0", "ncsa"]}, ["cc-by-nc-sa-4.0"]),
        ),
        wrong=(
            lambda licences: [x for x in licences if x and "nc" in x.split("-")],
            lambda licences: [x for x in licences if x is None or "nc" in x],
            lambda licences: [x for x in licences if x is None or x.startswith("cc")],
            lambda licences: [x for x in licences if x and "nc" not in x],
        ),
    ),
    Exercise(
        "12.2",
        difficulty=2,
        minutes=5,
        verify=returns(
            ({"recordings": RECORDINGS, "today": date(2027, 1, 1)}, ["a.wav", "c.wav"]),
            ({"recordings": RECORDINGS, "today": date(2027, 3, 31)}, ["a.wav", "c.wav"]),
            ({"recordings": RECORDINGS, "today": date(2027, 4, 1)}, ["a.wav"]),
        ),
        wrong=(
            _by(lambda r, today: "publication" in r["purposes"]),
            _by(lambda r, today: r["until"] is None or today <= r["until"]),
            _by(
                lambda r, today: (
                    "publication" in r["purposes"] and (r["until"] is None or today < r["until"])
                )
            ),
            _by(lambda r, today: "publication" in r["purposes"] and r["until"] is None),
            _by(lambda r, today: bool(r["purposes"]) and (not r["until"] or today <= r["until"])),
        ),
    ),
    Exercise(
        "12.3",
        difficulty=2,
        minutes=5,
        verify=returns(
            ({"texts": TEXTS}, ["a.txt", "b.py"]),
            ({"texts": {"README.md": f"# Title\n\n{TOKEN}\n"}}, ["README.md"]),
            ({"texts": {"config.json": "hf_hub, hf_internal-testing"}}, []),
        ),
        wrong=(
            lambda texts: sorted(name for name, text in texts.items() if "hf_" in text),
            lambda texts: [name for name, text in texts.items() if TOKEN in text],
            lambda texts: sorted(
                name for name, text in texts.items() if re.match(r"hf_\w{20,}", text)
            ),
            lambda texts: sorted(re.findall(r"hf_[A-Za-z0-9]{20,}", " ".join(texts.values()))),
        ),
    ),
    Exercise(
        "12.4",
        difficulty=2,
        minutes=4,
        verify=returns(
            (
                {"answers": ANSWERS},
                "<ul><li>cat: 93%</li><li>&lt;b&gt;dog &amp; cat&lt;/b&gt;: 5%</li></ul>",
            ),
            ({"answers": []}, "<ul></ul>"),
        ),
        wrong=(
            _list(str),
            _list(lambda label: label.replace("<", "&lt;")),
            _list(lambda label: re.sub("<.*?>", "", label)),
            _list(html.escape, percent="{:.2f}"),
            lambda answers: html.escape(_list(str)(answers)),
        ),
    ),
)
