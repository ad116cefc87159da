"""Saves over and over, in a process of its own that a test kills: `saving.py SAVER FOLDER`.

It prints a line after the first save. `saving.py SAVER FOLDER NUMBER` saves once and dies where the
new file would take the place of the old one.
"""

import itertools
import os
import sys
from pathlib import Path

TURNS = [{"speaker": "Ann", "start": float(n), "end": n + 0.5} for n in range(2_000)]
CHUNKS = [{"timestamp": (float(n), n + 0.5), "text": "Good morning."} for n in range(2_000)]


def save_audio(folder, number):
    import numpy as np

    from course_utils import audio

    audio.save(folder / "a.wav", np.full(400_000, 0.1 * number, np.float32), 16_000)


def save_turns(folder, number):
    from course_utils.formats import rttm

    rttm.save(folder / "a.rttm", {f"call{number}": TURNS})


def save_subtitles(folder, number):
    from course_utils.formats import subtitles

    subtitles.save(folder / "a.vtt", [{**chunk, "text": str(number)} for chunk in CHUNKS])


def save_page(folder, number):
    from course_utils import listening

    listening.Player(f"<p>{number}</p>" * 50_000, "a page").save(folder / "a.html")


def record_score(folder, number):
    from course_utils.course import progress

    os.environ["COURSE_HOME"] = str(folder)
    # As if a course had been going on for years, so that writing takes a while.
    task = "x" * 200_000
    progress.record(task, metric="wer", baseline=number, higher_is_better=False)


SAVERS = {
    saver.__name__: saver
    for saver in (save_audio, save_turns, save_subtitles, save_page, record_score)
}


def main(name, folder, number=None):
    save = SAVERS[name]
    if number:
        os.replace = lambda *_: os._exit(9)  # as if killed: nothing is tidied up
        save(Path(folder), int(number))
    for number in itertools.count():
        save(Path(folder), 1 + number % 2)
        if number == 0:
            print("saved", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
