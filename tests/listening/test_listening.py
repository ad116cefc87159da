import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile as sf

from course_utils import audio, listening

RATE = 16_000


def tone(frequency, seconds=1.0, rate=RATE, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


class _Elements(HTMLParser):
    """What a browser would make of a page: its elements with attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def decoded(player):
    """Decode each embedded clip with libsndfile, which knows nothing of the player."""
    for element in _Elements(player._repr_html_()).all("audio"):
        head, data = element["src"].split(",")
        assert head == "data:audio/mpeg;base64"
        content = base64.b64decode(data, validate=True)
        yield sf.info(io.BytesIO(content)), *sf.read(io.BytesIO(content))


def peak_frequency(samples, rate):
    return np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples)


@pytest.mark.parametrize(("rate", "plays_at"), [(16_000, 16_000), (44_100, 44_100), (4_000, 8_000)])
def test_player_embeds_the_clip_as_mp3(rate, plays_at):
    (information, samples, got), *rest = decoded(listening.play(tone(440, 1.5, rate), rate))
    assert rest == []
    assert (information.format, information.channels, got) == ("MP3", 1, plays_at)
    assert len(samples) / got == pytest.approx(1.5, abs=0.01)
    assert peak_frequency(samples, got) == pytest.approx(440, abs=2)


def test_player_keeps_the_loudness_unless_asked():
    quiet = tone(440, amplitude=0.05)
    ((_, as_it_is, _),) = decoded(listening.play(quiet, RATE))
    ((_, scaled, _),) = decoded(listening.play(quiet, RATE, normalize=True))
    middle = slice(4000, 12_000)
    assert np.abs(as_it_is[middle]).max() == pytest.approx(0.05, rel=0.1)
    assert np.abs(scaled[middle]).max() == pytest.approx(1.0, rel=0.1)


def test_channels_are_averaged():
    stereo = np.stack([tone(300), np.zeros(RATE)])
    ((information, samples, _),) = decoded(listening.play(stereo, RATE))
    assert information.channels == 1
    assert np.abs(samples[4000:12_000]).max() == pytest.approx(0.25, rel=0.1)


def test_too_loud_a_clip_is_warned_about():
    with pytest.warns(UserWarning, match="peak"):
        listening.play(tone(440, amplitude=2.0), RATE)


def test_silence_plays_even_when_scaled():
    ((_, samples, _),) = decoded(listening.play(np.zeros(RATE), RATE, normalize=True))
    assert np.abs(samples).max() < 1e-3


def test_a_player_is_small():
    noise = 0.3 * np.random.default_rng(0).standard_normal(5 * RATE).clip(-3, 3)
    assert len(listening.play(noise, RATE)._repr_html_()) < 60_000


NASTY = "</figure><script>alert('x')</script>\" onplay=\"alert(1)"


def test_text_from_outside_stays_text():
    clip = (tone(440, 0.1), RATE)
    single = listening.play(*clip, title=NASTY, caption=NASTY)
    several = listening.grid([clip, clip], titles=[NASTY, "fine"], captions=[NASTY, None])
    for player, times in ((single, 3), (several, 3)):
        page = _Elements(player._repr_html_())
        assert {tag for tag, _ in page.elements} <= {"figure", "figcaption", "audio", "p", "div"}
        assert page.all("audio")[0]["aria-label"] == NASTY
        assert all("onplay" not in attributes for _, attributes in page.elements)
        assert page.text.count(NASTY) == times  # title, label, caption


def test_every_player_has_a_label():
    page = _Elements(listening.play(tone(440, 1.5), RATE)._repr_html_())
    assert page.all("audio")[0]["aria-label"] == "Audio clip of 1.5 seconds"


def test_the_text_says_what_would_be_heard():
    assert repr(listening.play(tone(440, 1.5), RATE, "A4")).startswith("A4: 1.50 s of audio")
    assert "2 players: low, high" in repr(
        listening.grid([(tone(f, 0.1), RATE) for f in (200, 800)], ["low", "high"])
    )


def test_grid_keeps_the_order_and_each_rate():
    clips = [(tone(200), RATE), (tone(800, rate=8000), 8000), (tone(1600), RATE)]
    player = listening.grid(clips, titles=["a", "b", "c"], captions=["x", None, "z"])
    frequencies = [peak_frequency(samples, rate) for _, samples, rate in decoded(player)]
    assert frequencies == pytest.approx([200, 800, 1600], abs=5)
    shown = [text for text in _Elements(player._repr_html_()).text if len(text) == 1]
    assert [t for t in shown if t in "abc"] == ["a", "a", "b", "b", "c", "c"]  # title and label
    assert [t for t in shown if t in "xz"] == ["x", "z"]


@pytest.mark.parametrize("columns", [1, 3])
def test_grid_has_at_most_that_many_columns(columns):
    page = listening.grid([(tone(440, 0.1), RATE)] * 4, columns=columns)._repr_html_()
    # Each takes at least its share of the width, less the gaps.
    assert re.search(rf"\(100% - {columns - 1} \* 0\.6em\) / {columns}\)", page)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clips": []}, "no clips"),
        ({"clips": [(tone(440, 0.1), RATE)], "titles": ["a", "b"]}, "1 clips but 2 titles"),
        ({"clips": [(tone(440, 0.1), RATE)], "captions": []}, "1 clips but 0 captions"),
        ({"clips": [(tone(440, 0.1), RATE)], "columns": 0}, "columns"),
    ],
)
def test_grid_refuses_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        listening.grid(**arguments)


@pytest.mark.parametrize(
    ("samples", "rate"),
    [([], RATE), ([0.0, np.nan], RATE), (tone(440, 0.1), 0), (np.zeros((500, 2)), RATE)],
)
def test_what_cannot_be_played_is_an_audio_error(samples, rate):
    with pytest.raises(audio.AudioError):
        listening.play(samples, rate)


def test_numbers_can_be_titles():
    assert repr(listening.play(tone(440, 0.1), RATE, title=7)).startswith("7: ")


# ------------------------------------------------------------------------------------------------
# Recorder: here the messages that the browser sends, in tests/browser/ the browser itself.


@pytest.fixture
def sent(monkeypatch):
    """Give a recorder and collect what it answers."""
    pytest.importorskip("anywidget")
    recorder = listening.record(seconds_max=3)
    answers = []
    monkeypatch.setattr(recorder, "send", lambda content, buffers=None: answers.append(content))
    return recorder, answers


def receive(recorder, content, name="recording.wav"):
    recorder._handle_custom_msg({"name": name}, [memoryview(content)])


def wav(samples, rate=RATE):
    file = io.BytesIO()
    sf.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def test_recording_reaches_the_next_cell(sent):
    recorder, answers = sent
    receive(recorder, wav(tone(440, 2.0)))
    assert answers == [{"ok": True, "text": "Received recording.wav: 2.0 s at 16000 Hz."}]
    samples, rate = recorder.load(8000)
    assert (rate, samples.shape, samples.dtype) == (8000, (16_000,), np.float32)
    assert peak_frequency(samples, rate) == pytest.approx(440, abs=2)


def test_the_last_one_counts_and_a_bad_one_changes_nothing(sent):
    recorder, answers = sent
    for frequency in (440, 880):
        receive(recorder, wav(tone(frequency)))
    receive(recorder, b"not audio at all", name="holiday.txt")
    assert [answer["ok"] for answer in answers] == [True, True, False]
    assert "holiday.txt" in answers[-1]["text"]
    assert peak_frequency(*recorder.load()) == pytest.approx(880, abs=2)


def test_a_muted_microphone_is_noticed(sent):
    recorder, answers = sent
    receive(recorder, wav(np.zeros(RATE)))
    assert answers[0]["ok"]
    assert "silent" in answers[0]["text"]


def test_without_a_recording_the_default_is_used_and_said(sent, capsys):
    recorder, _ = sent
    clip = tone(440)
    for default in ((clip, RATE), wav(clip), {"bytes": wav(clip), "path": "a.wav"}):
        samples, rate = recorder.load(default=default)
        assert rate == RATE
        assert np.allclose(samples, clip, atol=1e-4)
        assert "example clip" in capsys.readouterr().out
    receive(recorder, wav(tone(880)))
    samples, rate = recorder.load(default=(clip, RATE))
    assert peak_frequency(samples, rate) == pytest.approx(880, abs=2)
    assert capsys.readouterr().out == ""


def test_without_anything_the_error_says_what_to_do(sent):
    with pytest.raises(audio.AudioError, match="Record something above first"):
        sent[0].load()
    with pytest.raises(audio.AudioError, match="Choose a file above first"):
        listening.upload().load()


def test_messages_of_other_kinds_are_left_alone(sent):
    recorder, answers = sent
    recorder._handle_custom_msg({"kind": "something"}, [])
    assert (answers, recorder.source) == ([], None)


def test_nothing_recorded_is_in_the_state_that_notebooks_save(sent):
    recorder, _ = sent
    before = recorder.get_state()
    receive(recorder, wav(tone(440)))
    assert recorder.get_state() == before


def test_recorders_describe_themselves(sent):
    recorder, _ = sent
    assert repr(recorder).startswith("Recorder: ")
    assert repr(listening.upload()).startswith("Upload: ")
    receive(recorder, wav(tone(440)))
    assert "recording.wav" in repr(recorder)


def test_a_recording_needs_time():
    with pytest.raises(ValueError, match="seconds_max"):
        listening.record(seconds_max=0)


UTTERANCES = [
    {"speaker": "Bob", "start": 62.5, "end": 64.25, "text": "and <b>that</b> is it"},
    {"speaker": "Alice & Co", "start": 0.5, "end": 2.0, "text": "good morning"},
]


def test_transcript_lists_utterances_by_start_with_their_stretch_and_as_plain_text():
    made = listening.transcript(tone(440, 70), RATE, UTTERANCES, title="<i>Monday</i>")
    page = _Elements(made._repr_html_())
    first, second = page.all("button")
    assert (first["data-start"], first["data-end"]) == ("0.500", "2.000")
    assert (second["data-start"], second["data-end"]) == ("62.500", "64.250")
    assert first["style"] != second["style"]  # another speaker, another colour
    text = "".join(page.text)
    assert "Alice & Co 0:00 good morning" in text and "Bob 1:02 and <b>that</b> is it" in text
    assert "<i>Monday</i>" in text and not page.all("i") and len(page.all("b")) == 2
    (audio_element,) = decoded(made)
    assert len(audio_element[1]) / audio_element[2] == pytest.approx(70, abs=0.1)
    assert "62.50 s  Bob: and <b>that</b> is it" in repr(made)


def test_texts_choose_their_own_direction():
    """Marks at the end of an Arabic sentence belong to its left."""
    utterances = [{"speaker": "دانا", "start": 0.0, "end": 1.0, "text": "مرحبا!"}]
    for made in (
        listening.transcript(tone(440, 2), RATE, utterances, title="محادثة"),
        listening.play(tone(440, 2), RATE, title="محادثة", caption="مرحبا!"),
    ):
        page = _Elements(made._repr_html_())
        texts = [*page.all("figcaption"), *page.all("p"), *page.all("b"), *page.all("span")]
        assert len(texts) > 1 and all(element["dir"] == "auto" for element in texts)


def test_transcript_says_what_is_no_utterance():
    with pytest.raises(ValueError, match=r"utterances\[0\] has the text None"):
        listening.transcript(tone(440), RATE, [{"speaker": "Bob", "start": 0, "end": 1}])


def test_a_saved_page_holds_everything(tmp_path):
    made = listening.transcript(tone(440, 3), RATE, UTTERANCES[1:], title="Müller <& Söhne>")
    made.save(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert made._repr_html_() in text
    page = _Elements(text)
    assert {"charset": "utf-8"} in page.all("meta") and "Müller <& Söhne> (3.0 s)" in page.text
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", text)
