"""Wrong answers to the exercises of lesson 12, the usual mistakes first."""

import html
import re

from course_utils.course.checks.lesson_12 import TOKEN, publishable


def _by(condition):
    return lambda recordings, today: [r["file"] for r in recordings if condition(r, today)]


def _list(show, percent="{:.0%}"):
    def answer(answers):
        rows = [f"<li>{show(a['label'])}: {percent.format(a['score'])}</li>" for a in answers]
        return f"<ul>{''.join(rows)}</ul>"

    return answer


def _matching(token):
    return lambda texts: sorted(name for name, text in texts.items() if re.search(token, text))


WRONG = {
    "12.1": (
        lambda licences: [x for x in licences if x and "nc" in x.split("-")],
        lambda licences: [x for x in licences if x is None or "nc" in x],
        lambda licences: [x for x in licences if x is None or x.startswith("cc")],
        lambda licences: [x for x in licences if x and "nc" not in x],
    ),
    "12.2": (
        _by(lambda r, today: "publication" in r["purposes"]),
        _by(lambda r, today: r["until"] is None or today <= r["until"]),
        _by(
            lambda r, today: (
                "publication" in r["purposes"] and (r["until"] is None or today < r["until"])
            )
        ),
        _by(lambda r, today: "publication" in r["purposes"] and r["until"] is None),
        _by(lambda r, today: bool(r["purposes"]) and (not r["until"] or today <= r["until"])),
        lambda recordings, today: sorted(publishable(recordings, today)),
    ),
    "12.3": (
        lambda texts: sorted(name for name, text in texts.items() if "hf_" in text),
        lambda texts: [name for name, text in texts.items() if TOKEN in text],
        lambda texts: sorted(name for name, text in texts.items() if re.match(r"hf_\w{20,}", text)),
        *map(_matching, (r"hf_[A-Za-z0-9]{21,}", r"hf_[A-Za-z0-9]{9,}", r"hf_\w{20,}")),
        lambda texts: sorted(re.findall(r"hf_[A-Za-z0-9]{20,}", " ".join(texts.values()))),
    ),
    "12.4": (
        _list(str),
        _list(lambda label: label.replace("<", "&lt;")),
        _list(lambda label: re.sub("<.*?>", "", label)),
        _list(html.escape, percent="{:.2f}"),
        lambda answers: html.escape(_list(str)(answers)),
    ),
}
