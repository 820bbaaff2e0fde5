"""URLs as keys: one canonical form for all the ways a site writes the address of one article."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from monitor.core.text.characters import bounded_marks, without_overrides

MAX_URL = 8_000  # what common servers take
MAX_KEY = 2_000  # bytes: an index of PostgreSQL takes 2,704 a row
_MAX_HOST = 253  # RFC 1035 §2.3.4, less the length octets
# C0, DEL, C1, line separators, lone surrogates and non-characters: no address needs them unescaped.
_NO_URL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
# An absolute address in which there is nothing that cleaning, joining or splitting could change: most links.
_PLAIN_URL = re.compile(
    r"https?://[a-z0-9.-]{1,253}/[\w.~%!$&'()*+,=:@/-]*(?:\?[\w.~%!$&'()*+,=:@/-]+)?", re.ASCII
)

# Denylist, never allowlist (stories design): a parameter that is not known to be tracking may name the article.
_TRACKING_NAMES = """
    fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid twclid ttclid igshid igsh li_fat_id mc_cid mc_eid
    mkt_tok cmp cmpid icid ncid ref ref_src ref_url referer referrer ito smid sref ocid taid sfmc_id vero_id
    vero_conv _hsenc _hsmi oly_enc_id oly_anon_id rb_clickid s_cid ftag ns_source ns_mchannel ns_campaign
    ns_linkname ns_fee wt.mc_id wt_mc wtmc xtor __twitter_impression traffic_source srnd spm
"""
_TRACKING = frozenset(_TRACKING_NAMES.split())
_TRACKING_PREFIXES = ("utm_", "at_", "pk_", "piwik_", "matomo_", "mtm_", "hsa_", "stm_")
_AMP_PARAMETERS = frozenset({"amp", "amp_js_v", "amp_gsa", "usqp"})
_AMP_VALUES = frozenset({"", "1", "true", "amp", "amphtml", "html"})
_PRINT_PARAMETERS = frozenset({"print", "printable", "printview", "view", "output", "outputtype"})
_PRINT_VALUES = frozenset({"1", "true", "yes", "print", "printable", "amp"})
_HOST_PREFIXES = ("www.", "m.", "mobile.", "amp.")
_INDEX_FILES = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$", re.I)
_AMP_OR_PRINT_TAIL = re.compile(r"/(?:amp|amp\.html|print|printable)$", re.I)
_AMP_FILE = re.compile(r"\.amp(?=\.html?$|$)", re.I)
_AMP_CACHE_PATH = re.compile(r"^/(?:amp/|[acvi]/)?(?:s/)?(?=[^/]+\.[^/]+)", re.I)
# Doors that feeds and mails lead through: the address behind is an argument. Doors that keep it to themselves
# (feedproxy.google.com/~r/…, news.google.com/rss/articles/…, t.co) stay as they are: the page says where it is.
_DOORS: dict[str, tuple[str, ...]] = {
    "news.google.com": ("url",),
    "bing.com": ("url",),
    "l.facebook.com": ("u",),
    "lm.facebook.com": ("u",),
    "facebook.com": ("u",),
    "out.reddit.com": ("url",),
    "t.umblr.com": ("z",),
    "go.redirectingat.com": ("url",),
    "slack-redir.net": ("url",),
    "vk.com": ("to",),
    "duckduckgo.com": ("uddg",),
    "youtube.com": ("q",),
    "getpocket.com": ("url",),
}
_DOOR_PATHS = {
    "bing.com": "/news/apiclick.aspx",
    "facebook.com": "/l.php",
    "vk.com": "/away.php",
    "duckduckgo.com": "/l/",
    "youtube.com": "/redirect",
    "getpocket.com": "/redirect",
}
# Most links of articles: a fold changes their scheme and the start of the host at most, in twenty times the time.
_PLAIN_KEY = re.compile(r"https?://([a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60}){1,5})((?:/[a-zA-Z0-9._~-]{1,200}){1,8})")
_UNUSUAL = re.compile(r"[/.](?:amp|index\.|default\.|print|google)", re.IGNORECASE)
_GOOGLE = re.compile(r"(?:www\.)?google\.[a-z.]{2,6}")
_MAIL_DOOR = ".safelinks.protection.outlook.com"
_SAFE_PATH = "/:@!$&'()*+,;=~-._"


def canonical_url(url: str) -> str:
    """The key under which an article is known (stories design "Canonical URL as key"); keep the original to show.

    Folds http and https, host case, `www. m. mobile. amp.`, IDNA, default ports, fragments (but `#!`), the
    order of the query, tracking parameters, AMP and print forms, index files and the trailing slash; unwraps
    AMP caches and the doors of feed proxies. `?id=1` and `?id=2` stay apart. Idempotent; never raises: what is no
    http(s) URL comes back stripped of white space. A key has at most MAX_KEY bytes: the end of a longer URL is
    its hash.
    """
    url = url.strip()
    if (plain := _PLAIN_KEY.fullmatch(url)) and not _UNUSUAL.search(url):
        return f"https://{_short_host(plain[1])}{plain[2]}"
    if len(url) > MAX_URL:
        return _bounded(url)
    for _ in range(MAX_URL):  # an AMP cache of an AMP page of …: each round removes something
        folded = _fold(url).strip()  # what was dropped may leave a white space at the end
        if folded == url:
            break
        url = folded
    return _bounded(url)


def _bounded(key: str) -> str:
    encoded = key.encode("utf-8", "surrogatepass")
    if len(encoded) <= MAX_KEY:
        return key
    # What begins with it is no URL: to fold the key once more changes nothing.
    return f"long:{blake2b(encoded, digest_size=16).hexdigest()}:{key[:200]}"


@lru_cache(maxsize=4_096)  # an article of a crowd is compared with hundreds; some 1 MB
def host_of(url: str) -> str:
    """The host in lower case ASCII without `www. m. mobile. amp.` and port; "" when there is none."""
    try:
        return _short_host(_ascii_host(_split(url.strip()).hostname or ""))
    except ValueError:
        return ""


def full_host(url: str) -> str:
    """The host as it is asked, in lower case ASCII, without port and final dot; "" when there is none."""
    try:
        return _ascii_host(_split(url.strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""


def feed_key(url: str) -> str:
    """A feed's URL without what never tells two feeds apart: case of scheme and host, default port, fragment.

    Less is folded than for articles: http and https, or two queries, may well be two feeds. Never raises.
    """
    for _ in range(MAX_URL):  # a query of white space leaves a "?" behind: each round removes something
        folded = _fold_feed(url.strip())
        if folded == url:
            break
        url = folded
    return url


def _fold_feed(url: str) -> str:
    try:
        parts = _split(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    host = f"[{host}]" if ":" in host else host
    host += f":{port}" if port not in (None, 80, 443) else ""
    return parts._replace(netloc=host, path=parts.path or "/", fragment="").geturl()


def without_feed_scheme(url: str) -> str:
    """An http(s) URL from `feed://host/path` or `feed:https://…`, as feed readers write it; others as they are.

    Without a scheme inside it is http, by the draft that proposed the scheme (draft-obasanjo-feed-uri-scheme).
    """
    rest = url[5:] if url[:5].lower() == "feed:" else ""
    return f"http:{rest}" if rest.startswith("//") else rest or url


def is_home_page(url: str) -> bool:
    """Whether the URL names a site's front page, no article: no path but index files, no query."""
    try:
        parts = _split(canonical_url(url))
    except ValueError:
        return False
    return bool(parts.netloc) and parts.path in ("", "/") and not parts.query and not parts.fragment


def absolute_http_url(link: str, base: str = "") -> str | None:
    """`link` as an absolute http(s) URL of at most MAX_URL code points, resolved against `base`; else None."""
    if len(link) <= MAX_URL and _PLAIN_URL.fullmatch(link):
        return link
    # Browsers drop tabs and line ends inside URLs (WHATWG URL §4.4); "java\nscript:" must not slip through.
    link, base = (without_overrides(_NO_URL.sub("", one)).strip() for one in (link, base))
    if not link or len(link) > MAX_URL:
        return None
    try:
        _split(link)  # urljoin splits it too
        absolute = urljoin(base, link) if base else link
        parts = _split(absolute)
        usable = parts.scheme.lower() in ("http", "https") and _is_host(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return absolute.replace(" ", "%20") if usable and len(absolute) <= MAX_URL else None


def _is_host(host: str | None) -> bool:
    return host is not None and 0 < len(host) <= _MAX_HOST


def _split(url: str) -> SplitResult:
    """urlsplit for foreign addresses. Raises ValueError for what is none."""
    # urlsplit normalises the host: endless rows of combining marks would take it minutes.
    if bounded_marks(url) != url:
        raise ValueError("no address has so many combining marks in a row")
    return urlsplit(url)


def _fold(url: str) -> str:
    try:
        parts = _split(url)
        host = _ascii_host(parts.hostname or "")
        port = parts.port
    except ValueError:
        return url
    if parts.scheme.lower() not in ("http", "https") or not host:
        return url
    if cached := _amp_cache_target(host, parts.path):
        return cached + (f"?{parts.query}" if parts.query else "")
    if behind := _behind_door(host, parts):
        return behind
    netloc = f"[{host}]" if ":" in host else _short_host(host)
    if port not in (None, 80, 443):
        netloc += f":{port}"
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit(("https", netloc, _fold_path(parts.path), _fold_query(parts.query), fragment))


def _ascii_host(host: str) -> str:
    host = host.rstrip(".").lower()
    # Punycode takes time quadratic in the host.
    if host.isascii() or len(host) > _MAX_HOST:
        return host
    try:
        # The stdlib codec is IDNA 2003, which folds full-width dots and case as browsers do.
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return host


def _short_host(host: str) -> str:
    stripped = True
    while stripped:
        stripped = False
        for prefix in _HOST_PREFIXES:
            # `m.de` is a registered name: at least one dot must remain.
            if host.startswith(prefix) and "." in host[len(prefix) :]:
                host, stripped = host[len(prefix) :], True
    return host


def _amp_cache_target(host: str, path: str) -> str | None:
    """https://www.google.com/amp/s/example.org/a and https://example-org.cdn.ampproject.org/c/s/example.org/a."""
    google = path.startswith("/amp/") and _GOOGLE.fullmatch(host)
    if not (google or host.endswith(".cdn.ampproject.org") or host == "cdn.ampproject.org"):
        return None
    target = _AMP_CACHE_PATH.sub("", path, count=1).lstrip("/")
    return f"https://{target}" if "." in target.partition("/")[0] else None


def _behind_door(host: str, parts: SplitResult) -> str | None:
    """https://www.google.com/url?…&url=https://example.org/a, as in the feeds of Google Alerts, and its like."""
    host = _short_host(host)
    names, path = _DOORS.get(host, ()), _DOOR_PATHS.get(host, "")
    if _GOOGLE.fullmatch(host):
        names, path = ("url", "q"), "/url"
    elif host.endswith(_MAIL_DOOR):
        names = ("url",)
    if not names or not parts.query or not parts.path.lower().startswith(path):
        return None
    try:
        given = dict(reversed(parse_qsl(parts.query, max_num_fields=200)))
    except ValueError:
        return None
    for name in names:
        target = given.get(name, "").strip()
        if target.lower().startswith(("http://", "https://")) and absolute_http_url(target) is not None:
            return target
    return None


def _fold_path(path: str) -> str:
    # %7E and ~ are one (RFC 3986 §6.2.2.2); %2F is not a slash and %25 not an escape, so those stay.
    path = re.sub(r"/{2,}", "/", "/".join(_same_escapes(piece) for piece in path.split("/")))
    before = None
    while before != path:
        before = path
        path = _INDEX_FILES.sub("/", path)
        path = path.rstrip("/")
        path = _AMP_OR_PRINT_TAIL.sub("", path)
        path = _AMP_FILE.sub("", path)
    while path[:5].lower() == "/amp/" and len(path) > 5:
        path = path[4:]
    return path or "/"


def _same_escapes(piece: str) -> str:
    """One spelling of the escapes of a path piece; bytes that are no UTF-8 keep theirs."""
    kept = re.sub(r"%(?=2[fF]|25|3[fF]|23)", "%25", piece)  # hidden from unquote: / % ? #
    try:
        plain = unquote(kept, errors="strict")
    except UnicodeDecodeError:
        return piece
    return quote(plain, safe=_SAFE_PATH + "%", errors="replace") if plain.isprintable() else piece


def _fold_query(query: str) -> str:
    if not query:
        return ""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return query
    kept = sorted((name, value) for name, value in pairs if not _is_noise(name.lower(), value.lower()))
    return urlencode(kept, errors="replace")


def _is_noise(name: str, value: str) -> bool:
    if name in _TRACKING or name.startswith(_TRACKING_PREFIXES):
        return True
    if name in _AMP_PARAMETERS:
        return name != "amp" or value in _AMP_VALUES
    return name in _PRINT_PARAMETERS and value in _PRINT_VALUES
