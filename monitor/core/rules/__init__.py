"""Rules: the query language, the rule files, and the reading of documents. Pure: text in, values out."""

from monitor.core.rules.because import because
from monitor.core.rules.document import document_from_json, explanation_to_json, match_to_json
from monitor.core.rules.errors import DocumentInvalid, QueryInvalid
from monitor.core.rules.examples import examples_of, run_examples, untried
from monitor.core.rules.load import LoadedRules, Memory, load_draft, load_query, load_rules
from monitor.core.rules.patience import Patience
from monitor.core.rules.rulefile import RuleFile
from monitor.core.rules.ruleset import RuleSet

__all__ = [
    "DocumentInvalid",
    "LoadedRules",
    "Memory",
    "Patience",
    "QueryInvalid",
    "RuleFile",
    "RuleSet",
    "because",
    "document_from_json",
    "examples_of",
    "explanation_to_json",
    "load_draft",
    "load_query",
    "load_rules",
    "match_to_json",
    "run_examples",
    "untried",
]
