"""Names in any spelling: Latin-script variants of a listed name, and the part of a name that stands for the whole.

Pure, and free of rules: it is given names and words, and says where they agree.
"""

from monitor.core.names.index import NameFind, VariantIndex
from monitor.core.names.parts import FullName, part_names
from monitor.core.names.shown import spellings_shown, variants_shown
from monitor.core.names.text import NameText

NAMES_VERSION = 1
"""Part of the version of rules that rest on names: raise it when a change here can change a match."""

__all__ = [
    "NAMES_VERSION",
    "FullName",
    "NameFind",
    "NameText",
    "VariantIndex",
    "part_names",
    "spellings_shown",
    "variants_shown",
]
