"""What `make quick` runs for which change."""

from tests.quick import touched


def test_a_change_runs_the_tests_of_its_folder_wherever_that_lies() -> None:
    both = ["tests/integration/proof/sealing", "tests/unit/proof/sealing"]
    assert touched(["recordings/proof/sealing/seal.py"]) == both
    assert touched(["tests/integration/proof/sealing/test_seal.py", "templates/sealing/page.html"]) == both


def test_a_change_without_tests_of_its_name_runs_none() -> None:
    assert touched(["README.md", "docs/adr/0004.md", "sealing.py"]) == []


def test_product_code_without_tests_of_its_name_runs_all_unit_tests() -> None:
    assert touched(["recordings/models/recording.py"]) == ["tests/unit"]
    assert touched(["recordings/paging.py", "recordings/proof/sealing/seal.py"]) == [
        "tests/integration/proof/sealing",
        "tests/unit",
    ]
