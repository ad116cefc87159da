"""The page of a check-up in a real browser: sounds play, text stays text, nothing is fetched."""

import numpy as np
import soundfile

from course_utils import data
from course_utils.course import checkup_page

ODD = "<img src=x onerror='window.hacked=1'> $5 & more"


def test_the_page_of_a_check_up(chromium, tmp_path):
    rng = np.random.default_rng(0)
    lines = ["file_name,label,text"]
    for n in range(8):
        levels = np.repeat(rng.uniform(0.05, 1, 10), 1_600)
        samples = 0.003 * levels * rng.standard_normal(16_000)
        soundfile.write(tmp_path / f"{n}.wav", samples, 16_000)
        lines.append(f"{n}.wav,{ODD if n % 2 else 'plain'},hello {ODD} {n}")
    (tmp_path / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    checkup_page.save(tmp_path / "page.html", data.check_folder(tmp_path))
    page, requests, errors = chromium.new_page(), [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.goto((tmp_path / "page.html").as_uri())
    assert page.title().startswith("Check-up of ")
    assert page.locator("section").count() >= 2 and page.locator("img, script").count() == 0
    assert page.locator("body").evaluate("node => node.textContent").count(ODD) >= 4
    assert page.evaluate("window.hacked") is None
    player = page.locator("audio").first
    assert player.evaluate("node => [node.preload, node.readyState]") == ["none", 0]
    played = player.evaluate(
        """async node => {
            node.muted = true;
            await node.play();
            while (node.currentTime < 0.2) await new Promise(next => setTimeout(next, 50));
            return node.duration;
        }"""
    )
    assert 0.9 < played < 1.2
    for plot in page.locator("svg").all():
        box = plot.bounding_box()
        assert box["width"] > 100 and box["height"] > 50
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == [] == errors
    page.close()
