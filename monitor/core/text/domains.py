"""The domain that somebody registered: whose page it is, as far as an address can say."""

from __future__ import annotations

from functools import lru_cache

from tld import get_fld


# A digest that waits for publishers asks for the same hosts at every tick, a list with a large story for thousands
# at once; some 3 MB.
@lru_cache(maxsize=16_384)
def registrable_domain(host: str) -> str:
    """`arabnews.pk` of the host `www.arabnews.pk`, `desk.blogspot.com` of a blog there.

    By the Public Suffix List that tld carries (MPL-1.1/GPL-2.0/LGPL-2.1; nothing is fetched), its private part
    included: who has a blog of his own is a publisher of his own. "" for addresses of machines and hosts without
    a domain.
    """
    found = get_fld(f"https://{host}/", fail_silently=True, search_private=True) if host else None
    return str(found or "")
