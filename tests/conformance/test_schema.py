"""The manifest against the XML schema of ISO/IEC 23009-1.

Its terms do not let it be committed. To run this: put DASH-MPD.xsd of https://github.com/MPEGGroup/DASHSchema (branch
5th-Ed-AMD1) in a folder, `pip install xmlschema`, and name the folder in DASH_SCHEMA.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .model import Model

SCHEMA = Path(os.environ.get("DASH_SCHEMA", "/nowhere")) / "DASH-MPD.xsd"


@pytest.mark.skipif(not SCHEMA.is_file(), reason="DASH_SCHEMA names no folder with DASH-MPD.xsd")
def test_the_manifest_is_valid(made: Path, good: Model) -> None:
    xmlschema = pytest.importorskip("xmlschema")
    schema = xmlschema.XMLSchema(str(SCHEMA), allow="all", defuse="never")
    schema.validate((made / "manifest.mpd").read_text())
    schema.validate(good.files["manifest.mpd"].decode())
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate((made / "manifest.mpd").read_text().replace("minBufferTime", "minimumBufferTime"))
