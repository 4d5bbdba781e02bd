"""Which devices there are, and who gets which. Devices are the words that CUDA_VISIBLE_DEVICES takes."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Mapping, Sequence
from typing import Literal

from hpotune.errors import RunError

VARIABLE = "CUDA_VISIBLE_DEVICES"
_QUERY = ("nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader")
_PATIENCE = 30.0  # seconds: a driver that starts up takes ten


def discover(devices: Literal["auto"] | Sequence[int | str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """The devices that trials may use.

    What CUDA_VISIBLE_DEVICES leaves visible is all there is; without it, what the driver lists.

    Raises:
        RunError: a device that the study names is not among the visible ones.
    """
    inherited = _visible(environ[VARIABLE]) if VARIABLE in environ else None
    if devices == "auto":
        return _driver() if inherited is None else inherited
    wanted = tuple(str(device) for device in devices)
    hidden = [device for device in wanted if inherited is not None and device not in inherited]
    if hidden:
        raise RunError(
            f"gpus.devices names {', '.join(hidden)}, which {VARIABLE}={environ[VARIABLE]} does not show.",
            "Name only visible devices, or write `devices: auto`.",
        )
    return wanted


def _visible(text: str) -> tuple[str, ...]:
    """As CUDA reads it: up to the first entry that is no device."""
    visible: list[str] = []
    for entry in map(str.strip, text.split(",")):
        if not entry.isdigit() and not entry.startswith(("GPU-", "MIG-")):
            break
        visible.append(entry)
    return tuple(visible)


def _driver() -> tuple[str, ...]:
    """UUIDs, because CUDA numbers devices otherwise than the driver does (fastest first, not by bus)."""
    try:
        answer = subprocess.run(
            _QUERY, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in answer.stdout.splitlines() if line.strip())


class Slots:
    """The devices and who has them.

    A trial gets `per_trial` whole devices (1, 2, ...), a share of one (0.5: two trials to a device), or none (0). The
    least used devices go first, then the first in the list, so the same requests get the same devices.

    Raises:
        RunError: no trial could ever have what it asks for.
    """

    def __init__(self, devices: Sequence[str], per_trial: float) -> None:
        if per_trial < 0 or (per_trial > 1 and per_trial != int(per_trial)):
            raise RunError(f"gpus.per_trial is {per_trial}.", "Give a whole number, or a share such as 0.5.")
        self._count = math.ceil(per_trial)
        self._places = math.floor(1 / per_trial + 1e-9) if 0 < per_trial < 1 else 1
        self._users = dict.fromkeys(devices, 0)
        if self._count > len(self._users):
            raise RunError(
                f"A trial asks for {per_trial:g} GPUs, and there are {len(self._users)} here.",
                "Lower gpus.per_trial, or remove the `gpus` section for trials that need none.",
            )

    @property
    def capacity(self) -> int | None:
        """How many trials can have their devices at a time; None if they need none."""
        return len(self._users) * self._places // self._count if self._count else None

    def take(self) -> tuple[str, ...]:
        """The devices of the next trial, in the order of the list.

        Raises:
            LookupError: fewer are free than a trial needs.
        """
        free = [device for device, users in self._users.items() if users < self._places]
        free.sort(key=self._users.__getitem__)
        if len(free) < self._count:
            raise LookupError("no device is free")
        chosen = set(free[: self._count])
        taken = tuple(device for device in self._users if device in chosen)
        for device in taken:
            self._users[device] += 1
        return taken

    def set_aside(self, device: str) -> bool:
        """Give a device to no trial any more. False, and nothing changes, if too few would be left for one."""
        if device not in self._users or len(self._users) <= max(1, self._count):
            return False
        del self._users[device]
        return True

    def give_back(self, devices: Sequence[str]) -> None:
        """The trial that had these devices is gone."""
        for device in devices:
            if device in self._users:
                self._users[device] -= 1
