"""What numbers are computed on. Two kinds of processor may round alike sums differently, and so decide differently."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

_MODEL = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def processor() -> dict[str, str]:
    """The `machine`, the processor's `model`, and the `kernels` that numpy's linear algebra chose for it.

    What cannot be found out is left out.
    """
    found = {"machine": platform.machine(), "model": _model(), "kernels": _kernels()}
    return {name: text for name, text in found.items() if text}


def _model() -> str:
    """On Linux as the kernel has it; elsewhere what Python knows, which may be nothing."""
    try:
        match = _MODEL.search(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    except OSError:  # there is no such file on other systems
        match = None
    return match[1].strip() if match else platform.processor()


def _kernels() -> str:
    """Such as `SkylakeX`. Of numpy's own library where it brings one: it is there whatever else was imported."""
    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    home = Path(np.__file__).parent
    own = [library for library in libraries if Path(library["filepath"]).parent.name.startswith(home.name)]
    return ", ".join(sorted({library["architecture"] for library in own or libraries if "architecture" in library}))
