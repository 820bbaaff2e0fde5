"""A feed behind a login under the real daemon: read with its pages, its secrets changed by a reload."""

from __future__ import annotations

from contextlib import ExitStack

from desk import Desk
from http_server import Asked, LoopbackServer, reply

PAGE = "<html><body><article><h1>Torkham closed</h1>" + "<p>The Torkham crossing was closed.</p>" * 20


def test_a_feed_behind_a_login_is_read_with_its_pages_and_its_secrets_are_kept_nowhere(desk: Desk) -> None:
    items: list[str] = []
    token = "correct-horse-1"

    def answer(asked: Asked) -> bytes:
        if asked.target == "/robots.txt":
            return reply(status=404)
        if (
            asked.headers.get("authorization") != f"Bearer {token}"
            or asked.headers.get("x-key") != "battery-staple"
        ):
            return reply(b"who are you?", 401)
        if asked.target.startswith("/page"):
            return reply(PAGE.encode(), Content_Type="text/html")
        feed = f"<rss version='2.0'><channel><title>Wire</title>{''.join(items)}</channel></rss>"
        return reply(feed.encode(), Content_Type="application/rss+xml")

    with ExitStack() as stack:
        server = stack.enter_context(LoopbackServer(answer))
        secret = desk.folder / "wire.token"
        secret.write_text(f"{token}\n")
        desk.environment["WIRE_KEY"] = "battery-staple"
        lines = 'full_text = true\nauth = { token = "file:wire.token" }\nheaders = { X-Key = "env:WIRE_KEY" }'
        desk.write([server.url("/feed")], feed_lines=lines)

        def add(number: int) -> None:
            url = server.url(f"/page{number}")
            items.append(
                f"<item><title>Torkham closed {number}</title><link>{url}</link><guid>{url}</guid></item>"
            )

        with desk.running() as daemon:
            desk.within(
                "60s",
                lambda: desk.number("SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL"),
                "a poll",
            )
            add(1)
            desk.within("60s", lambda: desk.sent() == 1, "the alert")
            assert desk.ask("SELECT quality FROM articles") == [("full",)]
            token = "correct-horse-2"  # the server's; ours follows
            failed = "SELECT count(*) FROM feeds WHERE last_outcome = 'auth_error'"
            desk.within("60s", lambda: desk.number(failed), "the refusal")
            secret.write_text(f"{token}\n")
            assert desk.reload(daemon)["feeds"].startswith("1 changed: ")
            add(2)
            desk.within("60s", lambda: desk.sent() == 2, "the alert after the reload")
        said = [desk.command(*words).stdout for words in (("status",), ("feeds", "list", "--json"), ("check",))]
        said += [desk.command("why", server.url("/page1"), "--json").stdout, desk.log()]
        said += [path.read_text(errors="replace") for path in (desk.folder / "digests").iterdir()]
        said += [path.read_text(errors="replace") for path in desk.folder.glob("monitor.db*")]
        assert not any(secret in text for text in said for secret in ("correct-horse", "battery-staple"))
