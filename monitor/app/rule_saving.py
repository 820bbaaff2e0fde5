"""Saves a rule into its file: only what every check lets pass, never over what somebody else wrote meanwhile."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from monitor.app.check import rule_files_of
from monitor.app.files import Unreadable, read_text
from monitor.app.reload import Reloader
from monitor.app.rewriting import Busy, FileChanged, NotSaved, alone, rewrite, why_read_only
from monitor.app.rule_tables import FiledRule, filed_rule, fingerprint_of, index_of
from monitor.core.rules.editing import NotWritable, Values, appended, changed, replaced, written_rule
from monitor.model.problem import Gravity, Problem

_REMEMBERED = 200  # rules whose version before the last save is known
_LONGEST = 100_000  # characters of such a version; one with more, whole articles as examples, is not kept


class Saving(StrEnum):
    """What became of a save."""

    SAVED = "saved"
    SAME = "same"  # nothing was to be changed
    INVALID = "invalid"  # rule, examples or what depends on it do not hold
    CHANGED = "changed"  # the file has another version of the rule than the one that was shown
    GONE = "gone"  # the rule, or the file
    READ_ONLY = "read_only"
    NOT_WRITABLE = "not_writable"  # written in a way that cannot be changed by machine
    BUSY = "busy"  # another process writes in the folder
    NOTHING_BEFORE = "nothing_before"  # no earlier version is known


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save: `problems` are those that it would have made, `why` is in words, `now` is the rule as
    the file has it where that is not what was shown."""

    outcome: Saving
    problems: Sequence[Problem] = ()
    why: str = ""
    now: FiledRule | None = None


class RuleSaver:
    """Writes the rule files of one config; the daemon whose reloader it has takes them up at once."""

    def __init__(self, config: Path, reloader: Reloader) -> None:
        self._config = config
        self._reloader = reloader
        self._before: OrderedDict[str, tuple[str, str]] = OrderedDict()  # id → fingerprint after, table before

    def change(self, id: str, changes: Values, shown: str) -> Saved:  # noqa: A002  # the word of the rule files
        """Changes these keys of a rule; `shown` is the fingerprint of the version that was changed."""
        return self._rewrite(id, shown, lambda filed: changed(filed.text, filed.index, changes))

    def undo(self, id: str, shown: str) -> Saved:  # noqa: A002  # likewise
        """Puts the version in place that stood there before the last save; of a new rule that is none."""
        after, table = self._before.get(id, ("", ""))
        if not after:
            return Saved(Saving.NOTHING_BEFORE, why="no earlier version is known since the monitor started")
        if after != shown:
            return Saved(Saving.CHANGED, now=filed_rule(self._config, self._reloader.ready, id))
        return self._rewrite(id, shown, lambda filed: replaced(filed.text, filed.index, table))

    def add(self, file: str, values: Values) -> Saved:
        """Puts a new rule at the end of that rule file, named as checks name it."""
        path = rule_files_of(self._config).get(file)
        if path is None:
            return Saved(Saving.GONE, why=f"no rule file of the config is called {file}")

        def add() -> Saved:
            text = read_text(path)
            if isinstance(text, Unreadable):
                return Saved(Saving.GONE, why=text.why)
            longer, new = appended(text, values), str(values.get("id", ""))
            fixed = why_read_only(path) or ""
            return self._noted(self._write(file, path, text, longer, fixed), new, new, "", longer)

        return self._alone(path, add)

    def before(self, id: str, filed: FiledRule) -> str | None:  # noqa: A002  # likewise
        """The table that `undo` would put in place of that version; "" for a new rule, which would go; None where
        nothing is known."""
        after, table = self._before.get(id, ("", ""))
        return table if after == filed.fingerprint else None

    def _rewrite(self, id: str, shown: str, edit: Callable[[FiledRule], str]) -> Saved:  # noqa: A002  # likewise
        filed = filed_rule(self._config, self._reloader.ready, id)
        if filed is None:
            return Saved(Saving.GONE, why="no rule file has this rule any more")
        if not filed.table:
            return Saved(Saving.READ_ONLY, why=filed.fixed, now=filed)

        def change() -> Saved:
            now = filed_rule(self._config, self._reloader.ready, id)
            if now is None:
                return Saved(Saving.GONE, why="no rule file has this rule any more")
            if now.fingerprint != shown:
                return Saved(Saving.CHANGED, now=now)
            text = edit(now)
            if text == now.text:
                return Saved(Saving.SAME)
            saved = self._write(now.file, now.path, now.text, text, now.fixed)
            return self._noted(saved, id, now.values.get("id"), now.table, text)

        return self._alone(filed.path, change)

    def _alone(self, path: Path, work: Callable[[], Saved]) -> Saved:
        try:
            with alone(path.resolve().parent):
                return work()
        except NotWritable as error:
            return Saved(Saving.NOT_WRITABLE, why=str(error))
        except NotSaved as error:
            return Saved(Saving.READ_ONLY, why=str(error))
        except Busy as error:
            return Saved(Saving.BUSY, why=str(error))

    def _write(self, name: str, path: Path, before: str, after: str, fixed: str) -> Saved:
        """What is `fixed` is checked, too: its TOML will be copied by hand."""
        if problems := self._made_by({name: after}):
            return Saved(Saving.INVALID, problems)
        if fixed:
            return Saved(Saving.READ_ONLY, why=fixed)
        try:
            rewrite(path, before, after)
        except FileChanged:
            return Saved(Saving.BUSY, why=f"{name} was written by somebody else at this moment")
        self._reloader.ask()
        return Saved(Saving.SAVED)

    def _made_by(self, drafts: Mapping[str, str]) -> Sequence[Problem]:
        """What would be wrong with all files together that is not wrong now."""
        found = self._reloader.would_find(drafts)
        if found.ok:
            return ()
        # By what they say: their lines move.
        known = {(one.file, one.message) for one in self._reloader.would_find({}).problems}
        new = [one for one in found.problems if (one.file, one.message) not in known]
        return [one for one in new if one.gravity is Gravity.ERROR]

    def _noted(self, saved: Saved, id: str, written: object, table: str, text: str) -> Saved:  # noqa: A002  # likewise
        """Remembers what stood there before, if something was saved: `text` is what was written, which the file
        may say no longer, and `written` the id that the table has there."""
        if saved.outcome is Saving.SAVED:
            index = index_of(text, written)
            self._before.pop(id, None)
            if index is not None and len(table) <= _LONGEST:
                self._before[id] = (fingerprint_of(written_rule(text, index).table), table)
            while len(self._before) > _REMEMBERED:
                self._before.popitem(last=False)
        return saved
