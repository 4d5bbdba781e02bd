"""Hashes of what a run is made of: its study, and the files that its command names. A resume compares them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from hpotune.run.machine import working_folder
from hpotune.study import Study

_LARGEST = 10_000_000  # bytes: what is larger is data, not a script


def fingerprint(study: Study) -> dict[str, Any]:
    """SHA-256 of the resolved study, and of each small file that an element of the command names."""
    whole = json.dumps(study.to_dict(), sort_keys=True, ensure_ascii=False)
    found: dict[str, Any] = {"study": hashlib.sha256(whole.encode()).hexdigest(), "files": {}}
    cwd = working_folder(study) or study.folder
    for element in study.command:
        try:
            path = cwd / element
            if "${" not in element and path.is_file() and path.stat().st_size <= _LARGEST:
                found["files"][element] = hashlib.sha256(path.read_bytes()).hexdigest()
        except (OSError, ValueError):  # a hash is a courtesy: a file that cannot be read is the trial's to complain of
            continue
    return found


def changed_files(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The files of the command that are not what they were."""
    before = old.get("files", {})
    return [name for name, digest in new.get("files", {}).items() if before.get(name, digest) != digest]
