"""Other messages than text: pictures, voices, videos, locations, cards and unknown types."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.visitors import Visit, Visitor, file_of
from tests.copies import copy_chat
from tests.servers import ChatServer
from tests.uploads import picture
from yolk.testing import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with a message type that the page does not know."""
    folder = tmp_path_factory.mktemp("media")
    settings = 'chat = {"extra_types": ("emoticon",)}\n'
    root = copy_chat(folder, {"config/config_local.py": settings})
    running = ChatServer(root, folder / "data").start()
    yield running
    running.stop()


async def test_pictures_are_looked_through_with_the_keyboard(
    pair: tuple[Visitor, Visitor],
) -> None:
    """The viewer shows the picture of a message and the others, and closes to the same place."""
    ada, grace = pair
    pictures = {"red.png": picture(size=(500, 300)), "blue.png": picture(size=(301, 500))}
    for name, content in pictures.items():
        await ada.attach(file_of(name, content, "image/png"))
    await expect(grace.page.locator("img.real.there")).to_have_count(2)

    last = grace.find("message").last
    await last.focus()
    await grace.page.keyboard.press("Enter")
    await grace.find("open-message").press("Enter")
    viewed = grace.find("viewed")
    await expect(viewed).to_have_attribute("alt", "blue.png")
    await expect(grace.page.get_by_role("button", name="Next")).to_have_count(0)
    await grace.page.keyboard.press("ArrowLeft")
    await expect(viewed).to_have_attribute("alt", "red.png")
    await expect(grace.page.get_by_role("button", name="Previous")).to_have_count(0)
    width = "image => image.complete && image.naturalWidth"
    await grace.page.wait_for_function(
        "() => document.querySelector('[data-testid=viewed]').naturalWidth === 500"
    )
    assert await viewed.evaluate(width) == 500
    name, content = await grace.save(grace.page.get_by_role("button", name="Download"))
    assert name == "red.png"
    assert content.startswith(b"\x89PNG")
    await grace.page.keyboard.press("Escape")
    await expect(grace.find("dialog")).to_have_count(0)
    await expect(last).to_be_focused()


async def test_a_click_on_a_picture_makes_it_large(pair: tuple[Visitor, Visitor]) -> None:
    """A click on a picture opens it, and a click beside it closes it again."""
    ada, grace = pair
    await ada.attach(file_of("red.png", picture(size=(500, 300)), "image/png"))
    await grace.page.locator("img.real.there").click()
    await expect(grace.find("viewed")).to_be_visible()
    await grace.page.mouse.click(20, 400)
    await expect(grace.find("dialog")).to_have_count(0)


async def test_a_voice_message_is_recorded_and_heard(
    pair: tuple[Visitor, Visitor],
) -> None:
    """A voice message has its length and waveform, and plays for the recipient; one at a time."""
    ada, grace = pair
    await ada.find("record").click()
    await expect(ada.page.get_by_role("timer")).to_have_text("0:02")
    await expect(ada.page.locator(".live-wave i")).not_to_have_count(0)
    await ada.find("send-recording").click()
    await expect(ada.find("composer")).to_be_visible()

    await expect(grace.find("sound")).to_contain_text(re.compile("0:0[1-9]"))
    await expect(grace.find("conversation")).to_contain_text("[Voice message]")
    heights = await grace.page.locator(".wave i").evaluate_all(
        "all => all.map((bar) => bar.style.getPropertyValue('--height'))"
    )
    assert len(set(heights)) > 1, "the microphone hums"
    await grace.page.get_by_role("button", name="Play").click()
    await grace.page.wait_for_function("() => document.querySelector('audio').currentTime > 0.3")
    await grace.page.get_by_role("button", name="Pause").click()
    await grace.page.wait_for_function("() => document.querySelector('audio').paused")
    slider = grace.page.get_by_role("slider", name="Position")
    await slider.press("End")
    await slider.press("Home")
    await expect(slider).to_have_attribute("aria-valuenow", "0")


async def test_a_recording_can_be_cancelled(pair: tuple[Visitor, Visitor]) -> None:
    """The button or Escape cancels a recording: the microphone is released, nothing is sent."""
    ada, grace = pair
    for way in ("button", "Escape"):
        await ada.find("record").click()
        await expect(ada.page.get_by_role("timer")).to_have_text("0:01")
        if way == "button":
            await ada.find("cancel-recording").click()
        else:
            await ada.page.keyboard.press("Escape")
        await expect(ada.find("composer")).to_be_visible()
    await ada.write("no, in writing")
    await grace.sees("no, in writing")
    await expect(grace.find("message")).to_have_count(1)


def tone() -> bytes:
    """Return two seconds of sound."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(range(0, 250, 2)) * 256)
    return written.getvalue()


async def film(someone: Visitor) -> bytes:
    """Return half a second of video, made by Chromium."""
    made = await someone.page.evaluate(
        """async () => {
            const canvas = document.createElement("canvas");
            Object.assign(canvas, { width: 160, height: 90 });
            const pen = canvas.getContext("2d");
            const stream = canvas.captureStream(20);
            const recorder = new MediaRecorder(stream, { mimeType: "video/webm" });
            const pieces = [];
            recorder.ondataavailable = ({ data }) => pieces.push(data);
            const stopped = new Promise((resolve) => (recorder.onstop = resolve));
            recorder.start();
            for (let n = 0; n < 20; n++) {
                pen.fillStyle = `hsl(${n * 18} 80% 50%)`;
                pen.fillRect(0, 0, 160, 90);
                await new Promise((resolve) => setTimeout(resolve, 30));
            }
            recorder.stop();
            await stopped;
            return [...new Uint8Array(await new Blob(pieces).arrayBuffer())];
        }"""
    )
    return bytes(made)


async def test_sounds_and_films_play(pair: tuple[Visitor, Visitor]) -> None:
    """Sounds and videos are played in their messages, with their own controls."""
    ada, grace = pair
    await ada.attach(file_of("tone.wav", tone(), "audio/wav"))
    await ada.attach(file_of("film.webm", await film(ada), "video/webm"))

    await expect(grace.find("sound")).to_contain_text("tone.wav")
    await expect(grace.page.locator("video")).to_be_visible()
    await grace.find("sound").get_by_role("button", name="Play").click()
    await grace.page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
    await grace.page.locator(".film").get_by_role("button", name="Play").click()
    await grace.page.wait_for_function("() => document.querySelector('video').currentTime > 0")
    await expect(grace.page.locator("video")).to_have_js_property("controls", value=True)


async def test_places_people_and_unknown_things_are_shown(
    pair: tuple[Visitor, Visitor], visit: Visit
) -> None:
    """A location leads to a map, a card to a user; an unknown type is named."""
    ada, grace = pair
    linus = await visit("Linus")
    place = '{"latitude": 52.52, "longitude": 13.405, "name": "<b>Alexanderplatz</b>"}'
    await ada.tell(grace, "location", place)
    await ada.tell(grace, "card", f'{{"user_id": {linus.user.id}}}')
    await ada.tell(grace, "custom", "<b>whatever</b>")
    await ada.tell(grace, "emoticon", "egg-dance")

    await expect(grace.find("location")).to_contain_text("<b>Alexanderplatz</b>")
    await expect(grace.find("location")).to_have_attribute(
        "href", re.compile(r"^https://www\.openstreetmap\.org/\?mlat=52\.52&mlon=13\.405")
    )
    await expect(grace.page.locator(".unknown")).to_have_text(
        ["[Custom message]", "This page cannot show “emoticon” messages."]
    )
    await expect(grace.find("card")).to_contain_text("Linus")
    await grace.find("card").click()
    await grace.find("dialog").get_by_role("button", name="Send a message").click()
    await expect(grace.find("chat-name")).to_have_text("Linus")
