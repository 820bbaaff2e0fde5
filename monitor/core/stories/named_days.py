"""Days that a text names: "on Wednesday", "16 September", "yesterday"; which they are, its date tells. Pure.

The date is what tells events of the same people at the same place apart (stories design), and the day a report
names is that of the event, where the date of the report may be a day later. Codes of days are small whole numbers,
kept among the hashes of an article's terms, which are as good as never as small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache

from monitor.core.text.normalize import normalize

_WEEKDAYS = """
monday tuesday wednesday thursday friday saturday sunday
montag dienstag mittwoch donnerstag freitag samstag sonntag
lundi mardi mercredi jeudi vendredi samedi dimanche
lunes martes miércoles jueves viernes sábado domingo
понедельник вторник среду четверг пятницу субботу воскресенье
الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد
پیر منگل بدھ جمعرات جمعہ - اتوار
دوشنبه سه‌شنبه چهارشنبه پنجشنبه جمعه شنبه یکشنبه
دوشنبې سې‌شنبې چهارشنبې پنجشنبې جمعې شنبې یکشنبې
"""
_MONTHS = """
january february march april may june july august september october november december
jan feb mar apr - jun jul aug sept oct nov dec
januar februar märz - mai juni juli - - oktober - dezember
janvier février mars avril - juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر
"""
_RELATIVE = {"today": 8, "yesterday": 9, "heute": 8, "gestern": 9, "hier": 9, "آج": 8, "امروز": 8, "دیروز": 9}
_BEFORE_SHANBE = {"یک": 7, "دو": 1, "سه": 2, "چهار": 3, "پنج": 4}  # one word of the seven is often written as two
_FIRST = 10_000
"""Added to the code of the day that a text names first: most often that of the event."""

_MOST = 2 * _FIRST


def is_day(term: int) -> bool:
    """Whether a term of features is the code of a day."""
    return 0 < term < _MOST


def without_days(terms: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Terms and their counts but for the codes of days."""
    return [counted for counted in terms if not 0 < counted[0] < _MOST]


def days_in(words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """The days named among normalised words: where, how many words, and the day's code.

    1 to 7 are Monday to Sunday, 8 today, 9 yesterday, and 100 · month + day is a day of the year.
    """
    names = _names()
    for place, word in enumerate(words):
        code = names.get(word)
        if code is None:
            continue
        if code == 6 and place and words[place - 1] in _BEFORE_SHANBE:
            yield place, 1, _BEFORE_SHANBE[words[place - 1]]
        elif code < 100:
            yield place, 1, code
        else:
            yield from _day_of_month(words, place, code)


def first_named(code: int) -> int:
    """The code of a day as the first that a text names."""
    return code + _FIRST


def days_of(terms: Sequence[tuple[int, int]], when: datetime) -> Mapping[int, float]:
    """How much an article of that date speaks of which days, by ordinal; the first named counts double."""
    found: dict[int, float] = {}
    today = when.date()
    for term, count in terms:
        if is_day(term):
            day = _resolve(term % _FIRST, today)
            if day is not None:
                found[day] = found.get(day, 0.0) + (2.0 if term > _FIRST else float(count))
    return found


def _day_of_month(words: Sequence[str], place: int, month: int) -> Iterator[tuple[int, int, int]]:
    """16 September, September 16, 16th of September; without a number beside it a month is no day."""
    before = place - 2 if place > 1 and words[place - 1] in ("of", "de") else place - 1
    for other in (before, place + 1):
        if 0 <= other < len(words):
            number = words[other].rstrip("thsndr.")
            if number.isdecimal() and len(number) <= 2 and 1 <= int(number) <= 31:
                yield min(place, other), abs(place - other) + 1, month + int(number)
                return


def _resolve(code: int, today: date) -> int | None:
    if code in (8, 9):
        return today.toordinal() - (code - 8)
    if code < 8:
        # News looks back; a day ahead is the author's time zone, or tomorrow
        ahead = (code - 1 - today.weekday()) % 7
        return today.toordinal() + (ahead if ahead <= 1 else ahead - 7)
    month, day = divmod(code, 100)
    best: int | None = None
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            ordinal = date(year, month, day).toordinal()
        except ValueError:
            continue
        if best is None or abs(ordinal - today.toordinal()) < abs(best - today.toordinal()):
            best = ordinal
    return best


@cache
def _names() -> Mapping[str, int]:
    names: dict[str, int] = {}
    for table, unit in ((_MONTHS, 100), (_WEEKDAYS, 1)):
        for line in table.strip().splitlines():
            for number, word in enumerate(line.split(), 1):
                names[normalize(word)] = number * unit
    names.update({normalize(word): code for word, code in _RELATIVE.items()})
    names.pop("-")
    return names


@cache
def day_names() -> frozenset[str]:
    """The normalised names of days and months: none of them names anybody."""
    return frozenset(_names())
