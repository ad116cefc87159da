"""Labels, file names and transcripts with markup, formulas, line ends and right-to-left text.

They are shown as text: in players and pages, in tables, in pictures and on the command line. What a
browser makes of them is in `tests/browser/test_odd_text.py`.
"""

import html
import io
import os
import warnings
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils import data, listening, plotting, scoring
from course_utils.course import progress, widgets
from course_utils.formats import rttm, subtitles

ODD = {
    "markup": "<b onmouseover='x()'>\"bold\"</b> & <script>x()</script>",
    "formula": r"costs $5 or $\frac{6}",
    "one dollar": "$",
    "lines": "two\nlines",
    "hidden": "_nolegend_",
    "right to left": "\u202eשלום \u0645\u0631\u062d\u0628\u0627",
    "percent": "100 % {x} %s \\n",
}
NAMES = list(ODD.values())
MEL = np.zeros((70, 8))


def texts(figure):
    """Draw a figure and return all the text on it; a formula that is none would fail here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        warnings.filterwarnings("ignore", "Matplotlib currently does not support", UserWarning)
        figure.savefig(io.BytesIO(), format="png")
    found = [text for text in figure.findobj(plt.Text) if text.get_text()]
    for text in found:
        if "$" in text.get_text():
            assert not text.get_parse_math(), text.get_text()
    return [text.get_text() for text in found]


def confusion(name):
    return plotting.confusion_matrix([[1, 2], [0, 3]], labels=[name, "other"])


def bars(name):
    return plotting.probabilities([{"label": name, "score": 0.9}, {"label": "b", "score": 0.1}])


def words(name):
    return plotting.alignment([("substitute", name, "other"), ("equal", "a", "a")])


def strip(name):
    return plotting.error_strip([[("equal", "a", "a")], [("delete", "b", "")]], [name, "other"])


def posteriors(name):
    return plotting.ctc_posteriors([[0.1, 0.9], [0.8, 0.2]], ["<blank>", name], seconds=1)


def phonemes(name):
    ax = plotting.phonemes(MEL, [name, "b"], [60, 10], 0.1)
    ax.figure.set_figwidth(60)  # so that there is room for it
    return plotting.phonemes(MEL, [name, "b"], [60, 10], 0.1, ax=ax)


def speakers(name):
    turns = [{"speaker": name, "start": 0, "end": 2}, {"speaker": "b", "start": 2, "end": 3}]
    return plotting.turns(turns)


def likeness(name):
    return plotting.similarity_matrix([[1.0, 0.2], [0.2, 1.0]], [name, "other"])


def voice_map(name):
    return plotting.embedding_map([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], [name, name, "other"])


def curves(name):
    log = [{"loss": 1.0, f"eval_{name}": 0.5, "epoch": 1}, {"loss": 0.5, "epoch": 2}]
    return plotting.training_curves(log)


def waveform_title(name):
    return plotting.waveform(np.zeros(1_000, np.float32), 16_000, title=name)


def grid_titles(name):
    clip = (np.zeros(4_000, np.float32), 16_000)
    return plotting.side_by_side([clip, clip], [name, "other"])[0]


PICTURES = (
    confusion, bars, words, strip, posteriors, phonemes, speakers, likeness, voice_map, curves,
    waveform_title, grid_titles,
)  # fmt: skip


@pytest.mark.parametrize("draw", PICTURES)
@pytest.mark.parametrize("name", ODD)
def test_a_picture_shows_a_name_as_it_is(draw, name):
    ax = draw(ODD[name])
    shown = texts(ax.figure)
    plt.close("all")
    assert any(ODD[name] in text for text in shown), shown


@pytest.mark.parametrize("name", ODD)
def test_the_journey_shows_a_task_on_one_line(name):
    entry = {"lesson": "03", "task": ODD[name][:30], "metric": "wer", "baseline": 1, "finetuned": 0}
    shown = texts(plotting.journey([entry]).figure)
    plt.close("all")
    assert any(" ".join(ODD[name][:30].split()) in text and "\n" not in text for text in shown)


class Page(HTMLParser):
    """What a browser would make of a page: elements with attributes, and text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(name, value) for name, value in attributes]

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def clip():
    return np.zeros(1_600, np.float32), 16_000


@pytest.mark.parametrize("name", ODD)
def test_players_and_pages_hold_a_name_as_text(name, clip, tmp_path):
    odd = ODD[name]
    said = [{"speaker": odd, "start": 0.0, "end": 0.05, "text": odd}]
    players = {
        "play": listening.play(*clip, title=odd, caption=odd),
        "grid": listening.grid([clip, clip], titles=[odd, odd], captions=[odd, odd]),
        "transcript": listening.transcript(*clip, said, title=odd),
    }
    plain = {
        "play": listening.play(*clip, title="a", caption="b"),
        "grid": listening.grid([clip, clip], titles=["a", "b"], captions=["c", "d"]),
        "transcript": listening.transcript(
            *clip, [{"speaker": "a", "start": 0.0, "end": 0.05, "text": "b"}], title="c"
        ),
    }
    for kind, player in players.items():
        player.save(tmp_path / "page.html")
        page = Page((tmp_path / "page.html").read_bytes().decode("utf-8"))
        plain[kind].save(tmp_path / "plain.html")
        assert page.tags == Page((tmp_path / "plain.html").read_text(encoding="utf-8")).tags
        assert page.text.count(odd) >= 2, kind
        assert all(odd != value for name, value in page.attributes if name.startswith("on"))


def test_widgets_hold_a_name_as_text(clip):
    odd = ODD["markup"]
    guess = widgets.guess([odd, "cat"], question=odd)
    answer = guess.reveal(odd, model={"label": odd, "score": 0.5})
    guess._choose(guess._buttons[0])
    page = Page(answer._note.value)
    assert page.tags == ["p", "b", "b", "b"] and page.text.count(odd) == 3


@pytest.mark.parametrize("name", ODD)
def test_tables_hold_a_name_as_text(name):
    odd = ODD[name]
    tables = [
        scoring.report([odd, "b"], [odd, "b"]),
        scoring.word_errors([odd], ["other"]),
        scoring.der_parts(
            [[{"speaker": odd, "start": 0, "end": 1}]], [[{"speaker": "1", "start": 0, "end": 1}]],
            names=[odd],
        ),
    ]  # fmt: skip
    for table in tables:
        assert not {"script", "b"} & set(Page(table._repr_html_()).tags)
    assert odd in Page(tables[0]._repr_html_()).text or "\n" in odd


@pytest.mark.parametrize("name", ODD)
def test_the_ledger_keeps_a_task_and_prints_it_on_one_line(name):
    progress.record(ODD[name], metric="wer", baseline=0.5, lesson="04")
    assert progress.latest()[0]["task"] == ODD[name]
    table = progress.table(progress.latest())
    assert len(table.splitlines()) == 3 and "\u202e" not in table


@pytest.mark.parametrize("name", ODD)
def test_texts_come_back_from_files_as_they_went_in(name, tmp_path):
    chunks = [{"timestamp": (0.0, 1.0), "text": ODD[name]}]
    for suffix in ("srt", "vtt"):
        text = subtitles.save(tmp_path / f"a.{suffix}", chunks).read_text(encoding="utf-8")
        assert ODD[name] in (html.unescape(text) if suffix == "vtt" else text)
    speaker = "_".join(ODD[name].split())
    turns = {speaker: [{"speaker": speaker, "start": 0.0, "end": 1.0}]}
    assert rttm.load(rttm.save(tmp_path / "a.rttm", turns)) == turns


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids < and line ends in names")
def test_folders_and_files_may_be_called_anything(tmp_path, write_wav, sine):
    names = [name.replace("/", "|") for name in NAMES]
    for name in names:
        write_wav(tmp_path / name / f"{name}.wav", sine())
    found = data.load_folder(tmp_path)
    assert sorted(found.features["label"].names) == sorted(names)
    assert sorted(found["file_name"][:]) == sorted(f"{name}/{name}.wav" for name in names)
    (tmp_path / names[3] / "torn\n.wav").write_bytes(b"RIFF")
    with pytest.warns(UserWarning, match="left out") as caught:
        data.load_folder(tmp_path)
    (note,) = str(caught[0].message).splitlines()[1:]  # one line, though the name holds another
    assert "torn" in note
