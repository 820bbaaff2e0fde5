"""The dashboard of the real daemon in a real browser: what an analyst does there, and what nothing can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from dashboard import Browser, Visitor, chromium, visitor
from desk import Desk, eventually
from local_feed import LocalFeed
from playwright.sync_api import Route, expect
from talk import ANY_PORT, port_of, ready

from monitor.demo.server import LocalSite

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(300)]

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> Torkham closed",
    "\u202e\u2066never closed\u202d Torkham closed",
    "Torkham closed " + "x" * 10_000,
)
URDU = "طورخم بارڈر بند، ہزاروں ٹرک پھنس گئے"
PATHS = (
    "/",
    "/entries",
    "/entries?waiting=read",
    "/matches",
    "/matches?digest=alerts&waiting=1",
    "/polls",
    "/rates",
    "/stories?since=7d",
    "/stories/s_1",
    "/digests",
    "/digests/alerts",
    "/digests/alerts?form=slack",
    "/digests/alerts?form=text&whole=1",
    "/deliveries",
    "/deliveries/1",
    "/silences",
    "/search",
    "/rules",
    "/rules/torkham-closed",
    "/rules/new",
    "/rules/floods?saved=saved",
    "/rules?page=1&sort=busy",
    "/search?query=Torkham",
    "/search?query=Torkham&whole=1&language=en&publisher=Local",
    "/stories?since=7d&rule=torkham-closed&language=ur",
    "/stories/s_1/edits",
    "/receivers",
    "/search?query=Torkham+AND+(",
    "/feeds",
    "/feeds/1",
    "/feeds/2",
    "/feeds?sort=-name&state=failing",
    "/feeds/add",
    "/feeds/import",
    "/why",
    "/why?url={link}",
    "/nothing",
)


@dataclass
class Scene:
    """A daemon with stories that it told, and one it did not."""

    desk: Desk
    feed: LocalFeed
    url: str
    told: str  # link
    untold: str
    browser: Browser

    def paths(self) -> list[str]:
        return [path.format(link=self.told) for path in PATHS]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    desk = Desk(tmp_path_factory.mktemp("dashboard"))
    with LocalSite() as site, chromium() as browser:
        feed = LocalFeed(site)
        told = feed.add("Torkham closed for a third day", "The Torkham crossing was closed on Sunday.")
        untold = feed.add(URDU, "The weather stays dry.")
        feed.add(URDU, "The weather stays dry.")  # a copy
        for title in HOSTILE:
            feed.add(title, "The Torkham crossing was closed.")
        desk.write([feed.url, "http://127.0.0.1:9/nobody-listens"], more=ANY_PORT)
        with desk.running():
            port = port_of(desk)
            eventually(lambda: ready(port), "readiness")
            eventually(lambda: desk.number("SELECT count(*) FROM deliveries WHERE state = 'sent'"), "a delivery")
            eventually(
                lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'") == 6, "all matched"
            )
            feed.drop(told)
            feed.add("Torkham closed for a third day", "The Torkham crossing was closed on Monday.", link=told)
            eventually(
                lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'") == 7, "the edit"
            )
            yield Scene(desk, feed, f"http://127.0.0.1:{port}", told, untold, browser)
    desk.clear()


@pytest.fixture
def analyst(scene: Scene) -> Iterator[Visitor]:
    with visitor(scene.browser, scene.url) as one:
        yield one
        assert one.complaints() == []


# ---- journeys


def test_at_first_look_one_sees_the_feeds_and_follows_a_number_to_its_list(scene: Scene, analyst: Visitor) -> None:
    page = analyst.go("/")
    page.get_by_role("link", name=re.compile("Feeds 2")).click()
    page.wait_for_url("**/feeds")
    page.get_by_label("State").select_option("failing")
    page.wait_for_url("**state=failing**")
    assert page.locator("tbody tr").count() == 1
    assert "nobody-listens" in page.locator("tbody").inner_text()


def test_the_first_page_is_loaded_anew_and_the_focus_stays_where_it_was(scene: Scene, analyst: Visitor) -> None:
    page = analyst.go("/")
    page.locator("#n-feeds").focus()
    page.evaluate("document.getElementById('now').dataset.old = 'yes'")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#now")).not_to_have_attribute("data-old", "yes")
    expect(page.locator("#n-feeds")).to_be_focused()
    expect(page.locator("#now time").last).not_to_contain_text("UTC")
    expect(page.locator("#away")).to_be_hidden()


def test_a_first_page_that_gets_no_answer_says_how_old_it_is(analyst: Visitor) -> None:
    page = analyst.go("/")
    page.route("**/", lambda route: route.fulfill(status=503, body="no"))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#away")).to_contain_text("has not answered since")
    assert page.locator("#n-feeds").is_visible()
    page.unroute("**/")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#away")).to_be_hidden()
    analyst.troubles.clear()  # the browser's own words on the 503


def test_a_filter_keeps_what_is_typed_and_the_place_of_the_cursor(analyst: Visitor) -> None:
    page = analyst.go("/feeds")
    page.keyboard.press("/")
    page.keyboard.type("nobody", delay=30)
    page.wait_for_url("**find=nobody**")
    expect(page.locator("tbody tr")).to_have_count(1)  # not wait_for_function, whose eval our policy refuses
    page.keyboard.type("-listens", delay=30)
    page.wait_for_url("**find=nobody-listens**")
    assert page.input_value("#find") == "nobody-listens"


def test_back_from_a_filter_is_the_whole_page_as_it_was(analyst: Visitor) -> None:
    page = analyst.go("/feeds")
    page.get_by_label("State").select_option("failing")
    page.wait_for_url("**state=failing**")
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(2)
    assert page.locator("header nav a").count() == 7


def test_a_filter_takes_neither_the_focus_nor_letters_that_are_typed_meanwhile(analyst: Visitor) -> None:
    page = analyst.go("/feeds")
    held: list[Route] = []
    page.route(re.compile("find=nobody(&|$)"), lambda route: held.append(route))
    with page.expect_request(re.compile("find=nobody(&|$)")):
        page.locator("#find").press_sequentially("nobody")
    page.locator("#find").press_sequentially("-lis")
    held[0].continue_()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#find")).to_have_value("nobody-lis")
    page.get_by_label("Order").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**sort=name**")
    assert page.evaluate("document.activeElement.name") == "sort"


def test_a_trial_that_is_refused_says_so_instead_of_showing_the_last_one(analyst: Visitor) -> None:
    page = analyst.go("/rules/torkham-closed")
    page.evaluate("document.querySelector('form.bench').setAttribute('hx-post', '/rules/gone/try')")
    page.evaluate("htmx.process(document.querySelector('form.bench'))")
    page.get_by_label("Query").fill("Torkham")
    expect(page.locator("#trial").get_by_text("No rule in force has this id")).to_be_visible()


def test_a_match_is_followed_from_the_story_to_the_reason_and_to_the_message(
    scene: Scene, analyst: Visitor
) -> None:
    page = analyst.go("/stories?since=7d")
    page.get_by_role("link", name="Torkham closed for a third day").first.click()
    page.wait_for_url("**/stories/s_*")
    page.get_by_role("link", name="why?").first.click()
    page.wait_for_url("**/why**")
    assert "torkham-closed" in page.locator("tr.yes").first.inner_text()
    page = analyst.go("/deliveries")
    page.locator("tbody a").first.click()
    page.wait_for_url("**/deliveries/*")
    assert "torkham-closed" in page.locator("main").inner_text()


def test_one_finds_out_why_an_article_was_not_sent(scene: Scene, analyst: Visitor) -> None:
    page = analyst.go("/why")
    page.get_by_label("Address of an article").fill(scene.untold)
    page.get_by_role("button", name="Ask").click()
    page.wait_for_url("**/why?url=**")
    assert "no match" in page.locator("tr.no").first.inner_text()
    heading = page.locator("h2 bdi").first
    assert heading.inner_text() == URDU
    assert heading.evaluate("(one) => getComputedStyle(one).direction") == "rtl"


def test_a_rule_is_written_with_a_typo_mended_and_tried_on_what_is_stored(scene: Scene, analyst: Visitor) -> None:
    page = analyst.go("/rules")
    page.get_by_role("link", name="torkham-closed").click()
    page.wait_for_url("**/rules/torkham-closed")
    field, trial = page.get_by_label("Query"), page.locator("#trial")
    field.fill("Torkham AND (closed")
    trial.locator("pre.bad").wait_for()
    assert "^" in trial.inner_text()
    field.fill("Torkham AND third")
    trial.get_by_text("0 gained").wait_for()
    assert "lost" in trial.locator("li.lost").first.inner_text()
    page.get_by_label("Explained on a stored article").fill(scene.told)
    trial.get_by_text("On that article").wait_for()
    assert "MATCH" in trial.inner_text()


def test_a_rule_is_saved_with_an_example_by_a_click_and_matches_in_the_next_poll(
    scene: Scene, analyst: Visitor
) -> None:
    page = analyst.go("/rules/new?query=Torkham+AND+third")
    trial = page.locator("#trial")
    trial.get_by_text("2 matches in").wait_for()
    trial.get_by_role("button", name="must match").first.click()
    trial.get_by_text("must match, new").wait_for()
    trial.get_by_text("2 matches in").wait_for()
    assert "third day" in page.locator("#must_match").input_value()
    page.get_by_label("Id").fill("third-day")
    page.get_by_label("Query").fill("Torkham AND (third")
    trial.locator("pre.bad").wait_for()
    page.get_by_role("button", name="Save").click()
    trial.get_by_text("Not saved").wait_for()
    page.get_by_label("Query").fill("Torkham AND (third OR fourth)")
    trial.get_by_text("2 matches in").wait_for()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/rules/third-day?saved=saved")
    expect(page.locator(".stands")).to_have_text("It is in force.", timeout=60_000)
    link = scene.feed.add("Torkham closed for a fourth day", "The Torkham crossing stays closed.")
    found = "SELECT count(*) FROM matches WHERE rule_id = 'third-day'"
    eventually(lambda: scene.desk.number(found), "a match of the new rule")
    page = analyst.go("/rules/third-day")
    newest = page.locator("main > ul.rows").last
    assert newest.get_by_role("link", name="Torkham closed for a fourth day").get_attribute("href") == link
    page.get_by_role("button", name="Take the new rule out").click()
    page.wait_for_url("**/rules")
    assert "third-day" not in (scene.desk.folder / "rules" / "rules.toml").read_text("utf-8")


def test_a_change_by_an_editor_is_not_overwritten_and_nothing_typed_is_lost(
    scene: Scene, analyst: Visitor
) -> None:
    page = analyst.go("/rules/floods")
    before = (scene.desk.folder / "rules" / "rules.toml").read_text("utf-8")
    scene.desk.rules(before.replace("'flood*'", "'flood* OR deluge'  # theirs"))
    page.get_by_label("Title").fill("Floods and rain")
    page.get_by_role("button", name="Save").click()
    unsaved = page.locator(".unsaved")
    unsaved.get_by_text("Somebody has changed this rule").wait_for()
    assert "# theirs" in unsaved.inner_text()
    assert page.get_by_label("Title").input_value() == "Floods and rain"
    unsaved.get_by_role("link", name="Take theirs").click()
    page.wait_for_url("**/rules/floods")
    expect(page.get_by_label("Query")).to_have_value("flood* OR deluge")
    scene.desk.rules(before)


def test_a_story_is_silenced_and_the_silence_is_ended(scene: Scene, analyst: Visitor) -> None:
    page = analyst.go("/stories/s_1")
    page.get_by_role("link", name="Silence this story").click()
    page.get_by_label("Why, for those who miss it").fill("told on the phone")
    page.get_by_label("Your name").fill("Anna")
    page.get_by_role("button", name="Silence it").click()
    page.wait_for_url("**/silences#silence-*")
    assert "told on the phone" in page.locator("main").inner_text()
    assert scene.desk.number("SELECT count(*) FROM silences") == 1
    page.get_by_role("button", name="End it now").click()
    page.wait_for_url("**/silences?all=1")
    assert "over since" in page.locator("main").inner_text()


def test_the_mail_in_its_frame_is_seen_and_can_do_nothing(scene: Scene, analyst: Visitor) -> None:
    page = analyst.go("/digests/alerts")
    frame = page.frame_locator("iframe.mail")
    assert "Alerts" in frame.locator("h1").inner_text()
    assert page.locator("iframe.mail").get_attribute("sandbox") == ""


def test_a_feed_is_looked_at_added_paused_and_removed(analyst: Visitor) -> None:
    with LocalSite() as site:
        feed = LocalFeed(site, "Second")
        feed.add("Torkham closed again", "The Torkham crossing was closed.")
        page = analyst.go("/feeds")
        page.get_by_role("link", name="Add a feed").click()
        page.get_by_label("Address of a feed").fill(feed.url)
        page.get_by_role("button", name="Look").click()
        page.get_by_text("torkham-closed").wait_for()
        assert analyst.barriers() == []
        assert analyst.overflow() == 0
        page.get_by_role("button", name="Subscribe").click()
        page.wait_for_url(re.compile(r"/feeds/\d+$"))
        assert page.locator("h1").inner_text() == "Second"
        assert page.locator("#polls ~ .scroll tbody tr").count() >= 1
        page.get_by_role("button", name="Pause").click()
        page.get_by_text("not polled until somebody resumes it").wait_for()
        page.get_by_role("button", name="Remove").click()
        page.get_by_text("Removed: it is polled no more").wait_for()


def test_a_list_is_looked_at_before_it_is_taken(analyst: Visitor) -> None:
    page = analyst.go("/feeds/import")
    page.get_by_label("or its text").fill('<opml><body><outline xmlUrl="ftp://bad.example/"/></body></opml>')
    page.get_by_role("button", name="Look").click()
    page.get_by_text("1 refused").wait_for()
    assert analyst.barriers() == []


def test_ticked_feeds_are_paused_and_resumed_without_scripts(scene: Scene) -> None:
    with visitor(scene.browser, scene.url, scripts=False) as one:
        page = one.go("/feeds?sort=name")
        page.get_by_role("link", name="Entries").click()
        page.wait_for_url("**sort=entries")
        for button, paused in (("Pause", 1), ("Resume", 0)):
            page.locator("tbody input[type=checkbox]").first.check()
            page.get_by_role("button", name=button).click()
            expect(page.locator(".state-paused")).to_have_count(paused)
        assert scene.desk.number("SELECT count(*) FROM feeds WHERE status = 'paused'") == 0


def test_times_are_those_of_the_reader(analyst: Visitor) -> None:
    page = analyst.go("/feeds/1")
    assert "Times in Asia/Kabul" in page.locator("footer").inner_text()
    shown = page.locator("time").first
    assert "UTC" not in shown.inner_text()
    assert shown.get_attribute("title").endswith("UTC")  # type: ignore[union-attr]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_chart_is_looked_at_closely_and_a_part_of_it_alone(scene: Scene, dark: bool) -> None:
    with visitor(scene.browser, scene.url, dark=dark) as one:
        page = one.go("/")
        page.get_by_role("button", name="Look closer: Entries an hour").click()
        dialog = page.get_by_role("dialog", name="Entries an hour")
        plot = dialog.locator(".u-over")
        plot.hover()
        expect(dialog.locator(".u-legend")).to_contain_text("Entries an hour")
        assert one.barriers() == []
        box = plot.bounding_box()
        assert box is not None
        left, right, high = box["x"] + 3, box["x"] + box["width"] - 3, box["y"] + 50
        page.mouse.move(left, high)
        first = dialog.locator(".u-legend").inner_text()
        page.mouse.move((left + right) / 2, high)
        page.mouse.down()
        page.mouse.move(right, high, steps=5)
        page.mouse.up()
        page.mouse.move(left, high)
        expect(dialog.locator(".u-legend")).not_to_have_text(first, use_inner_text=True)  # begins later
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        assert one.complaints() == []


def test_keys_lead_to_pages_and_tell_themselves(analyst: Visitor) -> None:
    page = analyst.go("/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    assert dialog.is_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("6")
    page.wait_for_url("**/feeds")


def test_keys_can_be_turned_off_for_good_and_on_again_without_them(analyst: Visitor) -> None:
    page = analyst.go("/")
    page.get_by_role("button", name="keys").click()
    page.get_by_label("No keys in this browser").check()
    page.keyboard.press("Escape")
    analyst.go("/rules")
    page.keyboard.press("?")
    page.keyboard.press("6")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert page.url.endswith("/rules")
    page.get_by_role("button", name="keys").click()
    page.get_by_label("No keys in this browser").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("6")
    page.wait_for_url("**/feeds")


def test_all_is_read_and_asked_without_scripts(scene: Scene) -> None:
    with visitor(scene.browser, scene.url, scripts=False) as reader:
        page = reader.page
        page.goto(scene.url + "/feeds")
        page.get_by_label("State").select_option("failing")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**state=failing**")
        assert page.locator("tbody tr").count() == 1
        page.goto(scene.url + "/feeds/1")
        assert "UTC" in page.locator("time").first.inner_text()


def test_a_search_is_narrowed_by_a_click_and_becomes_a_rule(scene: Scene, analyst: Visitor) -> None:
    page = analyst.go("/search?query=Torkham")
    expect(page.locator("#found mark").first).to_have_text("Torkham")
    page.locator(".facets").get_by_role("link", name="en", exact=True).click()
    page.wait_for_url("**language=en**")
    expect(page.get_by_role("link", name="any language")).to_be_visible()
    page.get_by_role("link", name="Make this a rule").click()
    page.wait_for_url("**/rules/new?query=**")
    expect(page.get_by_label("Query")).to_have_value('(Torkham) AND language:"en"')


def test_an_edit_shows_the_words_that_went_and_those_that_came(analyst: Visitor) -> None:
    page = analyst.go("/stories?since=7d")
    page.get_by_role("link", name="Torkham closed for a third day").first.click()
    page.wait_for_url("**/stories/s_*")
    expect(page.locator("del").first).to_have_text("Sunday.")
    expect(page.locator("ins").first).to_have_text("Monday.")
    expect(page.locator("blockquote mark").first).to_have_text("Torkham")


def test_articles_leave_their_story_and_come_back(scene: Scene, analyst: Visitor) -> None:
    page = analyst.go("/stories?since=7d&least=2")
    page.locator("ol.stories a").first.click()
    page.wait_for_url("**/stories/s_*")
    page.locator("ol.timeline input[type=checkbox]").last.check()
    page.get_by_label("Why, for those who look at it later").fill("another crossing")
    page.get_by_label("Your name").fill("Anna")
    page.get_by_role("button", name="Not the same story").click()
    expect(page.get_by_role("heading", name="Not the same story")).to_be_visible()
    assert analyst.barriers() == []
    assert scene.desk.number("SELECT count(*) FROM must_not_links")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="Taken back")).to_be_visible()
    assert scene.desk.number("SELECT count(*) FROM must_not_links") == 0


def test_a_test_message_is_sent_once_somebody_is_sure(analyst: Visitor) -> None:
    page = analyst.go("/receivers")
    page.get_by_label("Yes, to 1 recipient").check()
    page.get_by_role("button", name="Send a test message").click()
    expect(page.get_by_text("taken", exact=True)).to_be_visible()
    assert analyst.barriers() == []


# ---- laws


@pytest.mark.parametrize(
    ("dark", "width"),
    [
        pytest.param(False, 360, id="light-360"),
        pytest.param(True, 1440, id="dark-1440"),
        # In the tier each theme and each width is seen once.
        pytest.param(False, 1440, id="light-1440", marks=pytest.mark.soak),
        pytest.param(True, 360, id="dark-360", marks=pytest.mark.soak),
    ],
)
def test_no_page_keeps_anybody_out_or_is_wider_than_its_window(scene: Scene, dark: bool, width: int) -> None:
    with visitor(scene.browser, scene.url, width=width, dark=dark) as one:
        for path in scene.paths():
            one.go(path)
            assert (path, one.barriers()) == (path, [])
            assert (path, one.overflow()) == (path, 0)
            assert (path, one.complaints()) == (path, [])
