"""Can the services of `apprise.urls` be reached the way they are written?"""

from __future__ import annotations

from monitor.adapters.channels.apprise import MISSING, is_installed
from monitor.config import Settings
from monitor.core.services import problem_with
from monitor.core.text.toml_lines import line_of
from monitor.model.delivery import AppriseEndpoint
from monitor.model.problem import Problem


def service_problems(settings: Settings, source: str) -> list[Problem]:
    """The extra that is missing, and addresses that are not used; a secret is named by its reference only."""
    problems = []
    for receiver in settings.receivers:
        path = ("receivers", receiver.name, "apprise", "urls")
        for endpoint in receiver.endpoints:
            if isinstance(endpoint, AppriseEndpoint):
                whys = [] if is_installed() else [MISSING]
                found = ((url.reference, problem_with(url.reveal())) for url in endpoint.urls)
                whys += [f"{reference}: {why}" for reference, why in found if why is not None]
                line = line_of(source, path)
                problems += [Problem(settings.source, line, f"{'.'.join(path)}: {why}") for why in whys]
    return problems
