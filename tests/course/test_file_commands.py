"""`course-utils check` as a user meets it: the report, the exit code, the page, a model's needs."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from course_utils import data
from course_utils.course import checkup_page, cli
from course_utils.finetuning import suitability
from course_utils.finetuning.recipes import RecipeError

RATE = 16_000
ODD = "<img src=x onerror='window.hacked=1'> $5 & \u202e"


def sound(seed, seconds=1.0):
    """Noise with a level of its own in every tenth of a second."""
    rng = np.random.default_rng(seed)
    levels = np.repeat(rng.uniform(0.05, 1, round(10 * seconds)), RATE // 10)
    return 0.1 * levels * rng.standard_normal(len(levels))


@pytest.fixture
def folder(tmp_path):
    """Two classes of four clips each, with texts."""
    lines = ["file_name,label,text"]
    for n in range(8):
        soundfile.write(tmp_path / f"{n}.wav", sound(n), RATE)
        lines.append(f"{n}.wav,{'ab'[n % 2]},hello number {'abcdefgh'[n]}")
    (tmp_path / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def check(*arguments):
    done = CliRunner().invoke(cli.app, ["check", *map(str, arguments), "--jobs", "1"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def change(folder, old, new):
    table = folder / "metadata.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_the_exit_code_says_whether_something_will_hurt(folder):
    done = check(folder)
    assert done.exit_code == 0 and done.stdout.endswith("Nothing to fix.\n")
    soundfile.write(folder / "0.wav", 0.02 * sound(0), RATE)
    done = check(folder)
    assert done.exit_code == 0 and "[look] quiet" in done.stdout
    soundfile.write(folder / "1.wav", np.zeros(RATE), RATE)
    done = check(folder)
    assert done.exit_code == 1
    assert "[fix]  silent: 1 clip without any sound (1.wav)\n       delete" in done.stdout
    assert done.stdout.endswith("1 to fix, 1 to look at\n")


def test_no_folder_is_one_sentence(tmp_path):
    with pytest.raises(data.DataError, match="no such folder"):
        check(tmp_path / "missing")


def test_what_a_model_cannot_learn_from_is_named(folder):
    change(folder, "hello number a", "Grüße zu 112")
    change(folder, "hello number b", '""')
    soundfile.write(folder / "2.wav", sound(2, 8), RATE)
    change(folder, "hello number c", "hello number c " * 5)
    assert "leaves out" not in check(folder).stdout
    said = check(folder, "--model", "ctc-recogniser").stdout
    assert "asr leaves out: 1 with characters that the model does not have: ü, ß, 1, 2" in said
    assert "asr leaves out: 1 without a text (1.wav)" in said
    said = check(folder, "--model", "recogniser").stdout
    assert "1 longer than the 7 s that the model hears at once (2.wav)" in said
    assert "characters" not in said
    said = check(folder, "--task", "classification").stdout
    assert "1 longer than 5 s, of which only the beginning is heard (2.wav)" in said
    said = check(folder, "--task", "tts").stdout
    assert "tts leaves out: 1 with characters that cannot be read aloud: ü, ß (0.wav)" in said


def test_a_model_needs_something_to_learn(tmp_path, folder):
    found = data.check_folder(folder)
    for clip in found.clips:
        clip.known.clear()
    with pytest.raises(RecipeError, match="neither texts nor labels nor turns"):
        list(suitability.findings(found, "recogniser"))


class Page(HTMLParser):
    """Counts the tags of a page, and collects its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.said = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert all(not name.startswith("on") for name, _ in attributes), attributes

    def handle_data(self, data):
        self.said += data


def test_a_page_has_players_and_histograms_and_escapes_all_text(folder):
    change(folder, "hello number a", f"{ODD} hello")
    change(folder, ",a,", f",{ODD.replace(',', '')},")
    for n in range(4):
        soundfile.write(folder / f"{n}.wav", 0.02 * sound(n, 15), RATE)
    done = check(folder, "--html", folder / "page.html")
    text = (folder / "page.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "img" not in page.tags and "script" not in page.tags
    assert page.tags.count("audio") == text.count("preload='none'")
    assert 1 <= page.tags.count("audio") <= checkup_page._PLAYERS[1]
    assert page.tags.count("svg") == 3 and page.tags.count("meter") == 2
    for finding in data.check_folder(folder).findings:
        assert " ".join(finding.fix.split()) in " ".join(page.said.split())
    assert not re.search(r"(src|href)=['\"]?(https?:)?//", text)
    assert len(text) < 3 * 45_000 * page.tags.count("audio")  # ten seconds of each at most
    assert f"the page is {folder / 'page.html'}" in done.stdout


def test_players_are_limited(folder, monkeypatch):
    for n in range(8):
        soundfile.write(folder / f"{n}.wav", 0.02 * sound(n), RATE)
    monkeypatch.setattr(checkup_page, "_PLAYERS", (3, 2))
    checkup_page.save(folder / "page.html", data.check_folder(folder))
    assert (folder / "page.html").read_text(encoding="utf-8").count("<audio") == 2
