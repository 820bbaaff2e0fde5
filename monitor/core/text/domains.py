"""The domain that somebody registered: whose page it is, as far as an address can say."""

from __future__ import annotations

from tld import get_fld

from monitor.core.text.urls import canonical_url, host_of


def registrable_domain(url: str) -> str:
    """`arabnews.pk` of `https://www.arabnews.pk/node/1`, `desk.blogspot.com` of a blog there.

    By the Public Suffix List that tld carries (MPL-1.1/GPL-2.0/LGPL-2.1; nothing is fetched), its private part
    included: who has a blog of his own is a publisher of his own. "" for addresses of machines and hosts without
    a domain.
    """
    host = host_of(canonical_url(url))
    found = get_fld(f"https://{host}/", fail_silently=True, search_private=True) if host else None
    return str(found or "")
