"""Licences in one spelling, of mappings, rows and pages alike."""

from pathlib import Path

import pytest

from crossthink.licences import spdx, spdx_of_row
from crossthink.mappings import load_mapping
from crossthink.toml_tree import ConfigError


@pytest.mark.parametrize(("written", "expected"), [
    ("CC BY 4.0", "CC-BY-4.0"), ("cc-by-4.0", "CC-BY-4.0"), ("CC BY-NC-SA 3.0", "CC-BY-NC-SA-3.0"),
    ("Creative Commons BY-SA 4.0", "CC-BY-SA-4.0"), ("CC BY-SA 2.0 UK", "CC-BY-SA-2.0-UK"), ("CC0", "CC0-1.0"),
    ("MIT", "MIT"), ("mit license", "MIT"), ("Apache 2.0", "Apache-2.0"), ("ODC-BY", "ODC-By-1.0"),
    ("LicenseRef-house-rules", "LicenseRef-house-rules"), ("MIT OR apache-2.0", "MIT OR Apache-2.0"),
    ("unknown", "unknown"), ("", "unknown"),
])
def test_usual_spellings(written: str, expected: str) -> None:
    assert spdx(written) == expected
    assert spdx(expected) == expected


@pytest.mark.parametrize("written", ["proprietary", "CC BY", "see the web site", "CC BY 4.0 or so"])
def test_what_is_no_licence(written: str) -> None:
    with pytest.raises(ValueError, match="is no SPDX identifier: write one of"):
        spdx(written)


def test_a_row_keeps_what_it_says() -> None:
    assert spdx_of_row("CC BY 4.0") == "CC-BY-4.0"
    assert spdx_of_row("see the  web site!") == "LicenseRef-see-the-web-site"


def test_a_mapping_is_told_file_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "set.toml"
    path.write_text('source = "s"\nlicence = "free for all"\n')
    with pytest.raises(ConfigError, match=rf"{path}: licence = 'free for all' is no SPDX identifier: write one of"):
        load_mapping(path)
    path.write_text('source = "s"\nlicence = "CC BY 4.0"\n')
    assert load_mapping(path)["licence"] == "CC-BY-4.0"


def test_the_mapping_files_are_spelled_as_rows_will_be() -> None:
    for path in sorted((Path(__file__).parents[1] / "recipes/sets").glob("*.toml")):
        written = [line.split('"')[1] for line in path.read_text().splitlines() if line.startswith("licence =")]
        assert all(spdx(licence) == licence for licence in written), path
