"""One spelling of licences: SPDX identifiers (https://spdx.org/licenses), "LicenseRef-..." for others, or "unknown".

Layer 2: no torch, no Beam.
"""

import re
from functools import cache

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

UNKNOWN = "unknown"
_CREATIVE_COMMONS = re.compile(r"(?:creative commons |cc[ -])(by(?:[ -](?:nc|nd|sa))*)[ -]v?(\d\.\d)( [a-z]{2,3})?")
_NAMES = {"cc0": "CC0-1.0", "cc0 1.0": "CC0-1.0", "public domain": "LicenseRef-public-domain", "odc-by": "ODC-By-1.0",
          "odc by": "ODC-By-1.0", "odbl": "ODbL-1.0", "mit license": "MIT", "apache 2.0": "Apache-2.0",
          "apache license 2.0": "Apache-2.0", "apache2": "Apache-2.0", "bsd": "BSD-3-Clause", "gpl-3": "GPL-3.0-only",
          "gfdl": "GFDL-1.3-or-later"}
"""What published sets write, folded."""


@cache
def spdx(text: str) -> str:
    """The SPDX expression of a licence in the usual spellings. Raises ValueError for what is none."""
    folded = " ".join(text.casefold().split())
    if folded in ("", UNKNOWN):
        return UNKNOWN
    plain = text.strip()
    if found := _CREATIVE_COMMONS.fullmatch(folded):
        plain = "-".join(["cc", *re.split("[ -]", found[1]), found[2], *(found[3] or "").split()])
    try:
        return str(canonicalize_license_expression(_NAMES.get(folded, plain)))
    except InvalidLicenseExpression as error:
        raise ValueError(f'{text!r} is no SPDX identifier: write one of https://spdx.org/licenses, as "CC-BY-4.0", '
                         '"LicenseRef-NAME" for a licence that has none, or "unknown"') from error


@cache
def spdx_of_row(text: str) -> str:
    """As `spdx`; what is none becomes a "LicenseRef-" of its words, for a row's licence must not be lost."""
    try:
        return spdx(text)
    except ValueError:
        return "LicenseRef-" + (re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-") or UNKNOWN)
