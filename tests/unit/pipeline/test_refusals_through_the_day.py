"""A day of a desk whose mail server refuses its password, by the clock on its wall."""

from __future__ import annotations

from datetime import timedelta

from moments import Moments
from newsroom import Newsroom, digest_settings, item

from monitor.model.delivery import ChannelKind, Receipt, Receiver, StdoutEndpoint
from monitor.model.digest import Cron, Message
from monitor.model.errors import DeliveryFailed, DeliveryFault

DESK = ("desk", ChannelKind.STDOUT)


class Server:
    """Refuses everything until its password is mended."""

    def __init__(self) -> None:
        self.mended = False
        self.asked = 0
        self.taken: list[Message] = []

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        self.asked += 1
        if not self.mended:
            raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, "535 wrong password")
        self.taken.append(message)
        return Receipt("taken")


def desk_of(server: Server, *schedules: str) -> Moments:
    room = Newsroom(
        receivers=[Receiver("desk", (StdoutEndpoint(),))],
        digests=[
            digest_settings(f"d{number}", schedule=Cron(text), timezone="Asia/Kabul")
            for number, text in enumerate(schedules)
        ],
        channels={DESK: server},
    )
    room.bring_in(item())
    return Moments(room, "Asia/Kabul", step=timedelta(minutes=10))


def test_the_morning_digest_comes_at_its_time() -> None:
    server = Server()
    server.mended = True
    day = desk_of(server, "0 8 * * *")
    day.at("07:50")
    assert not server.taken
    day.at("08:00")
    assert len(server.taken) == 1


def test_a_password_that_is_mended_at_noon_lets_the_morning_out_within_the_hour() -> None:
    server = Server()
    day = desk_of(server, "0 8 * * *", "5 8 * * *", "10 8 * * *")
    day.at("08:00")
    day.at("11:50")
    assert server.asked == 4  # at eight, nine, ten and eleven
    server.mended = True
    day.within("1h", lambda: len(server.taken) == 3)
    assert day.room.states() == ["sent"] * 3


def test_two_digests_at_one_time_knock_once() -> None:
    server = Server()
    day = desk_of(server, "0 8 * * *", "0 8 * * *")
    day.at("08:00")
    assert day.room.states() == ["waiting", "waiting"]
    assert server.asked == 1
