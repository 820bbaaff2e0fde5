"""The sample stories of a checkout: five real news pages, saved as text.

They belong to their publishers (samples/README.md): no built archive carries them, so callers ask and may get
None. The facts beside each text (outlet, title, date) are those of samples/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class SampleStory:
    """One document to serve as a news page.

    `body` is the whole document as it was saved, foreign parts included; its lines are the page's blocks.
    `published` is aware, in UTC. `slug` names the page, `feed` the key of the feed that carries it.
    `tail_begins` is the first line that no longer belongs to the story (a rail, an author box, another
    article), "" where everything belongs to it: pages give that part its own headings.
    """

    key: str
    publisher: str
    title: str
    published: datetime
    body: str
    slug: str
    feed: str
    tail_begins: str = ""

    @property
    def path(self) -> str:
        """Where its page lies on the publisher's site: /YYYY/MM/slug.html."""
        return f"/{self.published:%Y/%m}/{self.slug}.html"


@dataclass(frozen=True, slots=True)
class _Facts:
    file: str
    publisher: str
    title: str
    published: datetime
    slug: str
    feed: str
    tail_begins: str = ""


_FACTS = (
    _Facts(
        file="000_d3b450e2c1c59edd.txt",
        publisher="South Asia Times",
        title="Pakistani Defense Minister Visits Kabul Amid Border Tensions",
        published=datetime(2023, 2, 22, 12, 0, tzinfo=UTC),
        slug="pakistani-defense-minister-visits-kabul",
        feed="a",
        tail_begins="News Desk",
    ),
    _Facts(
        file="001_2669503fc3bc7941.txt",
        publisher="Arab News",
        title="Top Afghan, Pakistani officials meet in Kabul amid strained relations, security concerns",
        published=datetime(2023, 2, 22, 15, 0, tzinfo=UTC),
        slug="top-afghan-pakistani-officials-meet-in-kabul",
        feed="b",
    ),
    _Facts(
        file="002_804fbe66f24ec749.txt",
        publisher="Arab News Pakistan",
        title="Pakistani defense minister in Kabul to discuss security, counterterrorism measures",
        published=datetime(2023, 2, 22, 14, 0, tzinfo=UTC),
        slug="pakistani-defense-minister-in-kabul-to-discuss-security",
        feed="b",
        tail_begins="Government says Imran Khan’s ‘detailed’ medical report shared, family disputes claim",
    ),
    _Facts(
        file="003_730e647491342396.txt",
        publisher="Afghan Voice Agency (AVA)",
        title="Mohammad Sadiq Khan in Kabul a day after Torkham reopening",
        published=datetime(2025, 3, 20, 9, 0, tzinfo=UTC),
        slug="mohammad-sadiq-khan-in-kabul",
        feed="c",
    ),
    _Facts(
        file="004_1b458f87f4b913ed.txt",
        publisher="Vancouver dispatch",  # the outlet is unknown; the text has only a dateline
        title="Terrorism's sources are in Afghanistan, says Pakistan's defence minister",
        published=datetime(2024, 3, 27, 18, 0, tzinfo=UTC),
        slug="terrorisms-sources-are-in-afghanistan",
        feed="a",
    ),
)


def press_samples() -> tuple[SampleStory, ...] | None:
    """The five sample documents, byte for byte; None where they are absent (an installed wheel)."""
    folder = files("monitor.demo").joinpath("samples")
    stories = []
    for facts in _FACTS:
        file = folder.joinpath(facts.file)
        if not file.is_file():
            return None
        stories.append(
            SampleStory(
                key=facts.file[:3],
                publisher=facts.publisher,
                title=facts.title,
                published=facts.published,
                # bytes, not read_text: that would fold line ends
                body=file.read_bytes().decode("utf-8"),
                slug=facts.slug,
                feed=facts.feed,
                tail_begins=facts.tail_begins,
            )
        )
    return tuple(stories)
