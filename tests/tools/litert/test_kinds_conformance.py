import conformance
import pytest

MODULES = conformance.modules("litert")


@pytest.mark.parametrize("name", MODULES)
def test_example_gives_equal_bytes_and_what_the_kind_declares(name, tmp_path):
    conformance.check(MODULES[name], tmp_path)
