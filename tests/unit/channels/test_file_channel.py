from __future__ import annotations

import io
import json
import os
import resource
from datetime import timedelta
from pathlib import Path

import pytest
from digest_samples import DIGEST, END, message

from monitor.adapters.channels.file import FileChannel, file_name
from monitor.adapters.channels.stdout import StdoutChannel
from monitor.core.digests.render import render
from monitor.model.delivery import FileEndpoint
from monitor.model.digest import MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault

KEY = "89abcdef" * 4


def channel(directory: Path) -> FileChannel:
    return FileChannel(FileEndpoint(str(directory)))


def test_a_json_digest_is_a_file_that_sorts_by_time(tmp_path: Path):
    (digest,) = render(DIGEST, MessageFormat.JSON)
    receipt = channel(tmp_path / "new" / "digests").send(digest, "file", KEY)
    place = Path(receipt.detail)
    assert place == tmp_path / "new" / "digests" / "2023-02-23T0330Z-border-morning-1-of-1-89abcdef.json"
    assert json.loads(place.read_text("utf-8")) == digest.payload


@pytest.mark.parametrize(
    ("form", "ending", "content"),
    [
        (MessageFormat.HTML, "html", "<p>Torkham <b>closed</b></p>"),
        (MessageFormat.TEXT, "txt", "Torkham closed\n.\nتړلې é\n"),
    ],
)
def test_each_format_has_its_ending(tmp_path: Path, form: MessageFormat, ending: str, content: str):
    place = Path(channel(tmp_path).send(message(form), "file", KEY).detail)
    assert place.suffix == f".{ending}"
    assert place.read_text("utf-8") == content


def test_a_retry_writes_the_same_file_and_leaves_nothing_else(tmp_path: Path):
    first = channel(tmp_path).send(message(), "file", KEY)
    place = Path(first.detail)
    (tmp_path / f".{place.name}.part").write_text("half of it")  # a crash came between
    assert channel(tmp_path).send(message(), "file", KEY) == first
    assert list(tmp_path.iterdir()) == [place]


def test_a_link_in_the_directory_leads_nowhere_else(tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    place = tmp_path / "out" / file_name(message(), KEY)
    place.parent.mkdir()
    half = place.with_name(f".{place.name}.part")
    half.symlink_to(elsewhere)
    place.symlink_to(elsewhere)
    with pytest.raises(DeliveryFailed) as caught:
        channel(place.parent).send(message(), "file", KEY)
    assert caught.value.fault is DeliveryFault.BROKEN_RECEIVER
    channel(place.parent).send(message(), "file", KEY)  # the link is gone
    assert elsewhere.read_text() == "mine"
    assert not place.is_symlink()


def test_other_messages_get_other_files():
    names = {
        file_name(message(), KEY),
        file_name(message(), "11111111"),
        file_name(message(part=2, parts=2), KEY),
        file_name(message(date=END + timedelta(minutes=1)), KEY),
    }
    assert len(names) == 4


@pytest.mark.parametrize(
    "subject", ["../../etc/passwd: x", "a/b\x00c", "", "…", "تورخم بند " * 40, ".hidden", "口" * 300]
)
def test_no_subject_leaves_the_directory(tmp_path: Path, subject: str):
    place = Path(channel(tmp_path).send(message(subject=subject), "file", KEY).detail)
    assert place.parent == tmp_path
    assert place.name.startswith("2023-02-23T0330Z-")
    assert place.exists()


def test_a_file_in_the_way_breaks_the_receiver(tmp_path: Path):
    (tmp_path / "digests").write_text("not a directory")
    for directory in (tmp_path / "digests", tmp_path / "digests" / "below"):
        with pytest.raises(DeliveryFailed) as caught:
            channel(directory).send(message(), "file", KEY)
        assert caught.value.fault is DeliveryFault.BROKEN_RECEIVER
        assert str(directory) in caught.value.detail


def test_a_disk_without_room_is_tried_again_and_no_half_file_stays(tmp_path: Path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(DeliveryFailed) as caught:
            channel(tmp_path).send(message(text="x" * 5000), "file", KEY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.fault is DeliveryFault.TEMPORARY
    assert list(tmp_path.iterdir()) == []


def test_standard_output_gets_the_text_at_once():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8")
    StdoutChannel(stream).send(message(), "stdout", KEY)
    assert raw.getvalue().decode() == message().text.rstrip("\n") + "\n\n"


def test_no_text_steers_the_terminal():
    stream = io.StringIO()
    StdoutChannel(stream).send(message(text="a\x1b]0;owned\x07\x9b2J\u202eb\nتړ\u200cلې"), "stdout", KEY)
    assert stream.getvalue() == "a\\x1b]0;owned\\x07\\x9b2J\\u202eb\nتړ\u200cلې\n\n"


def test_a_console_without_the_letters_still_gets_the_message():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    StdoutChannel(stream).send(message(text="تړلې closed"), "stdout", KEY)
    assert raw.getvalue() == b"???? closed\n\n"


def test_a_reader_that_went_away_is_a_failure_to_try_again():
    reader, writer = os.pipe()
    os.close(reader)
    stream = open(writer, "w", encoding="utf-8")  # noqa: SIM115 - closed below, where its last flush fails too
    with pytest.raises(DeliveryFailed) as caught:
        StdoutChannel(stream).send(message(), "stdout", KEY)
    assert caught.value.fault is DeliveryFault.TEMPORARY
    with pytest.raises(BrokenPipeError):
        stream.close()
    with pytest.raises(DeliveryFailed):
        StdoutChannel(stream).send(message(), "stdout", KEY)
