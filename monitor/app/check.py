"""`monitor check`: config and rules strictly, every problem of every file in one run."""

from __future__ import annotations

import glob
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from monitor.adapters.nlp import check_model
from monitor.app.check_apprise import apprise_problems
from monitor.app.check_fields import check_feeds, check_languages, check_names, names_asked
from monitor.app.children import names_sandbox
from monitor.app.counting import counted
from monitor.app.files import Unreadable, read_text, secrets_from
from monitor.app.languages import example_languages
from monitor.app.rule_memory import RuleMemory, load
from monitor.app.selectors import check_selectors
from monitor.config import Outline, Settings, Ways, load_config, outline
from monitor.config.shape import NOT_LOOKED_UP
from monitor.core.rules import LoadedRules, Memory, RuleFile, RuleSet, run_examples, untried
from monitor.core.text.toml_lines import forget, line_of
from monitor.model.errors import ConfigInvalid
from monitor.model.jobs import Engine
from monitor.model.problem import Gravity, Problem

# More than any article; what is longer was named by mistake.
_LONGEST_EXAMPLE = 5_000_000
_NO_DRAFTS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found. `files` counts the config and the rule files; `settings` and `ruleset` are None when
    their files do not hold. With `config_holds` the rules alone are to blame, be it that there are none; `texts`
    is all that was read, by the names of the files; `memory` makes the next check shorter."""

    problems: tuple[Problem, ...]
    files: int
    settings: Settings | None
    ruleset: RuleSet | None
    config_holds: bool = False
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    memory: Memory = field(default_factory=Memory, repr=False)

    @property
    def errors(self) -> int:
        """How many problems stop a start."""
        return sum(problem.gravity is Gravity.ERROR for problem in self.problems)

    @property
    def ok(self) -> bool:
        """Whether the monitor would start."""
        return not self.errors


def check(
    config_path: Path,
    *,
    environment: Mapping[str, str],
    secrets: bool = True,
    before: Memory | None = None,
    keep: bool = True,
    drafts: Mapping[str, str] = _NO_DRAFTS,
) -> CheckReport:
    """Reads the config file and all it points to, and says everything that is wrong with them.

    Without `secrets` only the store's URL is looked up: to ask it a question nobody needs the mail password.
    `before` is what an earlier check remembers: what did not change is not read, judged and tried again. Without
    it the cache folder is asked. Without `keep` what this one remembers is not put there. `drafts` are texts that
    stand for those of rule files, by the names of the files.

    A broken config does not keep its rules from being checked, nor the other way round. Files are named as
    one would type them in the current directory. Never raises for what stands in a file.
    """
    name = str(config_path)
    source = read_text(config_path)
    if isinstance(source, Unreadable):
        hint = '; "monitor init" writes one to start from' if source.why == "no such file" else ""
        return CheckReport((Problem(name, 0, f"{source.why}{hint}"),), 1, None, None)
    directory = config_path.absolute().parent
    settings, problems = _load_settings(source, name, directory, secrets_from(environment, directory), secrets)
    sketch = outline(source, str(directory))
    if settings is not None and secrets:  # what needs no mail password needs no trained pipeline either
        problems += _pipeline_problems(settings, source)
        problems += _queue_problems(settings, source)
    if secrets:
        problems += apprise_problems(sketch.apprise, source, name)
    paths, missing = _rule_paths(sketch, source, name)
    rule_files, unreadable = _read_rules(paths, drafts)
    keeper = RuleMemory(environment, config_path)
    known = before if before is not None else keeper.recall(rule_files)
    loaded, failing = load_and_try(rule_files, known)
    if keep:
        keeper.keep(loaded.memory, known)
    rule_problems = [*unreadable, *loaded.problems, *failing]
    ruleset = None
    if rule_files and not missing and not _errors(rule_problems):
        # Only then: a selector that names a rule with an error in it is not itself wrong.
        ruleset = loaded.ruleset
        problems += check_selectors(sketch.selectors, ruleset.rules, source, name)
        if secrets:  # nor do questions need to hear what a rule asks in vain
            rule_problems += _field_problems(ruleset, settings)
    forget()
    config_holds = settings is not None and not _errors(problems)
    of_config = sorted([*problems, *missing], key=lambda problem: problem.line)
    ordered = of_config + _in_file_order(rule_problems, paths)
    texts = {name: source, **{file.name: file.text for file in rule_files}}
    told = tuple(dict.fromkeys(ordered))
    return CheckReport(told, 1 + len(paths), settings, ruleset, config_holds, texts, loaded.memory)


def rule_files_of(config_path: Path) -> Mapping[str, Path]:
    """The rule files that a config names, by the names that checks give them; none of one that cannot be read."""
    source = read_text(config_path)
    if isinstance(source, Unreadable):
        return {}
    paths, _ = _rule_paths(outline(source, str(config_path.absolute().parent)), source, str(config_path))
    return {shown(path): path for path in paths}


def read_example(name: str) -> str:
    """The text of an example file. Raises ValueError, which says why there is none."""
    text = read_text(Path(name), _LONGEST_EXAMPLE)
    if isinstance(text, Unreadable):
        raise ValueError(text.why)
    return text


def load_and_try(files: Sequence[RuleFile], known: Memory) -> tuple[LoadedRules, tuple[Problem, ...]]:
    """Loads rules beside what is known of them, and tries the examples that may answer otherwise by now; the
    problems are those of the examples."""
    loaded = load(files, known)
    tried = untried(loaded.ruleset, known.compiled) if known.held else None
    with example_languages(loaded.ruleset) as complete:
        failing = run_examples(loaded.ruleset, read_example, tried, complete)
    return replace(loaded, memory=replace(loaded.memory, held=not failing)), failing


def settings_of(config_path: Path, environment: Mapping[str, str], *, secrets: bool = True) -> Settings:
    """The settings of a config file, whatever its rules are. Raises ConfigInvalid with all its problems."""
    source = read_text(config_path)
    if isinstance(source, Unreadable):
        raise ConfigInvalid(check(config_path, environment=environment, secrets=False).problems)
    directory = config_path.absolute().parent
    resolve = secrets_from(environment, directory)
    settings, problems = _load_settings(source, str(config_path), directory, resolve, secrets)
    if settings is None:
        raise ConfigInvalid(tuple(problems))
    return settings


def ways_of(config_path: Path, environment: Mapping[str, str]) -> Ways:
    """How a command reaches the feeds of a config file that holds. Raises ConfigInvalid."""
    source = read_text(config_path)
    if isinstance(source, Unreadable):
        raise ConfigInvalid((Problem(str(config_path), 0, source.why),))
    directory = config_path.absolute().parent
    return Ways(source, str(config_path), directory=str(directory), secrets=secrets_from(environment, directory))


@dataclass(frozen=True, slots=True)
class Ready:
    """Settings and rules to run with. `rules_of` is set when the rule files do not hold: the rules are the last
    good ones then, as they were read at that time, and `warnings` holds the errors too. `memory` is for the next
    check."""

    settings: Settings
    ruleset: RuleSet
    warnings: tuple[Problem, ...]
    rules_of: datetime | None = None
    memory: Memory | None = field(default=None, repr=False)


def open_settings(config_path: Path, environment: Mapping[str, str]) -> Ready:
    """Settings and rules to run with. Raises ConfigInvalid with every problem when the check finds an error."""
    return ready_of(check(config_path, environment=environment))


def ready_of(report: CheckReport) -> Ready:
    """The settings and rules of a check without errors. Raises ConfigInvalid with every problem of another."""
    if not report.ok or report.settings is None or report.ruleset is None:
        raise ConfigInvalid(report.problems)
    return Ready(report.settings, report.ruleset, report.problems, memory=report.memory)


def render_report(report: CheckReport) -> str:
    """The report as `monitor check` prints it: one problem per line, then one line that sums up."""
    errors, warnings = report.errors, len(report.problems) - report.errors
    lines = [str(problem) for problem in report.problems]
    if lines:
        lines.append("")
    some = f", {counted(warnings, 'warning')}" if warnings else ""
    files = counted(report.files, "file")
    if errors:
        return "\n".join([*lines, f"{counted(errors, 'error')}{some} in {files}. Nothing was started."])
    return "\n".join(
        [*lines, f"No errors{some}. {_contents(report)} in {files}.{_pipeline(report)}{_hubs(report)}"]
    )


def _pipeline(report: CheckReport) -> str:
    """What recognises the names that rules ask for."""
    model = report.settings.nlp_model if report.settings else None
    asked = names_asked(report.ruleset) if model and report.ruleset else ()
    return f" {', '.join(f'{name}:' for name in asked)} by the spaCy pipeline {model}." if asked else ""


def _hubs(report: CheckReport) -> str:
    """How to have news pushed, where web pages are served and only their public address is missing."""
    settings = report.settings
    if settings is None or settings.web_listen is None or settings.public_url:
        return ""
    return " Feeds that have a hub are polled all the same; with public_url in [web] it pushes their news."


def _contents(report: CheckReport) -> str:
    feeds = len(report.settings.feeds) if report.settings else 0
    digests = len(report.settings.digests) if report.settings else 0
    rules = len(report.ruleset.rules) if report.ruleset else 0
    return f"{counted(feeds, 'feed')}, {counted(rules, 'rule')}, {counted(digests, 'digest')}"


def _errors(problems: list[Problem]) -> bool:
    return any(problem.gravity is Gravity.ERROR for problem in problems)


def _no_secret(_reference: str) -> str:
    return NOT_LOOKED_UP


def _load_settings(
    source: str, name: str, directory: Path, resolve: Callable[[str], str], secrets: bool
) -> tuple[Settings | None, list[Problem]]:
    looked_up = resolve if secrets else _no_secret
    try:
        settings = load_config(source, name, directory=str(directory), secrets=looked_up, store_secrets=resolve)
    except ConfigInvalid as error:
        return None, list(error.problems)
    return settings, list(settings.warnings)


def _pipeline_problems(settings: Settings, source: str) -> list[Problem]:
    """Why the trained spaCy pipeline of `[nlp].model` cannot be used, asked in a child as the daemon would."""
    if settings.nlp_model is None:
        return []
    names = names_sandbox()
    try:
        why = check_model(settings.nlp_model, names)
    finally:
        names.close()
    line = line_of(source, ("nlp", "model"))
    return [] if why is None else [Problem(settings.source, line, f"nlp.model: {why}")]


def _queue_problems(settings: Settings, source: str) -> list[Problem]:
    """That the queue is not installed which the config asks for."""
    if settings.engine is Engine.IN_PROCESS or find_spec(settings.engine.value) is not None:
        return []
    why = f"\"{settings.engine.value}\" is not installed: pip install 'media-monitor[jobs]'"
    return [Problem(settings.source, line_of(source, ("jobs", "engine")), f"jobs.engine: {why}")]


def _field_problems(ruleset: RuleSet, settings: Settings | None) -> list[Problem]:
    """What the rules ask for by a field and the desk has not."""
    if settings is None:
        return check_languages(ruleset)
    names = check_names(ruleset) if settings.nlp_model is None else []
    return [*names, *check_feeds(ruleset, settings.feeds), *check_languages(ruleset)]


def _rule_paths(sketch: Outline, source: str, name: str) -> tuple[list[Path], list[Problem]]:
    """The rule files that the config names, each once, and a problem for every name that matches none."""
    paths: dict[Path, None] = {}
    problems: list[Problem] = []
    for wanted in sketch.rule_globs:
        found = [Path(path) for path in sorted(_matches(wanted.absolute))]
        files = [path for path in found if not path.is_dir()]
        paths.update(dict.fromkeys(files))
        if not files and not wanted.optional:
            line = line_of(source, wanted.path)
            problems.append(Problem(name, line, f'rules.files: "{wanted.written}" matches no file'))
    return list(paths), problems


def _matches(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern


def _read_rules(paths: list[Path], drafts: Mapping[str, str]) -> tuple[list[RuleFile], list[Problem]]:
    files: list[RuleFile] = []
    problems: list[Problem] = []
    for path in paths:
        name = shown(path)
        text = drafts[name] if name in drafts else read_text(path)
        if isinstance(text, Unreadable):
            problems.append(Problem(name, 0, text.why))
        else:
            files.append(RuleFile(name, text))
    return files, problems


def _in_file_order(problems: list[Problem], paths: list[Path]) -> list[Problem]:
    order = {shown(path): index for index, path in enumerate(paths)}
    return sorted(problems, key=lambda problem: (order.get(problem.file, len(order)), problem.line))


def shown(path: Path) -> str:
    """A path as one would type it in the current directory."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or the current directory is gone
        return str(path)
