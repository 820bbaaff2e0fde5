"""The doors: arguments in, app called, text or JSON lines out. No logic."""
