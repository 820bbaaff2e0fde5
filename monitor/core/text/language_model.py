"""The model behind language detection, loaded where this module is imported: 0.7 s, 90 MB.

So it is imported by who detects, and by the fork server of the daemon's children, which then share it.
"""

from __future__ import annotations

from py3langid.langid import MODEL_FILE, LanguageIdentifier

IDENTIFIER = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
