"""The checks, by what they look at; `check.py` calls them all."""
