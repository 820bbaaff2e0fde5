"""`monitor init`: a config file and rules to start from; never overwrites."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from monitor.app.files import read_text, reason
from monitor.app.shipped import shipped_rule_files, shipped_text


@dataclass(frozen=True, slots=True)
class InitReport:
    """What was written, what was there already and left alone, in order; `error` is one line, or "".

    `left_out` are rule files that were not written because `changed`, another one, is no longer as shipped.
    """

    directory: Path
    written: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()
    error: str = ""
    left_out: tuple[Path, ...] = ()
    changed: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether all files are there now."""
        return not self.error


def init(directory: Path, *, config: str | None = None, writes: bool = True) -> InitReport:
    """Writes `config.toml` and the folder `rules` into `directory`, which is made when it is not there.

    A file that exists is left as it is, and where a rule file is no longer as shipped no other is added: rule
    files make one set, and a name of a new one may stand in the user's. Stops at the first refusal of the
    operating system, which becomes the report's `error`; never raises for it. `config` is written in place of the
    shipped one; without `writes` it is only said what would be written.
    """
    rules = [(directory / "rules" / name, text) for name, text in shipped_rule_files()]
    changed = next((path for path, text in rules if _differs(path, text)), None)
    left_out = tuple(path for path, _ in rules if changed and not path.exists())
    wanted = [(directory / "config.toml", config or shipped_text("config.example.toml"))]
    wanted += [(path, text) for path, text in rules if path not in left_out]
    written: list[Path] = []
    kept: list[Path] = []
    for path, text in wanted:
        if not writes:
            (kept if path.exists() else written).append(path)
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            (written if _write_new(path, text) else kept).append(path)
        except FileExistsError:  # of mkdir: a folder's name is taken by a file
            error = f"{path.parent}: is a file, and a folder of this name is needed"
            return InitReport(directory, tuple(written), tuple(kept), error)
        except (OSError, ValueError) as refusal:
            return InitReport(directory, tuple(written), tuple(kept), f"{path}: {reason(refusal)}")
    return InitReport(directory, tuple(written), tuple(kept), left_out=left_out, changed=changed)


def _differs(path: Path, text: str) -> bool:
    """Whether a file is there and holds another text."""
    found = read_text(path)
    return isinstance(found, str) and found != text


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
    why = f"rule files make one set, and {report.changed} is yours"
    lines += [f"left  {path} out ({why})" for path in report.left_out]
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
