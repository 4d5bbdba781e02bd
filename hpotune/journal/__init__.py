"""The journal of a run: append-only lines with a chained checksum, one writer, held by a lock.

    with RunLock.acquire(folder) as lock:
        reader = JournalReader(folder / "journal.jsonl")
        events = [decode(line) for line in reader]      # DamagedError names the line that is not what was written
        if reader.tail.torn:
            kept = repair(reader.path, reader.tail)     # only an unterminated last line is ever cut, and it is kept
        writer = JournalWriter.open(reader.path, reader.tail)
        writer.append({"n": reader.tail.n, ...})
        writer.flush()                                  # the facts so far survive a crash of the machine from here on

This package knows lines, not what they mean.
"""

from hpotune.journal.format import START, Tail
from hpotune.journal.lock import Holder, RunLock, boot_id, holder
from hpotune.journal.reader import JournalReader
from hpotune.journal.repair import repair
from hpotune.journal.writer import JournalWriter

__all__ = ["START", "Holder", "JournalReader", "JournalWriter", "RunLock", "Tail", "boot_id", "holder", "repair"]
