"""What must hold after a fault, whatever it was."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from fault_campaign import studies
from fault_campaign.case import Complaint
from fault_campaign.world import Done, References, World, words_of
from hpotune.errors import RunError
from hpotune.replay import replay

AT_ONCE = 5.0  # seconds that what a tuner has ended may take to leave the list of processes
DEATH = 30.0  # seconds for the watchdog: law 7 says grace + 2, the rest is for a machine that is busy


class Judge:
    """Compares with the undisturbed runs. Decisions are taken again by `hpotune replay`; or, if `quick`, in here."""

    def __init__(self, references: References, *, quick: bool = True) -> None:
        self._references = references
        self._quick = quick

    def goes_on(self, world: World, *, law3: bool = True, before: bytes | None = None) -> list[Complaint]:
        """Resume to the end, and look at everything. `before`: the journal as it was when the fault struck."""
        before = world.journal() if before is None else before
        done = world.begin().end()
        return [*self.resumed(world, done, before), *self.ended(world, before, law3=law3)]

    def resumed(self, world: World, done: Done, before: bytes) -> list[Complaint]:
        """Whether a resume that found a journal of these bytes has gone well."""
        found = said(done, 0, "")
        if done.code is None:
            return [Complaint("not resumed", f"it did not end: {done.err[-400:]}")]
        if done.code != 0:
            return [Complaint("not resumed", f"exit code {done.code}: {done.err[-800:]}")]
        torn = before[len(whole(before)) :]
        if bool(torn) != ("cut short" in done.err):
            found.append(Complaint("word", f"{len(torn)} torn bytes, and it said: {done.err[-400:]}"))
        if torn and torn not in [piece.read_bytes() for piece in world.run.path.glob("journal.torn-*")]:
            found.append(Complaint("lost", "the torn piece was not kept"))
        return found

    def ended(self, world: World, before: bytes, *, law3: bool = True) -> list[Complaint]:
        """Whether a run that is over is what it should be, given the journal it had at some time."""
        found = [*kept(world, before), *left_over(world)]
        try:
            history = world.run.history()
        except RunError as error:
            return [*found, Complaint("lost", f"the journal cannot be read: {error}")]
        if history.finished is None:
            return [*found, Complaint("not resumed", "the study is not finished")]
        found += counted_once(world)
        found += self._decided_again(world)
        if law3 and (world.workers == 1 or world.strategy in studies.BLIND):
            found += self._same(world)
        return found

    def _decided_again(self, world: World) -> list[Complaint]:
        if self._quick:
            again = replay(world.run.events())
            right = again.same == again.decisions
            words = f"{again.same} of {again.decisions}: {again.differences[:1]}"
        else:
            done = world.call("replay", str(world.run.path))
            right, words = done.code == 0, f"exit code {done.code}: {(done.out + done.err)[:800]}"
        return [] if right else [Complaint("outcome", f"replay: {words}")]

    def _same(self, world: World) -> list[Complaint]:
        expected, outcome = self._references.get(world.strategy), world.outcome()
        for number in sorted({*expected, *outcome}):
            if expected.get(number) != outcome.get(number):
                text = f"trial {number}: {outcome.get(number)}, undisturbed {expected.get(number)}"
                return [Complaint("outcome", text)]
        return []


def kept(world: World, before: bytes) -> list[Complaint]:
    """No line that was whole is lost: what there was is still the beginning of what there is."""
    before, after = whole(before), world.journal()
    if after.startswith(before):
        return []
    line = next(n for n, (a, b) in enumerate(zip(before + b"\0", after + b"\1", strict=False)) if a != b)
    return [Complaint("lost", f"the journal differs from byte {line} on, of {len(before)} that there were")]


def whole(data: bytes) -> bytes:
    """Up to the last line end."""
    return data[: data.rfind(b"\n") + 1]


def counted_once(world: World) -> list[Complaint]:
    """Every trial, every attempt and every end is there once, and there are as many trials as the limit says."""
    lines = world.lines()
    planned = [line["trial"] for line in lines if line["event"] == "trial_planned"]
    found = []
    if planned != list(range(studies.TRIALS)):
        found.append(Complaint("duplicated", f"trials {planned}, where {studies.TRIALS} were to be"))
    for event in ("job_planned", "job_started", "job_ended"):
        attempts = Counter((each["trial"], each["job"], each["attempt"]) for each in lines if each["event"] == event)
        found += [Complaint("duplicated", f"{n} times {event} {it}") for it, n in attempts.items() if n > 1]
    reports = Counter(
        (each["trial"], each["job"], each["attempt"], each["budget"])
        for each in lines
        if each["event"] == "reported" and each["budget"] is not None
    )
    found += [Complaint("duplicated", f"{n} reports {it}") for it, n in reports.items() if n > 1]
    completed = Counter(
        (each["trial"], each["job"])
        for each in lines
        if each["event"] == "job_ended" and each["outcome"] == "completed"
    )
    found += [Complaint("duplicated", f"job {it} was completed {n} times") for it, n in completed.items() if n > 1]
    return found


def left_over(world: World, seconds: float = AT_ONCE) -> list[Complaint]:
    """No process of the case lives any more."""
    return [
        Complaint("left over", f"process {process.pid}: {' '.join(words_of(process))}")
        for process in world.gone(seconds)
    ]


def said(done: Done, code: int | None, *words: str) -> list[Complaint]:
    """The exit code is right (None: any that is not a bug), no traceback is shown, and the words are there."""
    found = []
    if done.code in (None, 3) or (code is not None and done.code != code):
        found.append(Complaint("word", f"exit code {done.code} where {code} was to be: {done.err[-800:]}"))
    if "Traceback (most recent" in done.err or "bug:" in done.err:
        found.append(Complaint("word", f"a crash: {done.err[-800:]}"))
    found += [Complaint("word", f"no word of {word!r}: {done.err[-400:]}") for word in words if word not in done.err]
    return found


def unchanged(path: Path, before: bytes) -> list[Complaint]:
    """A file that nobody was to touch."""
    return [] if path.read_bytes() == before else [Complaint("lost", f"{path.name} was changed")]
