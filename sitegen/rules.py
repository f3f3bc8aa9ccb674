"""Every rule by which content is judged: its name, how it counts, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. If not `switchable` it always stops a build, because the build could not go right."""

    name: str
    asks: str
    advice: bool = False
    switchable: bool = False  # may be switched in site.yaml
    limit: int | None = None


RULES = (
    Rule("unreadable", "A file can be opened and is a regular file."),
    Rule("too-large", "A file has at most 1 MB, a text at most 50,000 characters, a definition at most 2,000."),
    Rule("not-utf-8", "A file is UTF-8."),
    Rule("control-character", "A text holds no control or private-use characters but tabs and line ends, not even as an escape."),
    Rule("broken-yaml", "A file is one YAML document."),
    Rule("yaml-feature", "YAML's anchors, aliases, tags and merge keys are not used: an entry says what it means."),
    Rule("too-deep", "Values nest at most 8 levels deep; so do lists and quotations in Markdown."),
    Rule("duplicate-key", "A field stands once in its group, an item once in its list."),
    Rule("unknown-field", "A field is one that the entry format knows."),
    Rule("wrong-type", "A value has the form its field wants."),
    Rule("missing-field", "A required field is there, and no field is empty."),
    Rule("no-entries", "The glossary has an entry."),
    Rule("not-an-entry", "Every file in `terms/` is a YAML file of one entry."),
    Rule("not-an-issue", "Every file in `newsletter/` is named `<date>-<slug>.md` and starts with `# Title`."),
    Rule("outside-content", "A link in the content folder leads to a file inside it."),
    Rule("bad-slug", "An address is made of letters, digits and hyphens, in lower case."),
    Rule("bad-explorable", "An explorable is a folder with `explorable.js` and `fallback.html`."),
    Rule("misnamed-settings", "The settings stand in `site.yaml`."),
    Rule("bad-setting", "`rules:` in site.yaml names rules that exist and may be switched."),
    Rule("duplicate-name", "A name belongs to one entry; homonyms each have a `sense`."),
    Rule("duplicate-address", "An address belongs to one entry, aliases included."),
    Rule("unresolved-link", "`[[...]]`, `related`, `contrast`, `broader` and `deprecated: by` name an entry."),
    Rule("ambiguous-link", "A name that homonyms share is written with its sense, or as a slug."),
    Rule("self-reference", "An entry does not refer to itself."),
    Rule("unresolved-topic", "A topic is one that site.yaml lists."),
    Rule("unresolved-explorable", "An explorable is a folder in `explorables/`."),
    Rule("broader-cycle", "Following `broader` never leads back to where it started."),
    Rule("raw-html", "Markdown holds no HTML tags; code goes between backticks."),
    Rule("unsafe-url", "An address is http, https, mailto or relative; a reference's is http or https."),
    Rule("image", "Markdown shows no images: a picture that explains is an explorable."),
    Rule("wrong-tex", "A formula is TeX that the converter understands."),
    Rule("unclosed-code", "A fence of backticks is closed."),
    Rule("heading-level", "Headings in Markdown start at `##` and skip no level."),
    Rule("broken-template", "A template is one that Jinja can render, and asks for nothing that does not exist."),
    Rule("definition-sentence", "A definition is one sentence.", switchable=True),
    Rule("definition-length", "A definition has at most this many characters.", advice=True, switchable=True, limit=160),
    Rule("missing-setting", "site.yaml says the site's address.", advice=True, switchable=True),
    Rule("missing-summary", "An entry has a summary.", advice=True, switchable=True),
    Rule("missing-example", "An entry has an example.", advice=True, switchable=True),
    Rule("missing-reference", "An entry has a reference.", advice=True, switchable=True),
    Rule("reference-identifier", "A reference has an address.", advice=True, switchable=True),
    Rule("orphan", "Another entry relates or links to every entry.", advice=True, switchable=True),
    Rule("needed-term", "An abbreviation or emphasised phrase that this many entries use is an entry.",
         advice=True, switchable=True, limit=4),
)  # fmt: skip

BY_NAME = {rule.name: rule for rule in RULES}
