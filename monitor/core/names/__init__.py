"""Names in any spelling: Latin-script variants of a listed name, and the part of a name that stands for the whole.

Pure, and free of rules: it is given names and words, and says where they agree.
"""

from monitor.core.names.index import NameFind, VariantIndex
from monitor.core.names.letter_case import NameWord
from monitor.core.names.parts import FullName, part_names
from monitor.core.names.shown import variants_shown

__all__ = ["FullName", "NameFind", "NameWord", "VariantIndex", "part_names", "variants_shown"]
