"""What a reader of a page finds in its HTML: texts, cells, addresses."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = ("meta", "img", "br", "hr", "link", "input")
# Attributes by which a browser loads something or goes somewhere.
ADDRESSES = ("src", "href", "srcset", "data", "action", "poster", "background", "formaction", "cite")


@dataclass
class Read(HTMLParser):
    """A page, read: tags must be balanced."""

    open_tags: list = field(default_factory=list)
    addresses: list = field(default_factory=list)
    alts: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    texts: dict = field(default_factory=dict)

    def __post_init__(self):
        """Begin."""
        super().__init__()

    def handle_starttag(self, tag, attrs):
        """Note addresses, and where a row or a cell begins."""
        named = dict(attrs)
        self.addresses += [(tag, name, named[name]) for name in ADDRESSES if name in named]
        if tag == "img":
            self.alts.append(named.get("alt"))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open_tags.append((tag, named.get("class", "")))

    def handle_endtag(self, tag):
        """Check that it closes what is open."""
        assert self.open_tags.pop()[0] == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        """Add a text to its tag, and to the cell that it is in."""
        if not self.open_tags:
            return
        tag, kind = self.open_tags[-1]
        self.texts.setdefault(tag, []).append(data)
        if kind:
            self.texts.setdefault(kind, []).append(data)
        if any(name in ("td", "th") for name, _ in self.open_tags):
            self.rows[-1][-1] += data


def read(text):
    """Return a `Read` of the text of a page."""
    page = Read()
    page.feed(text)
    page.close()
    assert page.open_tags == []
    return page


def loads(text):
    """Return everything in a page that a browser would ask a network for, a list of str."""
    found = [value for tag, _, value in read(text).addresses if tag != "a"]
    found = [value for value in found if not value.startswith(("data:image/", "#"))]
    return found + re.findall(
        r"@import[^;]*|url\((?!['\"]?data:)[^)]*\)|fetch\(|XMLHttpRequest|import\(", text
    )
