"""The trap table of the rule language, row by row: each row with what it must find and what it must not."""

from __future__ import annotations

import unicodedata

import pytest
from made import NOON
from rule_samples import load, matches

from monitor.core.articles.extract import extract_article
from monitor.core.feeds.parse import parse_feed
from monitor.model.problem import Gravity

# row → (query, what it finds, what it does not find)
ROWS: dict[str, list[tuple[str, list[str], list[str]]]] = {
    "café / cafe+U+0301, oﬃce, full-width, İstanbul equal the plain form": [
        ("cafe", ["café", "cafe\u0301", "CAFÉ", "Café’s", "ｃａｆｅ", "ca\u00adfé"], ["cafes", "ca fe"]),
        ("café", ["cafe", "cafe\u0301"], ["cafés"]),
        ("cafe\u0301", ["cafe", "café"], []),
        ("office", ["oﬃce", "OFFICE", "oﬃce’s"], ["oﬃcer"]),
        ("oﬃc*", ["office", "officer"], ["off"]),
        ("Taliban", ["Ｔａｌｉｂａｎ", "ＴＡＬＩＢＡＮ", "Ｔａｌｉｂａｎ＇ｓ", "𝐓𝐚𝐥𝐢𝐛𝐚𝐧"], ["Ｔａｌｉｂ"]),
        ("Istanbul", ["İstanbul", "istanbul", "ISTANBUL", "I\u0307stanbul", "İSTANBUL"], []),
        ("İstanbul", ["Istanbul", "istanbul"], []),
        ("diyarbakir", ["Diyarbakır", "DİYARBAKIR"], []),
        ("Strasse", ["Straße", "STRASSE", "STRAẞE"], []),
        ("Erdogan", ["Erdoğan", "Erdog\u0306an", "ERDOĞAN"], []),
    ],
    "पाकिस्तान is one token": [
        ("पाकिस्तान", ["यह पाकिस्तान है", "पाकिस्तान।", "पाकि\u200dस्तान"], ["पाक", "पाकिस्तानी"]),
        ("पाकि*", ["पाकिस्तान"], ["पाक"]),
        ("कि", ["कि"], ["का", "पाकिस्तान"]),
    ],
    "letter folding, harakat, tatweel, ZWNJ, soft hyphen, ZWSP, bidi marks": [
        (
            "پاکستانی",
            ["پاكستاني", "پاکستانى", "پاکستان\u06cc", "\u202bپاکستانی\u202c", "پاکستانی\u200f"],
            ["پاکستان"],
        ),
        ("محمد", ["مُحَمَّد", "محـــمد", "م\u200fحمد", "مح\u200bمد", "مُحَمَّدٌ"], ["محمود"]),
        ("مُحَمَّد", ["محمد", "محـــمد"], []),
        ("میخواهد", ["می‌خواهد", "مي‌خواهد"], ["می خواهد"]),
        ("می‌خواهد", ["میخواهد", "مي\u200cخواهد"], []),
        (
            "Taliban",
            ["Tali\u00adban", "Tali\u200bban", "Tali\u2060ban", "\u200eTaliban\u200f", "\ufeffTaliban"],
            [],
        ),
        ("Tali\u00adban", ["Taliban"], []),
        ("احمد", ["أحمد", "إحمد", "آحمد", "ا\u0654حمد"], ["حمد"]),
        ("مسوول", ["مسؤول", "مسو\u0654ول"], []),
        ("هییت", ["هيئت", "هیئت"], []),
        ("ګمرک", ["گمرک", "ګمرك", "ﮔمرک"], ["کمرک"]),
        ("گوادر", ["ګوادر"], []),
        ("مڼه", ["مڼه"], ["منه"]),  # apple: a letter of its own
        ("حملہ", ["حمله", "حملة", "حملۃ", "حمل\u0647"], ["حملے"]),
        ("طورخم", ["طورخم،", "«طورخم»", "طورخم۔", "#طورخم"], ["طور خم"]),
        ("تړل*", ["تړلې", "تړل شوی"], ["تړ"]),
    ],
    "Tehreek‑e‑Taliban with U+2011 or en dash = Tehreek e Taliban": [
        (
            '"Tehreek e Taliban"',
            [f"Tehreek{h}e{h}Taliban" for h in "-\u2010\u2011\u2012\u2013\u2212\uff0d"] + ["Tehreek e Taliban"],
            ["Tehreek Taliban", "Taliban e Tehreek", "Tehreek. e. x Taliban"],
        ),
        (
            "Tehreek-e-Taliban",
            ["Tehreek e Taliban", "Tehreek–e–Taliban", "TehreekeTaliban"],
            ["Tehreek of Taliban"],
        ),
        ("Tehreek‑e‑Taliban", ["Tehreek-e-Taliban"], []),
    ],
    "possessives match the bare word": [
        (
            "Pakistan",
            ["Pakistan’s", "Pakistan's", "PAKISTAN'S", "PAKISTAN’S", "Pakistan‘s", "Pakistanʼs"],
            ["Pakistani"],
        ),
        ("ministers", ["ministers' talks", "ministers’ talks", "the ‘ministers’"], ["minister"]),
        ("Pakistan's", ["Pakistan", "Pakistan’s"], []),
        (
            '"Pakistan defense minister"',
            ["Pakistan’s Defense Minister", "Pakistan's defence minister"],
            ["Pakistan’s minister of defense"],
        ),
    ],
    "parts match, the joined form matches": [
        (
            "Pakistan",
            ["Pakistan-Afghanistan", "Pakistan–Afghanistan", "Pakistan—Afghanistan", "Pakistan/Afghanistan"],
            [],
        ),
        ("Afghanistan", ["Pakistan-Afghanistan", "Pakistan‑Afghanistan"], []),
        ("ceasefire", ["cease-fire", "cease\u2011fire", "ceasefire", "cease–fire"], ["cease fire"]),
        ("cease-fire", ["ceasefire", "cease fire", "cease-fire"], ["fire cease", "cease. Then fire"]),
        ("F16", ["F-16", "F\u201116"], ["F 16"]),
        ("F-16", ["F16", "F 16", "F-16"], ["F-15"]),
    ],
    "=US": [
        (
            "=US",
            ["the US said", "the U.S. said", "the US’s", "the US's", "the U.S.'s", "(US)", "US-led"],
            ["told us", "Us too", "the u.s. said", "USA", "virus", "BUS"],
        ),
        ("=U.S.", ["the US", "the U.S."], ["told us"]),
        ("=us", ["told us"], ["the US", "Us"]),
        ("=iPhone", ["an iPhone"], ["an Iphone", "an IPHONE"]),
    ],
    "Mali in Somalia, Niger in Nigeria, us in virus: never": [
        ("Mali", ["Mali", "Mali’s", "Mali-based"], ["Somalia", "Malian", "Somali"]),
        ("Niger", ["Niger"], ["Nigeria", "Nigerien", "Nigerian"]),
        ("us", ["told us"], ["virus", "using", "bus"]),
        ("Oman", ["Oman"], ["woman", "Romania"]),
    ],
    "by character": [
        ("塔利班", ["阿富汗塔利班发言人", "塔利班", "「塔利班」"], ["塔利", "塔班利", "塔班"]),
        ("ตาลีบัน", ["กลุ่มตาลีบันใน"], ["ตาลี"]),
        ("탈레반", ["탈레반이", unicodedata.normalize("NFD", "탈레반이")], ["탈레"]),
        ("タリバン", ["アフガニスタンのタリバン政権", "ﾀﾘﾊﾞﾝ"], ["タリ"]),
        ("塔利*", ["塔利班"], ["塔"]),
    ],
    "thousands only": [
        (
            "6000",
            ["6,000", "6000", "6\u00a0000", "6\u202f000", "6\u2009000", "۶۰۰۰", "６０００", "६०००", "6٬000"],
            ["60,000", "6.000", "600"],
        ),
        ("6,000", ["6000", "6\u00a0000", "6,000.", "6,000-strong"], ["6", "000", "16,000"]),
        ("1,00,000", ["100000", "100,000", "1,00,000"], ["1,00"]),
        ("3.5", ["3.5 percent", "3.5-magnitude"], ["35", "3", "5", "13.5"]),
        ("6", ["6 trucks", "6, 000"], ["6,000", "3.6"]),
    ],
    "URL words and mail addresses are not body text": [
        (
            "taliban",
            ["Taliban", "the (Taliban)", "@Taliban said", "#Taliban"],
            [
                "https://example.org/taliban",
                "http://taliban.example/",
                "www.taliban.example",
                "HTTPS://EXAMPLE.ORG/TALIBAN",
                "taliban@example.org",
                "press.taliban@example.org",
                "desk@taliban.example",
                "ftp://example.org/taliban",
            ],
        ),
        ("said", ["https://example.org/x said", "a@b.org said"], []),
        ('"see now"', ["see now"], ["see https://example.org now"]),
    ],
    "a paragraph ends at a blank line; where a text has none, at each line break": [
        (
            '"border closed"',
            ["border closed", "border\nclosed\n\nx", "border\r\nclosed\r\n\r\nx"],
            [
                "border\n\nclosed",
                "border\r\n\r\nclosed",
                "border\nclosed",
                "border\u2029closed",
                "border\n \t\nclosed",
            ],
        ),
        (
            "border NEAR/1 closed",
            ["border\n\nclosed", "border\nclosed", "border x closed"],
            ["border\n\nx closed"],
        ),
        ("border NEAR/0 closed", ["border closed", "closed, border"], ["border\n\nclosed", "border\nclosed"]),
        (
            "PARA(border AND closed)",
            ["border x\nclosed\n\ny", "border. Closed."],
            ["border\nclosed", "border\n\nclosed"],
        ),
    ],
    "operands must not overlap": [
        ('"khawaja asif" NEAR/5 asif', ["Khawaja Asif and Asif"], ["Khawaja Asif", "Khawaja Asif spoke"]),
        ("asif NEAR/5 asif", ["Asif, Asif"], ["Asif"]),
        ('"a b" NEAR/5 "b a"', ["a b b a", "b a a b"], ["a b a"]),
        ("(khawaja NEAR/5 asif) NEAR/5 asif", ["Khawaja Asif, Asif"], ["Khawaja Asif"]),
        ("cease-fire NEAR/5 fire", ["cease-fire under fire"], ["cease-fire"]),
    ],
    "taliban NEAR/1 border": [
        ("taliban NEAR/1 border", ["Taliban at border", "border Taliban"], ["Taliban closed the border"]),
        ("taliban NEAR/2 border", ["Taliban closed the border", "border of the Taliban"], []),
        ("border ONEAR/5 taliban", ["the border that the Taliban closed"], ["Taliban closed the border"]),
    ],
    "NOT NEAR/n is local": [
        (
            "reopen* NOT NEAR/3 (waiting OR await* OR until)",
            [
                "Torkham reopened",
                "reopened; far away and much later they were waiting",
                "until it reopened. It has now fully been reopened",
            ],
            ["waiting for it to reopen", "until reopening", "reopened while waiting"],
        ),
        ("a NOT NEAR/0 b", ["a x b", "b x a", "a. Only a b"], ["a b", "b a"]),
        ("a NOT NEAR/2 (b NEAR/0 c)", ["a b x c", "a x x x b c"], ["a x b c"]),
    ],
    "quotes, hyphens, dashes of every kind in a query": [
        ("“border crossing”", ["border crossing"], ["crossing border"]),
        ("„border crossing“", ["border crossing"], []),
        ("«border crossing»", ["border crossing"], []),
        ("＂border crossing＂", ["border crossing"], []),
        ('"O’Brien said"', ["O'Brien said", "O’Brien said"], ["Brien said"]),
        ("O'Brien", ["O’Brien", "O‘Brien"], []),
    ],
    "British and American spellings fold": [
        ("defence", ["defense", "defence"], ["defend"]),
        ("organise", ["organize"], ["organism"]),
        ("centre", ["center", "Centre’s"], ["central"]),
        ('"defense centre"', ["defence center", "defence centre"], []),
        ("=Defence", ["the Defence"], ["the Defense", "the defence"]),
    ],
}

CASES = [
    pytest.param(query, text, wanted, id=f"{row[:30]}: {query} {'in' if wanted else 'not in'} {text[:40]}")
    for row, cases in ROWS.items()
    for query, yes, no in cases
    for wanted, texts in ((True, yes), (False, no))
    for text in texts
]


@pytest.mark.parametrize(("query", "text", "wanted"), CASES)
def test_a_row_of_the_trap_table(query: str, text: str, wanted: bool):
    assert matches(query, text) is wanted
    assert matches(query, unicodedata.normalize("NFD", text)) is wanted
    assert matches(unicodedata.normalize("NFD", query), unicodedata.normalize("NFC", text)) is wanted


# ---- Hill &amp; Knowlton: unescaped exactly once before tokenising

HILL = '"Hill & Knowlton"'


def entry_words(title: str, description: str) -> str:
    """Title and summary of one RSS item as the pipeline stores them."""
    body = (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>t</title><item><guid>1</guid>"
        f"<title>{title}</title><description>{description}</description></item></channel></rss>"
    )
    (entry,) = parse_feed(body.encode(), "application/rss+xml", "https://news.example/feed", NOON).entries
    return f"{entry.title}\n{entry.summary}"


def page_words(paragraph: str) -> str:
    """The main text of one web page."""
    days = ("Sunday", "Monday", "Tuesday", "Wednesday")
    more = "".join(
        f"<p>On {day} the agency said that it would advise the ministry of trade again.</p>" for day in days
    )
    page = f"<html><head><title>News</title></head><body><article><p>{paragraph}</p>{more}</article></body></html>"
    return extract_article(page.encode(), "https://news.example/1", "text/html").text


@pytest.mark.parametrize(
    ("title", "description"),
    [
        ("Hill &amp; Knowlton hired", ""),
        ("Hill &amp;amp; Knowlton hired", ""),  # HTML in the title, as many feeds have it
        ("<![CDATA[Hill &amp; Knowlton hired]]>", ""),
        ("<![CDATA[Hill & Knowlton hired]]>", ""),
        ("News", "Hill &amp;amp; Knowlton was hired"),
        ("News", "&lt;p&gt;Hill &amp;amp; Knowlton was hired&lt;/p&gt;"),
        ("News", "<![CDATA[<p>Hill &amp; Knowlton was hired</p>]]>"),
    ],
)
def test_an_ampersand_of_a_feed_is_unescaped_before_the_words_are_cut(title: str, description: str):
    words = entry_words(title, description)
    assert "Hill & Knowlton" in words
    assert matches(HILL, words)
    assert not matches("amp", words)


@pytest.mark.parametrize(
    "written", ["Hill &amp; Knowlton", "Hill & Knowlton", "Hill &#38; Knowlton", "Hill&nbsp;&amp; Knowlton"]
)
def test_an_ampersand_of_a_page_is_unescaped_before_the_words_are_cut(written: str):
    words = page_words(f"{written} was hired by the ministry, three officials told the paper on Sunday.")
    assert matches(HILL, words)
    assert not matches("amp", words)


# ---- capitals, titles, scopes


@pytest.mark.parametrize(
    ("title", "body", "wanted"),
    [
        ("TELL US MORE", "They spoke.", False),
        ("TELL US MORE", "They told us.", False),
        ("US TROOPS LEAVE KABUL", "Troops of the US left.", True),
        ("US TROOPS LEAVE KABUL", "American troops left.", False),
        ("News", "TELL US MORE\n\nThey spoke.", False),
        ("News", "TELL US MORE\n\nThe U.S. spoke.", True),
        ("US", "They spoke.", True),  # one word or two are no headline
        ("US, UK agree", "They spoke.", True),
    ],
)
def test_a_paragraph_in_capitals_says_nothing_about_case_unless_another_confirms(title, body, wanted):
    assert matches("=US", body, title) is wanted
    assert matches("US", body, title)


@pytest.mark.parametrize(
    ("query", "title", "body", "wanted"),
    [
        ("Torkham NOT cricket", "", "Torkham closed. Far below: cricket", False),
        ("Torkham NOT cricket", "Cricket", "Torkham closed.", False),
        ("Torkham NOT title:cricket", "News", "Torkham closed. Cricket.", True),
        ("Torkham NOT title:cricket", "Cricket", "Torkham closed.", False),
        ("title:(Torkham NOT cricket)", "Torkham", "cricket", True),
        ("SENTENCE(Torkham NOT cricket)", "", "Torkham shut. Cricket.", True),
        ("PARA(Torkham NOT cricket)", "", "Torkham shut. Cricket.", False),
        ("PARA(Torkham NOT cricket)", "", "Torkham shut.\n\nCricket.", True),
        ('"border closed"', "the border", "closed", False),
        ("border NEAR/100 closed", "the border", "closed", False),
        ("SENTENCE(border AND closed)", "the border", "closed", False),
        ("PARA(border AND closed)", "the border", "closed", False),
        ("border AND closed", "the border", "closed", True),
        ("ATLEAST(2, border)", "the border", "the border", True),
        ("ATLEAST(2, title:border)", "the border", "the border", False),
    ],
)
def test_not_and_nearness_speak_of_their_scope(query, title, body, wanted):
    assert matches(query, body, title) is wanted


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("ta*", 1),
        ("*stan", 1),
        ('""', 1),
        ("()", 2),
        ("AND AND", 1),
        ("NOT x", 1),
        ("a OR NOT b", 6),
        ("language:en", 1),
    ],
)
def test_what_cannot_work_is_an_error_with_a_caret_under_its_column(query: str, column: int):
    (problem,) = load(f"[[rules]]\nid = 'r'\nquery = '''{query}'''\n").problems
    assert problem.gravity is Gravity.ERROR
    assert problem.line == 3
    line, under = problem.context
    assert line == f"    {query}"
    assert under.index("^") == 4 + column - 1
