"""sitegen turns a folder of YAML glossary entries into a static site that explains its terms."""

__version__ = "0.1.0"
