"""A hundred rules of five kinds, and a sentence of the news that each must find."""

from __future__ import annotations

from dataclasses import dataclass

_LATIN = """
    Torvand Chamrek Beldukh Garmisht Nashkund Zarinskar Dorvakh Pelmarsh Kushtolm Varzhend Shumbrik Lorgandt
    Mirzhold Takhrusk Ghandolf Baskort Yamrund Hulmask Ferodant Qilburg
"""
_URDU = """
    اسکردو چترال خضدار میانوالی جھنگ بدین تربت لورالائی مستونگ قلات ہنزہ نوشہرہ مردان صوابی کوہاٹ ٹانک دیر بونیر
    شانگلہ خاران
"""
_PLACES = list(zip(_LATIN.split(), _URDU.split(), strict=True))
_CHANGED = '[[rules]]\nid = "changing"\ntitle = "A rule that changes"\nquery = "{query}"\n'


@dataclass(frozen=True, slots=True)
class Rule:
    """Finds `says` (which takes a number), and nothing else that the world publishes."""

    id: str
    query: str
    says: str
    severity: str
    kind: int


def _rules() -> list[Rule]:
    made = []
    for number, (place, urdu) in enumerate(_PLACES):
        forms = (
            (
                f"SENTENCE({place} AND $shut)",
                f"The crossing of {place} was closed for {{}} hours, officials said.",
            ),
            (f'"strike in {place}"', f"Doctors went on strike in {place}, and {{}} patients were sent home."),
            (f"{place} NEAR/6 flood*", f"Half of {place} is under water after floods that took {{}} houses."),
            (f"{place} AND wheat AND (price* OR cost*)", f"Wheat in {place} is sold at the price of {{}} rupees."),
            (f"@place-{number} AND بند", f"{urdu} میں بازار {{}} گھنٹے بند رہا۔"),
        )
        for kind, (query, says) in enumerate(forms):
            severity = ("high", "normal", "normal", "low", "normal")[kind]
            made.append(Rule(f"rule-{number:02}-{kind}", query, says, severity, kind))
    return made


RULES = _rules()


def rule_file() -> str:
    """All of them, as TOML, with their entities."""
    lines = ["[terms.shut]\nquery = 'closed OR shut OR sealed'\n"]
    for number, (place, urdu) in enumerate(_PLACES):
        lines.append(f'[entities.place-{number}]\nname = "{place}"\ntype = "place"\naliases = ["{urdu}"]\n')
    for rule in RULES:
        lines.append(
            f"[[rules]]\nid = '{rule.id}'\ntitle = 'Watch {rule.id}'\nquery = '''{rule.query}'''\n"
            f"tags = ['kind-{rule.kind}']\nseverity = '{rule.severity}'\n"
        )
    return "".join(lines)


def changing_file(turn: int) -> str:
    """One more rule, another at each turn."""
    return _CHANGED.format(query=f"{_PLACES[turn % 20][0]} AND {_PLACES[(turn + 7) % 20][0]}")


BROKEN_FILE = '[[rules]]\nid = "changing"\nquery = "(Torvand AND"\n'
