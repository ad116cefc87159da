"""The site and the slides as a reader meets them: in a browser, with nothing from elsewhere."""

import functools
import http.server
import json
import re
import threading

import pytest

from course_utils.course import syllabus
from workshop import editions, notes, site, slides

LESSONS = syllabus.lessons()
lessons = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
# How well a text can be read, by the definition of the web's accessibility guidelines.
CONTRAST = """element => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  let below = element;
  while (below && (parse(getComputedStyle(below).backgroundColor)[3] ?? 1) === 0)
    below = below.parentElement;
  const back = below ? parse(getComputedStyle(below).backgroundColor) : [255, 255, 255];
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(back)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""


def page_of(lesson):
    return f"{lesson.file.removesuffix('.ipynb')}.html"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class Reader:
    """A page, with what went wrong in it and what it asked for from elsewhere."""

    def __init__(self, page, address):
        self.page, self.address, self.wrong = page, address, []
        page.on("console", lambda m: m.type == "error" and self.wrong.append(m.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("requestfailed", lambda request: self.wrong.append(f"failed: {request.url[:200]}"))
        page.on("request", self._asked)

    def _asked(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"asked for {request.url[:200]}")

    def open(self, name):
        self.page.goto(f"{self.address}/{name}", wait_until="load")
        return self.page


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve the site on this machine."""
    folder = tmp_path_factory.mktemp("site")
    site.build(folder)
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


@pytest.fixture
def reader(chromium, served):
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    yield Reader(page, served[0])
    page.close()


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """Write the slides of every lesson, learners' and instructors', into two folders."""
    folder = tmp_path_factory.mktemp("slides")
    for name in ("learners", "instructors"):
        slides.ship(folder / name)
        for lesson in LESSONS:
            said = notes.read(lesson.number) if name == "instructors" else None
            deck = slides.build(lesson, editions.read(lesson), said)
            (folder / name / page_of(lesson)).write_text(deck, encoding="utf-8")
    return folder


@lessons
def test_a_lesson_reads_without_errors_or_requests(reader, lesson):
    page = reader.open(page_of(lesson))
    assert page.locator("main h1").first.inner_text().startswith(f"{lesson.number} · ")
    broken = "all => all.filter(i => !i.complete || !i.naturalWidth).length"
    assert page.locator("img").evaluate_all(broken) == 0
    stored = "all => all.every(a => a.src.startsWith('data:audio/mpeg;base64,'))"
    assert page.locator("audio").evaluate_all(stored)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert reader.wrong == []


def test_a_player_plays(reader):
    page = reader.open(page_of(LESSONS[0]))
    player = page.locator("audio").first
    player.scroll_into_view_if_needed()
    page.locator("main h1").first.click()  # browsers play only for those who have done something
    player.evaluate("audio => audio.play()")
    page.wait_for_function("document.querySelector('audio').currentTime > 0.2")
    assert player.evaluate("audio => audio.error") is None
    assert reader.wrong == []


def test_players_inside_guesses_are_there(reader):
    page = reader.open("06_speaker_diarization_pipeline.html")
    guess = page.locator(".course-widget").first
    assert guess.locator("audio").count() == 1
    guess.get_by_label("3 people").check()
    assert guess.get_by_label("3 people").is_checked()


def test_the_search_finds_a_word_and_leads_there(reader):
    page = reader.open("index.html")
    page.get_by_role("searchbox").fill("nyquist frequency")
    first = page.locator(".course-found a").first
    first.wait_for()
    assert "Nyquist" in page.locator(".course-found").inner_text()
    first.click()
    page.wait_for_load_state()
    assert "01_audio_data.html#" in page.url
    anchor = page.url.split("#")[1]
    assert page.evaluate("id => !!document.getElementById(decodeURIComponent(id))", anchor)
    page.get_by_role("searchbox").fill("xyzzyplugh")
    assert page.locator(".course-found").inner_text() == "Nothing found."
    assert reader.wrong == []


def test_what_the_search_shows_is_text(reader):
    evil = "<img src=x onerror=document.title='gone'>word"
    section = {"page": "x.html", "anchor": "", "lesson": evil, "heading": evil, "text": evil}
    page = reader.page
    page.route(
        "**/search-index.js",
        lambda route: route.fulfill(
            content_type="text/javascript",
            body=f"window.COURSE_INDEX = {json.dumps([section])};",
        ),
    )
    reader.open("index.html")
    page.get_by_role("searchbox").fill("word")
    page.locator(".course-found a").first.wait_for()
    assert evil in page.locator(".course-found a").first.inner_text()
    assert page.locator(".course-found img").count() == 0 and page.title() == site.TITLE


def test_next_and_previous_lead_through_the_lessons(reader):
    page = reader.open("index.html")
    page.locator("main table a").first.click()
    for lesson in LESSONS[1:]:
        page.locator("a[rel=next]").click()
        page.wait_for_url(f"**/{page_of(lesson)}")
    assert page.locator("a[rel=next]").count() == 0
    page.locator("a[rel=prev]").click()
    page.wait_for_url(f"**/{page_of(LESSONS[-2])}")


def test_the_quiz_answers(reader):
    page = reader.open(page_of(LESSONS[2]))
    page.locator(".MCButton").first.click()
    page.wait_for_function(
        "[...document.querySelectorAll('.Feedback')].some(f => f.innerText.trim().length > 20)"
    )
    assert reader.wrong == []


def test_a_page_from_the_disk_searches_too(chromium, served):
    page = chromium.new_page()
    reader = Reader(page, served[1].as_uri())
    reader.open("index.html")
    page.get_by_role("searchbox").fill("hallucination")
    page.locator(".course-found a").first.wait_for()
    assert reader.wrong == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_by_day_and_by_night(reader, scheme):
    reader.page.emulate_media(color_scheme=scheme)
    page = reader.open(page_of(LESSONS[2]))
    page.locator("details.solution").first.evaluate("d => d.open = true")
    for part in (
        "main p", "main a", "h2", ".highlight .k", ".highlight .s2", ".highlight .c1",
        ".highlight .n", ".highlight .o", ".highlight .mi", ".jp-RenderedText pre", "summary",
        ".course-note", ".dataframe td", ".dataframe th", "header a",
    ):  # fmt: skip
        assert page.locator(part).first.evaluate(CONTRAST) >= 4.5, part


@lessons
def test_slides_show_without_a_network(chromium, decks, lesson):
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    reader = Reader(page, (decks / "learners").as_uri())
    reader.open(page_of(lesson))
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    shown = page.evaluate(
        "[...document.querySelectorAll('.slides > section')]"
        ".map(s => s.querySelector('h1, h2').firstChild.textContent.trim())"
    )
    wanted = [re.split("`", name)[0].strip() for name in editions.headings(editions.read(lesson))]
    assert shown[0].startswith(lesson.number)
    assert [re.split("`", name)[0] for name in shown[1:]] == wanted[1:]
    # Nothing is cut off: a slide is as high as the screen, or scrolls.
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.slides section section')].filter(s => {
             s.parentElement.style.display = s.style.display = 'block';
             return s.scrollHeight > s.clientHeight + 2
               && getComputedStyle(s).overflowY !== 'auto';
           }).length"""
    )
    assert cut == 0
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == 1
    assert reader.wrong == []
    context.close()


def test_instructors_slides_have_notes_for_every_heading(chromium, decks):
    lesson = LESSONS[3]
    page = chromium.new_page()
    reader = Reader(page, (decks / "instructors").as_uri())
    reader.open(page_of(lesson))
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    for place, note in enumerate(notes.read(lesson.number).values()):
        page.evaluate("h => Reveal.slide(h, 0)", place)
        assert f"Speaker notes, {note.minutes} min" in page.evaluate("Reveal.getSlideNotes()")
    assert page.locator("aside.notes").first.is_hidden()
    assert reader.wrong == []
    page.close()
