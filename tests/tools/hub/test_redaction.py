import pytest

from edgebuild.cloud.redaction import service, shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("GET https://a.b/c?X-Signature=abc&d=e failed", "GET https://a.b/c?... failed"),
        (
            "Max retries exceeded with url: /c?Token=abc (x)",
            "Max retries exceeded with url: /c?... (x)",
        ),
        ("proxy http://user:secret@a.b:80/ is down", "proxy http://a.b:80/ is down"),
        ("Token abc123 is bad", "Token *** is bad"),
        ("┌────┐\n| Bad   │\n| token |\n└────┘", "Bad token"),
        ("why? because", "why? because"),
    ],
)
def test_texts_are_shown_without_what_lets_others_in(text, told):
    assert shown(text, "abc123", "") == told


def test_an_address_is_shown_without_user_and_query():
    assert service("https://user:secret@a.b:8443/c/?key=secret#d") == "https://a.b:8443/c"
