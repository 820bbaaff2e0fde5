"""What only real children can show: limits, kills, replacement, orphans."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.adapters.sandbox import ProcessSandbox
from monitor.core.feeds.parse import parse_feed
from monitor.core.text.language import detect_language
from monitor.model.entry import ParsedFeed
from monitor.model.errors import NotAFeed, SandboxFailed, SandboxReason

NOW = datetime(2023, 2, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    # Much wall time for little CPU: on a loaded machine the one must not be taken for the other.
    made = ProcessSandbox(workers=1, seconds=30.0, cpu_seconds=0.5, memory_bytes=1 << 30)
    yield made
    made.close()


def spin() -> None:
    while True:
        pass


def stand_still() -> None:
    time.sleep(60)


def hog() -> int:
    return len(b"x" * (4 << 30))


def swell() -> int:
    return len(bytearray(b"x") * (250 << 20))  # given back to the system at once: the peak counts


def leave() -> None:
    os._exit(3)


def crash() -> None:
    ctypes.string_at(0)


def quit_politely() -> None:
    raise SystemExit(0)


def shout() -> str:
    print("noise")
    print("noise", file=sys.stderr)
    os.write(1, b"noise")
    os.write(2, b"noise")
    return os.readlink("/proc/self/fd/0")


def own_pid() -> int:
    return os.getpid()


def open_descriptors() -> list[str]:
    return [os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]


def unpicklable() -> object:
    return lambda: None


def reason_of(sandbox: ProcessSandbox, function: object) -> SandboxReason:
    with pytest.raises(SandboxFailed) as caught:
        sandbox.run(function)  # type: ignore[arg-type]  # any of the functions above
    assert "\n" not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (spin, SandboxReason.CPU),
        (hog, SandboxReason.MEMORY),
        (leave, SandboxReason.CRASHED),
        (crash, SandboxReason.CRASHED),
        (quit_politely, SandboxReason.RAISED),
        (unpicklable, SandboxReason.RAISED),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_task_that_misbehaves_ends_with_its_reason_and_the_next_one_works(
    sandbox: ProcessSandbox, function: object, reason: SandboxReason
) -> None:
    assert reason_of(sandbox, function) is reason
    assert sandbox.run(len, "abc") == 3


def test_a_task_that_waits_for_ever_ends_at_the_deadline_and_the_next_one_works() -> None:
    made = ProcessSandbox(workers=1, seconds=1.0)
    try:
        begun = time.monotonic()
        assert reason_of(made, stand_still) is SandboxReason.TIMEOUT
        assert time.monotonic() - begun < 30
        assert made.run(len, "abc") == 3
    finally:
        made.close()


def test_what_cannot_be_sent_is_a_named_failure(sandbox: ProcessSandbox) -> None:
    assert reason_of(sandbox, lambda: None) is SandboxReason.RAISED


class Body:
    """Says when it is packed."""

    def __init__(self) -> None:
        self.packed = threading.Event()

    def __reduce__(self) -> tuple[type[bytes], tuple[()]]:
        self.packed.set()
        return bytes, ()


def test_what_waits_for_a_child_is_not_packed_yet_and_thus_not_in_memory_twice(
    sandbox: ProcessSandbox, tmp_path: Path
) -> None:
    pipe, body = tmp_path / "pipe", Body()
    os.mkfifo(pipe)
    with ThreadPoolExecutor(2) as threads:
        threads.submit(sandbox.run, Path.read_bytes, pipe)
        with pipe.open("wb"):  # the only child reads it: it is busy until this is closed
            waiting = threads.submit(sandbox.run, len, body)  # type: ignore[arg-type]  # bytes on the other side
            assert not body.packed.wait(0.5)
        assert waiting.result() == 0
    assert body.packed.is_set()


def test_a_child_is_used_again_and_replaced_after_its_share_of_tasks() -> None:
    made = ProcessSandbox(workers=1, tasks_per_child=3)
    try:
        pids = [made.run(own_pid) for _ in range(7)]
    finally:
        made.close()
    assert [len(set(part)) for part in (pids[:3], pids[3:6], pids[6:])] == [1, 1, 1]
    assert len(set(pids)) == 3


def test_a_child_that_grew_large_answers_and_is_replaced() -> None:
    made = ProcessSandbox(workers=1, resident_bytes=200 << 20)
    try:
        first = made.run(own_pid)
        assert made.run(own_pid) == first
        assert made.run(swell) == 250 << 20
        assert made.run(own_pid) != first
    finally:
        made.close()


def test_an_idle_child_that_was_killed_is_replaced_unseen(sandbox: ProcessSandbox) -> None:
    os.kill(first := sandbox.run(own_pid), signal.SIGKILL)
    wait_until_gone(first)
    assert sandbox.run(own_pid) != first


def test_a_child_is_silent_and_holds_nothing_of_its_parent(
    sandbox: ProcessSandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    assert sandbox.run(shout) == "/dev/null"
    assert capfd.readouterr() == ("", "")
    sockets = [name for name in sandbox.run(open_descriptors) if name.startswith("socket:")]
    assert len(sockets) == 2  # its own stream and its lifeline


def test_ctrl_c_and_a_service_managers_term_do_not_reach_a_child(sandbox: ProcessSandbox) -> None:
    pid = sandbox.run(own_pid)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert sandbox.run(own_pid) == pid


def test_a_program_read_from_standard_input_can_use_it() -> None:
    script = "from monitor.adapters.sandbox import ProcessSandbox; print(ProcessSandbox().run(len, 'abc'))"
    out = subprocess.run([sys.executable, "-"], input=script, capture_output=True, text=True, check=True)
    assert (out.stdout, out.stderr) == ("3\n", "")


def test_a_signal_to_the_whole_group_leaves_the_fork_server_alive() -> None:
    made = ProcessSandbox(workers=1, tasks_per_child=1)
    try:
        server = made.run(os.getppid)
        os.kill(server, signal.SIGTERM)
        os.kill(server, signal.SIGINT)
        assert made.run(os.getppid) == server
    finally:
        made.close()


def test_closing_ends_a_running_task_at_once() -> None:
    made = ProcessSandbox(workers=1, seconds=30)
    pid = made.run(own_pid)
    failed: list[SandboxFailed] = []

    def work() -> None:
        try:
            made.run(stand_still)
        except SandboxFailed as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    begun = time.monotonic()
    while not made._slots.empty() and time.monotonic() - begun < 20:
        time.sleep(0.005)  # until the task has taken the only slot
    made.close()
    thread.join(20)
    assert not thread.is_alive()
    assert time.monotonic() - begun < 20  # the task would have taken 30
    assert [error.reason for error in failed] == [SandboxReason.CRASHED]
    wait_until_gone(pid)
    with pytest.raises(SandboxFailed, match="closed"):
        made.run(own_pid)


def test_children_die_with_a_parent_that_was_killed_hard(tmp_path: Path) -> None:
    parent = start_parent(tmp_path, "busy")
    pids = [int(pid) for pid in parent.stdout.readline().split()]  # type: ignore[union-attr]  # stdout is a pipe
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()  # type: ignore[union-attr]  # stdout is a pipe
    for pid in pids:
        wait_until_gone(pid)


def test_a_parent_that_forgets_to_close_still_exits(tmp_path: Path) -> None:
    parent = start_parent(tmp_path, "forget")
    out, _ = parent.communicate(timeout=30)
    assert parent.returncode == 0
    wait_until_gone(int(out.split()[0]))


def test_the_parent_imports_no_parser() -> None:
    script = """
import sys
import monitor.adapters.nlp, monitor.adapters.sandbox, monitor.core.articles.extract, monitor.core.feeds.parse
print([name for name in ("feedparser", "trafilatura", "spacy", "numpy") if name in sys.modules])
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def rss(inside: str) -> bytes:
    return f'<rss version="2.0"><channel><item><title>x</title>{inside}</item></channel></rss>'.encode()


HOSTILE = {
    "nested tags": rss("<a>" * 100_000 + "</a>" * 100_000),
    "unclosed tags": rss("<a>" * 100_000),
    "attributes": rss("<a " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>"),
    "namespaces": rss("<a " + " ".join(f'xmlns:n{n}="http://e.org/{n}"' for n in range(20_000)) + "/>"),
    "entries": rss("</item>" + "<item><title>y</title></item>" * 100_000 + "<item>"),
    "cdata": rss("<description><![CDATA[" + "x" * 20_000_000 + "]]></description>"),
    "bomb": b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY a%d "&a;&a;&a;">' % n for n in range(30))
    + b"]><rss>&a9;</rss>",
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_feed_ends_within_the_limits_and_the_sandbox_goes_on(sandbox: ProcessSandbox, name: str) -> None:
    outcome: object
    try:
        outcome = sandbox.run(parse_feed, HOSTILE[name], "text/xml", "https://example.org/", NOW)
    except (NotAFeed, SandboxFailed) as error:
        outcome = error
    assert isinstance(outcome, ParsedFeed | NotAFeed | SandboxFailed)
    assert sandbox.run(len, "abc") == 3


def start_parent(folder: Path, mode: str) -> subprocess.Popen[bytes]:
    """A script as a user would write it, with two children: one idle, one in an endless loop."""
    script = folder / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, sys, threading, time
            from monitor.adapters.sandbox import ProcessSandbox

            mode = sys.argv[1]  # no guard around what follows: children must not run it again
            sandbox = ProcessSandbox(workers=2, seconds=120, cpu_seconds=120)
            if mode == "busy":
                print(sandbox.run(os.getpid), end=" ")
                threading.Thread(target=sandbox.run, args=(sum, range(10**15)), daemon=True).start()
                while not sandbox._slots.queue == [None]:
                    time.sleep(0.001)
            print(sandbox.run(os.getpid), flush=True)
            if mode == "busy":
                time.sleep(60)
            """
        )
    )
    return subprocess.Popen([sys.executable, str(script), mode], stdout=subprocess.PIPE)


def wait_until_gone(pid: int, seconds: float = 20.0) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        assert poller.poll(seconds * 1000), f"process {pid} still lives"
    finally:
        os.close(descriptor)


def threads_of_numpy() -> int:
    import numpy

    square = numpy.ones((600, 600))
    assert (square @ square).sum() == 600**3  # large enough for OpenBLAS to share it out
    return len(os.listdir("/proc/self/task"))


@pytest.mark.needs("linux")
def test_what_a_child_loads_starts_no_threads_of_its_own() -> None:
    # On a machine of sixty-four processors OpenBLAS would take a child's address space for sixty-four stacks.
    made = ProcessSandbox(workers=1)
    try:
        assert made.run(threads_of_numpy) == 1
    finally:
        made.close()


def test_a_language_is_heard_within_the_limits_of_a_child() -> None:
    made = ProcessSandbox(workers=1)
    try:
        guess = made.run(detect_language, "The Torkham crossing was closed on Sunday, officials said.")
    finally:
        made.close()
    assert guess is not None
    assert guess.language == "en"
