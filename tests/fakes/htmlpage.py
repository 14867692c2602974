"""A page as a browser takes it apart."""

from html.parser import HTMLParser

VOID = {"meta", "input", "br", "hr", "img", "link"}


class Page(HTMLParser):
    """Tags, links and text of a page; whether every element that is opened is closed in its place."""

    def __init__(self, text):
        super().__init__()
        self.pictures = []
        self.tags, self.links, self.text, self.ids, self.open = [], [], "", set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "svg" and "svg" not in self.open:
            self.pictures.append(dict(attributes))
        self.links += [v for k, v in attributes if k in ("src", "href") and v]
        self.ids |= {v for k, v in attributes if k == "id"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data
