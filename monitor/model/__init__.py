"""What things are: frozen dataclasses and the error tree. Imports the standard library only."""
