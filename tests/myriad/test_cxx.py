"""C++ objects laid out by hand read back as what they were made of."""

from hypothesis import given
from hypothesis import strategies as st

from edgebuild.myriad import cxx

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@given(texts)
def test_strings(text):
    assert cxx.string_at(cxx.string(text)) == text


@given(st.dictionaries(texts, texts, max_size=12))
def test_maps_of_strings(items):
    found = [(key, cxx.string_at(value)) for key, value in cxx.map_items(cxx.string_map(items))]
    assert found == sorted(items.items(), key=lambda item: item[0].encode())


def test_a_map_says_how_many_nodes_it_has_and_where_they_begin_and_end():
    address = cxx.string_map({"b": "2", "a": "1", "c": "3"})
    assert cxx.pointer_at(address + 40) == 3
    first, last = cxx.pointer_at(address + 24), cxx.pointer_at(address + 32)
    assert (cxx.string_at(first + 32), cxx.string_at(last + 32)) == ("a", "c")
    empty = cxx.string_map({})
    assert cxx.pointer_at(empty + 24) == cxx.pointer_at(empty + 32) == empty + 8
