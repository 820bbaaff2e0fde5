"""Named entities from a trained spaCy pipeline, run in killable children."""

from monitor.adapters.nlp.recognizer import SpacyRecognizer, check_model

__all__ = ["SpacyRecognizer", "check_model"]
