"""The signals that ask a tuner to end: kept until somebody listens, and as they were before, once it is over."""

from __future__ import annotations

import os
import signal

from hpotune.run.signals import Signals


def test_what_comes_early_is_heard_later() -> None:
    heard: list[int] = []
    before = signal.getsignal(signal.SIGUSR1)
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGUSR1)
        signals.listen(heard.append)
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [signal.SIGUSR1, signal.SIGTERM]
        signals.ignore()
        os.kill(os.getpid(), signal.SIGINT)
    assert heard == [signal.SIGUSR1, signal.SIGTERM]
    assert signal.getsignal(signal.SIGUSR1) is before


def test_what_was_ignored_stays_ignored_as_under_nohup() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            signals.listen(heard.append)
            os.kill(os.getpid(), signal.SIGHUP)
        assert heard == []
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
