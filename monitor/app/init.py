"""`monitor init`: a config file and rules to start from; never overwrites."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from monitor.app.files import reason
from monitor.app.shipped import shipped_rule_files, shipped_text


@dataclass(frozen=True, slots=True)
class InitReport:
    """What was written and what was there already and left alone, in order; `error` is one line, or ""."""

    directory: Path
    written: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether all files are there now."""
        return not self.error


def init(directory: Path) -> InitReport:
    """Writes `config.toml` and `rules/*.toml` into `directory`, which is made when it is not there.

    A file that exists is left as it is. Stops at the first refusal of the operating system, which becomes the
    report's `error`; never raises for it.
    """
    wanted = [(directory / "config.toml", shipped_text("config.example.toml"))]
    wanted += [(directory / "rules" / name, text) for name, text in shipped_rule_files()]
    written: list[Path] = []
    kept: list[Path] = []
    for path, text in wanted:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            (written if _write_new(path, text) else kept).append(path)
        except FileExistsError:  # of mkdir: a folder's name is taken by a file
            error = f"{path.parent}: is a file, and a folder of this name is needed"
            return InitReport(directory, tuple(written), tuple(kept), error)
        except (OSError, ValueError) as refusal:
            return InitReport(directory, tuple(written), tuple(kept), f"{path}: {reason(refusal)}")
    return InitReport(directory, tuple(written), tuple(kept))


def _write_new(path: Path, text: str) -> bool:
    """Whether the file was written; False when one of this name is there, whatever it is."""
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(text)
    except OSError:
        # Half a config is worse than none: the next run would leave it alone.
        path.unlink(missing_ok=True)
        raise
    return True


def render_init(report: InitReport) -> str:
    """The report as `monitor init` prints it: files, then the commands to type next."""
    lines = [f"wrote {path}" for path in report.written]
    lines += [f"kept  {path} (it was there)" for path in report.kept]
    if report.error:
        return "\n".join([*lines, report.error])
    config = shlex.quote(str(report.directory / "config.toml"))
    return "\n".join(
        [
            *lines,
            "",
            "Next:",
            f"  monitor check -c {config}",
            f"  monitor run --once -c {config}    one pass over all feeds: what matched in the last 24 hours",
            f"  monitor run -c {config}           the daemon",
        ]
    )
