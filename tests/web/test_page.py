"""The page in a real Chromium: from a face and a sound to a video, by mouse and by keys."""

import re

import pytest

from service.options import OPEN
from tests.browser import CHROMIUM
from tests.jobs import ROOT
from tests.web.chromium import browsing
from web.page import page_and_policy

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
BOX_FIELD = "document.querySelector('[data-option=box]').value = '38 118 53 108'"
DROP = """(() => {
  const files = new DataTransfer();
  files.items.add(new File(["x"], "%s", { type: "%s" }));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true }));
})()"""
COLORS = """["ink", "soft", "accent", "on-accent", "good", "bad", "wait", "edge"]
  .concat(["paper", "card", "well"])
  .map(name => [name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)])"""
OVER = "document.documentElement.scrollWidth > innerWidth"


def contrast(one, two):
    """WCAG's ratio of two colours, #rgb or #rrggbb."""
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color):
    digits = color.strip().lstrip("#")
    pairs = [digits[i : i + 2] for i in (0, 2, 4)] if len(digits) == 6 else [d * 2 for d in digits]
    linear = []
    for pair in pairs:
        share = int(pair, 16) / 255
        linear.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.fixture(scope="module")
def browser(server, tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser, server):
    browser.errors.clear()
    browser.look(1280, 900, dark=False)
    browser.open(f"http://{server.host}:{server.port}/")
    browser.until("document.querySelector('[data-option=box]')")
    return browser


def test_from_a_drop_to_a_video_that_plays(page, inputs):
    page.choose("#face", inputs / "ann.png")
    page.choose("#audio", inputs / "one.wav")
    page.until("document.querySelector('#drop-face img')?.naturalWidth === 160")
    page.run(BOX_FIELD)
    page.run("document.querySelector('#quality').checked = true")
    page.run("document.querySelector('#go').click()")
    page.until(
        "!document.querySelector('#shown').hidden && document.querySelector('#video').duration"
    )
    assert page.run("document.querySelector('#state').textContent") == "done"
    assert page.run("document.querySelector('#heard[role=status]').textContent") == "done"
    assert page.run("document.title").startswith("done")
    page.until("document.querySelector('#source img')?.naturalWidth === 160")
    page.run("document.querySelector('#play').click()")
    page.until("document.querySelector('#video').ended")
    page.run("document.querySelector('#scrub').value = 0.5")
    page.run("document.querySelector('#scrub').dispatchEvent(new Event('input'))")
    page.until("Math.abs(document.querySelector('#video').currentTime - 0.1) < 0.02")
    command = page.run("document.querySelector('#command').textContent")
    assert command.startswith(".venv/bin/python inference_fast.py --face ann.png --audio one.wav")
    assert "--box 38 118 53 108" in command
    assert not page.run("document.querySelector('#judged').hidden")
    assert page.run("document.querySelector('#jobs li .succeeded').textContent") == "done"
    assert page.errors == []


def test_a_running_job_is_canceled(page, inputs):
    page.choose("#face", inputs / "ann.png")
    page.choose("#audio", inputs / "minutes.wav")
    page.run(BOX_FIELD)
    page.run("document.querySelector('#go').click()")
    page.until("document.querySelector('#bar').value > 0.05")
    page.until("document.querySelector('#live').currentTime > 0.1")
    assert "moving the mouth" in page.run("document.querySelector('#state').textContent")
    page.run("document.querySelector('#cancel').click()")
    page.until("document.querySelector('#state').textContent === 'canceled'")
    page.until("document.querySelector('#jobs li:first-child .canceled')")
    first = page.run("document.querySelector('#jobs li').dataset.id")
    page.run("document.querySelector('#jobs li button:last-of-type').click()")
    page.until(f"!document.querySelector('[data-id=\"{first}\"]')")


def test_errors_are_told_in_words(page, inputs, tmp_path):
    page.run("document.querySelector('#go').click()")
    page.until("document.querySelector('#problem').textContent.includes('choose a face')")
    assert page.run("document.activeElement.id") == "face"
    words = tmp_path / "words.png"
    words.write_text("no picture")
    page.choose("#face", words)
    page.choose("#audio", inputs / "one.wav")
    page.run("document.querySelector('#go').click()")
    page.until("document.querySelector('#state').textContent.includes('words.png')")
    page.run("document.querySelector('[data-option=crf]').value = 99")
    page.run("document.querySelector('#go').click()")
    page.until("document.querySelector('#problem').textContent.includes('--crf must be')")


def test_what_was_spoken_is_shown_as_subtitles(page, inputs):
    page.choose("#face", inputs / "ann.png")
    page.run("document.querySelector('#text').value = 'Salt & pepper.'")
    page.run(BOX_FIELD)
    page.run("document.querySelector('#go').click()")
    page.until("!document.querySelector('#shown').hidden")
    page.until("document.querySelector('#video').textTracks[0].cues?.length === 1")
    assert page.run("document.querySelector('#video').textTracks[0].cues[0].text") == (
        "Salt &amp; pepper."
    )
    assert page.run("document.querySelector('#words').href").endswith("/subtitles")
    page.run("document.querySelector('#captions').click()")
    assert page.run("document.querySelector('#video').textTracks[0].mode") == "hidden"
    assert page.run("document.querySelector('#captions').ariaPressed") == "false"
    assert "Salt & pepper" in page.run("document.querySelector('#jobs .name').textContent")
    assert page.errors == []


def test_a_sound_and_a_text_are_one_too_many(page, inputs):
    page.choose("#face", inputs / "ann.png")
    page.choose("#audio", inputs / "one.wav")
    page.run("document.querySelector('#text').value = 'Hello.'")
    page.run("document.querySelector('#go').click()")
    page.until("document.querySelector('#problem').textContent.includes('a sound and a text')")
    assert page.run("document.activeElement.id") == "text"
    assert page.run("document.querySelector('#text').ariaInvalid") == "true"


def test_a_file_dropped_beside_the_fields_finds_its_own(page, inputs):
    page.run(DROP % ("voice.wav", "audio/wav"))
    page.until("document.querySelector('#audio').files[0]?.name === 'voice.wav'")
    page.run(DROP % ("ann.png", "image/png"))
    page.until("document.querySelector('#face').files[0]?.name === 'ann.png'")
    assert page.run("document.querySelector('#drop-audio').classList.contains('full')")


def test_options_are_found_by_their_words(page):
    page.run("document.querySelector('#filter').value = 'worst'")
    page.run("document.querySelector('#filter').dispatchEvent(new Event('input'))")
    shown = page.run(
        "[...document.querySelectorAll('#options label:not([hidden]) [data-option]')]"
        ".map(each => each.dataset.option)"
    )
    assert shown == ["crf"]


@pytest.mark.parametrize("dark", [False, True])
def test_words_and_edges_can_be_told_from_what_is_behind_them(page, dark):
    page.look(1280, 900, dark)
    colors = dict(page.run(COLORS))
    for name in ("ink", "soft", "accent", "good", "bad", "wait"):
        for behind in ("paper", "card", "well"):
            assert contrast(colors[name], colors[behind]) >= 4.5, (name, behind)
    assert contrast(colors["on-accent"], colors["accent"]) >= 4.5
    for behind in ("card", "well"):
        assert contrast(colors["edge"], colors[behind]) >= 3, behind


def test_it_can_be_used_by_keys_alone(page, inputs):
    page.choose("#face", inputs / "ann.png")  # the system's own window cannot be driven
    page.choose("#audio", inputs / "one.wav")
    page.run(BOX_FIELD)
    page.run("document.activeElement.blur()")
    reached = []
    for _ in range(20):
        page.press("Tab", 9)
        reached.append(page.run("document.activeElement.id || document.activeElement.tagName"))
        if reached[-1] == "go":
            break
    assert reached[:2] == ["face", "audio"] and reached[-1] == "go", reached
    outline = page.run("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.press("Enter", 13, "\r")
    page.until("!document.querySelector('#shown').hidden")
    assert page.run("document.activeElement.id") in ("job-title", "go")


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_window(page, width):
    page.look(width, 900, dark=True)
    page.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    page.until("document.querySelector('#jobs li')")
    assert not page.run(OVER)
    small = page.run(
        "[...document.querySelectorAll('button')].map(each => each.offsetHeight)"
        ".filter(height => height && height < 36).length"
    )
    assert small == 0


@pytest.fixture
def locked(browser, keyed):
    """The page of a server with keys, which was given one."""
    key = keyed.keys["ann"]["authorization"].split()[1]
    browser.open(f"http://{keyed.host}:{keyed.port}/")
    browser.until("document.activeElement.id === 'key'")
    assert browser.run("document.querySelector('#form').offsetParent") is None
    browser.run("document.querySelector('#key').value = 'lsk_wrong'")
    browser.press("Enter", 13, "\r")
    browser.until("document.querySelector('#key-problem').textContent.includes('not know')")
    browser.run(f"document.querySelector('#key').value = '{key}'")
    browser.press("Enter", 13, "\r")
    browser.until("document.querySelector('[data-option=box]')")
    yield browser
    browser.run("sessionStorage.clear()")


def test_a_server_with_keys_asks_for_one(locked):
    assert locked.run("document.querySelector('#form').offsetParent") is not None


@pytest.mark.slow
def test_the_key_is_sent_for_files_too(locked, inputs, long):
    locked.choose("#face", inputs / "ann.png")
    locked.run("document.querySelector('#text').value = 'Hello.'")
    locked.run(BOX_FIELD)
    locked.run("document.querySelector('#go').click()")
    locked.until("document.querySelector('#video').textTracks[0]?.cues?.length === 1")
    locked.until("document.querySelector('#video').duration > 0")
    assert locked.run("document.querySelector('#download').href").startswith("blob:")
    locked.run("document.querySelector('#text').value = ''")
    locked.choose("#audio", long)
    locked.run("document.querySelector('#go').click()")
    locked.until("document.querySelector('#live').currentTime > 0.3")
    assert not locked.run("document.querySelector('#live').hidden")
    locked.run("document.querySelector('#cancel').click()")
    locked.until("document.querySelector('#state').textContent === 'canceled'")


def test_options_appear_by_themselves(page):
    names = page.run("[...document.querySelectorAll('[data-option]')].map(e => e.dataset.option)")
    assert set(names) == OPEN.keys() - {"text"}


def test_the_documents_javascript_makes_a_video(page, server):
    text = (ROOT / "docs" / "service.md").read_text()
    (program,) = re.findall(r"```javascript\n(.*?)```", text, re.DOTALL)
    job = server.get(f"/v1/jobs/{server.accept(face='ann.png', audio='one.wav')}").json
    files = [f"await (await fetch('{job['links'][name]}')).blob()" for name in ("face", "audio")]
    call = f"speak(location.origin, {files[0]}, {files[1]})"
    size = page.run(f"{program}; (async () => (await {call}).size)()")
    assert size > 1000


def test_only_the_page_s_own_script_may_run():
    text, policy = page_and_policy()
    assert policy.count("sha256-") == 2 and "unsafe" not in policy and "http" not in policy
    assert "default-src 'none'" in policy and 'src="http' not in text and "//cdn" not in text
