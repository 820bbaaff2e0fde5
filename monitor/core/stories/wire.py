"""Which news agency's report does a text carry? Told by datelines, bylines and credits only.

An article that quotes an agency ("told Reuters") is its outlet's own. Where the signs disagree or are weak, the
answer is "": then the outlet counts as independent, and no alert waits for others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

# An agency's name here, and what it is called in datelines and credits; short forms in the case they are used in.
_NAMES = {
    "AP": ("AP", "Associated Press", "The Associated Press", "AP News", "AP Newswire"),
    "Reuters": ("Reuters", "Thomson Reuters", "Reuters News", "Reuters Staff"),
    "AFP": ("AFP", "Agence France-Presse", "Agence France Presse", "AFP News"),
    "DPA": ("dpa", "DPA", "dpa International", "Deutsche Presse-Agentur", "dpa-infocom", "dpa-AFX"),
    "ANI": ("ANI", "Asian News International"),
    "PTI": ("PTI", "Press Trust of India"),
    "IANS": ("IANS", "Indo-Asian News Service"),
    "UNI": ("UNI", "United News of India"),
    "APP": ("APP", "Associated Press of Pakistan"),
    "INP": ("INP", "Independent News Pakistan"),
    "BSS": ("BSS", "Bangladesh Sangbad Sangstha"),
    "Xinhua": ("Xinhua", "Xinhua News Agency"),
    "TASS": ("TASS", "ITAR-TASS", "ТАСС"),
    "Interfax": ("Interfax", "Интерфакс"),
    "RIA Novosti": ("RIA Novosti", "РИА Новости"),
    "Ukrinform": ("Ukrinform",),
    "EFE": ("EFE", "Agencia EFE", "EFE Agencia"),
    "Europa Press": ("Europa Press", "EUROPA PRESS"),
    "ANSA": ("ANSA", "Agenzia ANSA"),
    "Adnkronos": ("Adnkronos",),
    "Lusa": ("Lusa", "LUSA"),
    "APA": ("APA", "Austria Presse Agentur"),
    "Keystone-SDA": ("Keystone-SDA", "sda", "SDA"),
    "Belga": ("Belga", "BELGA"),
    "ANP": ("ANP",),
    "NTB": ("NTB",),
    "PAP": ("PAP", "Polska Agencja Prasowa"),
    "PA Media": ("PA Media", "Press Association"),
    "The Canadian Press": ("The Canadian Press", "Canadian Press"),
    "AAP": ("AAP", "Australian Associated Press"),
    "Kyodo": ("Kyodo", "Kyodo News", "KYODO"),
    "Jiji": ("Jiji", "Jiji Press"),
    "Yonhap": ("Yonhap", "Yonhap News Agency"),
    "KCNA": ("KCNA",),
    "Anadolu": ("Anadolu", "AA", "Anadolu Agency", "Anadolu Ajansi", "Anadolu Ajansı"),
    "Bernama": ("Bernama", "BERNAMA"),
    "Antara": ("Antara", "ANTARA"),
    "WAM": ("WAM", "Emirates News Agency"),
    "SPA": ("SPA", "Saudi Press Agency"),
    "IRNA": ("IRNA",),
    "UPI": ("UPI", "United Press International"),
    "Bloomberg": ("Bloomberg", "Bloomberg News"),
}
_EXACT = {alias: agency for agency, aliases in _NAMES.items() for alias in aliases}
_FOLDED = {alias.casefold(): agency for alias, agency in _EXACT.items() if len(alias) > 5}
_ALTERNATIVES = "|".join(
    f"(?i:{re.escape(alias)})" if len(alias) > 5 else re.escape(alias)
    for alias in sorted(_EXACT, key=len, reverse=True)
)
_AGENCY = rf"(?P<agency>{_ALTERNATIVES})(?!\w)"
# Words of menus and headings too: a line of nothing else, or a bracket at the end, says nothing.
_AMBIGUOUS = "AA|AAP|ANP|APA|APP|BSS|INP|NTB|PAP|SDA|SPA|UNI|WAM"
_SIGNED = rf"(?!(?:{_AMBIGUOUS})(?!\w)){_AGENCY}"

_HEAD, _FOOT = 10, 15  # lines that a text opens and closes with
_LINE = 400  # characters of such a line that are looked at
# Place names in capitals, so that the first words of a sentence are none.
_CAPITALS = r"[^\W\d_a-zß-öø-ÿ]"
_PLACE = rf"{_CAPITALS}{{2,30}}(?:[ .'’/-]{{1,2}}{_CAPITALS}{{2,30}}){{0,5}}"
_REST = r"(?:, ?[^\W\d_][\w.]{0,15}(?: \w{1,12}\.?){0,3}){0,2}(?:, ?\d{4})?"  # ", Pakistan, Feb. 22"
_DASH = r"(?:[-–—:.]{1,3}\s|(?=\S))"
_DATELINE = re.compile(
    rf"{_PLACE}{_REST}\s{{0,2}}(?:\([^()]{{2,40}}\)\s{{0,2}}{_DASH}|/[^/]{{2,40}}/\s{{0,2}}{_DASH}|(?:--|[–—]|\s-)\s|:\s)"
)
# As in: KABUL, March 27 (Reuters) - … Kabul [Afghanistan], March 27 (ANI): … MOSCOW, March 27. /TASS/. …
_SLASHED = _AGENCY.replace("agency", "slashed")
_AGENCY_DATELINE = re.compile(
    rf"(?:[^\W\d_][^()!?;\"“”\n]{{0,79}})?(?:\(\s?{_AGENCY}[^()]{{0,20}}\)|/{_SLASHED}/)"
    r"\s{0,2}(?:[-–—:.]{1,3}(?:\s|$)|\s(?=[A-Z\"“]))"
)
_KYODO = re.compile(r"KYODO NEWS\s*[-–—]")
# The line says that the whole text is theirs, or who of theirs wrote it.
_CREDITS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?i:sources?|quelle|fuente|fonte|via)\s*:\s*{_AGENCY}\s*(?:[.|)]|$)",
        rf"(?:The )?{_AGENCY} (?:\w+ )?(?i:writers?|journalists?|reporters?|correspondents?)\s+[A-ZÀ-Þ]",
        rf"(?:©|\([cC]\)|(?i:copyright)(?:\s*(?:©|\([cC]\)))?)\s*(?:\d{{4}}(?:\s*[-–]\s*\d{{4}})?\s*)?(?:(?i:by)\s+)?"
        rf"(?:(?i:the)\s+)?{_AGENCY}",
        rf"\(?(?i:with)\s+(?:(?i:inputs?|files|material|reporting)\s+(?i:from)\s+)?{_AGENCY}(?:\s+(?i:inputs?))?\s*[.)]*$",
        rf"(?i:this (?:story|article|report) (?:was|is|has been) (?:first |originally )?"
        rf"(?:published|written|provided|produced|distributed) (?:by|from)) {_AGENCY}",
        rf"(?i:by|von|par|por)\s+[^.!?]{{2,80}}?[\s,|/–—-]+(?:(?i:of|for)\s+)?{_AGENCY}$",
        rf"(?i:by|von|par|por)\s+{_AGENCY}$",
        rf"[-–—(\[]{{0,2}}\s*{_SIGNED}\s*[)\]]?\.?$",
        rf"{_SIGNED}\s*[|•·]",
    )
)
# Most lines are no credit: asked once instead of nine times.
_ANY_CREDIT = re.compile("|".join(credit.pattern.replace("?P<agency>", "?:") for credit in _CREDITS))
_END = re.compile(
    rf"[.!?\"”’']\s*(?:[-–—]{{1,2}}\s*{_SIGNED}|[(\[]{_SIGNED.replace('agency', 'bracketed')}[)\]])\.?$"
)
_PTI_INITIALS = re.compile(r"(?:^|[.!?\"”]\s*)PTI(?: [A-Z]{2,4}){1,5}$")
_REPORTING = re.compile(r"\(?Reporting by [^()]{3,300}(?:[Ee]diting|[Ww]riting) by ", re.DOTALL)
_REUTERS_STANDARDS = "Thomson Reuters Trust Principles"
_REUTERS = re.compile(r"\bReuters\b")
_BETWEEN_NAMES = re.compile(r"\s*[,;|/•·()]\s*|\s+[-–—]\s+|\s+(?:of|for|via|and)\s+")


def wire_of(title: str, text: str, authors: Sequence[str]) -> str:
    """The agency whose report a text is, "" for an outlet's own: "AP", "Reuters", "AFP" …

    A dateline counts before authors, those before credit lines; several agencies on one level are none.
    """
    lines = [line[:_LINE] for line in map(str.strip, text[: _LINE * _HEAD * 5].splitlines()) if line][:_HEAD]
    foot = [line for line in map(str.strip, text[-_LINE * _FOOT :].splitlines()) if line][-_FOOT:]
    for found in (_from_datelines(lines), _from_authors(authors), _from_credits(lines, foot)):
        agencies = set(found)
        if agencies:
            return agencies.pop() if len(agencies) == 1 else ""
    return _from_reporting_line(text, foot)


def after_dateline(line: str) -> str:
    """A line without the dateline it opens with."""
    head = line[:160]
    found = _agency_dateline(head) or _DATELINE.match(head)
    return line[found.end() :] if found else line


def _agency_dateline(line: str) -> re.Match[str] | None:
    return _AGENCY_DATELINE.match(line) if "(" in line or "/" in line else None


def _agency(name: str) -> str | None:
    name = name.strip(" .")
    return _EXACT.get(name) or _FOLDED.get(name.casefold())


def _from_datelines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        found = _agency_dateline(line)
        if found:
            yield _named(found)
            return  # the text's own; one further down is quoted or of another report
        if _KYODO.match(line):
            yield "Kyodo"
            return


def _from_authors(authors: Sequence[str]) -> Iterator[str]:
    for author in authors:
        parts = (author[:200], *_BETWEEN_NAMES.split(author[:200]))
        agencies = (_agency(part) for part in parts)
        yield from (agency for agency in agencies if agency)


def _from_credits(head: Sequence[str], foot: Sequence[str]) -> Iterator[str]:
    for line in dict.fromkeys((*head, *foot)):
        for credit in _CREDITS if _ANY_CREDIT.match(line) else ():
            found = credit.match(line)
            if found:
                yield _named(found)
                break
    for line in foot[-3:]:
        ending = _END.search(line[-_LINE:])
        if ending:
            yield _named(ending)
        if "PTI" in line and _PTI_INITIALS.search(line[-_LINE:]):
            yield "PTI"


def _from_reporting_line(text: str, foot: Sequence[str]) -> str:
    """Reuters signs "(Reporting by …; Editing by …)"; others do so too, so its name has to stand somewhere."""
    end = "\n".join(foot)
    if _REUTERS_STANDARDS in end:
        return "Reuters"
    signed = "Reporting by " in end and _REPORTING.search(end) is not None
    return "Reuters" if signed and _REUTERS.search(text[: 1 << 17]) else ""


def _named(found: re.Match[str]) -> str:
    name = next(part for part in found.groupdict().values() if part)
    agency = _agency(name)
    assert agency is not None, "the patterns are made of the names"
    return agency
