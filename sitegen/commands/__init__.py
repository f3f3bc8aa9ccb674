"""The commands that ask the language model, and what every command shares."""
