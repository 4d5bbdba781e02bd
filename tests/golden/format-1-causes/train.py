"""The trial of the golden runs. Its first argument says what it does; the rest it is told by the environment.

It is copied to `train.py` beside the runs that it made, and never changed there: its hash is in their journals.
"""

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

TRIAL = int(os.environ["HPOTUNE_TRIAL_ID"])
CONFIG = json.loads(os.environ["HPOTUNE_CONFIG"])
START = int(float(os.environ.get("HPOTUNE_PREVIOUS_BUDGET") or 0))
END = int(float(os.environ.get("HPOTUNE_BUDGET") or 0))
CHECKPOINT = Path(os.environ["HPOTUNE_CHECKPOINT_DIR"]) / "epochs"


def loss(epoch=1):
    """A function of the configuration and the epoch alone."""
    text = json.dumps(CONFIG, sort_keys=True).encode()
    x = CONFIG["x"] if "x" in CONFIG else zlib.crc32(text) / 2**32
    return (x - 0.3) ** 2 + 0.5 / epoch


def report(epoch, value=None, **others):
    value = loss(epoch) if value is None else value
    print(json.dumps({"epochs": epoch, "loss": value, **others}), flush=True)


def once():
    print(f"done: loss={loss()!r}, seconds: 0.5")


def wait_for_go():
    """Until there is a file `go`; not for ever, should its maker have died."""
    end = time.monotonic() + 60
    while not Path("go").exists() and time.monotonic() < end:
        time.sleep(0.01)


def hold():
    """Trial 1 holds still before its first report."""
    if TRIAL == 1:
        wait_for_go()
    once()


def curve(first=None, pause=0.0):
    """Trains from the checkpoint to the budget."""
    start = START if first is None else first
    if first is None and CHECKPOINT.exists():
        start = int(CHECKPOINT.read_text())
    for epoch in range(start + 1, END + 1):
        time.sleep(pause)
        report(epoch, lr=0.1 / epoch)
        CHECKPOINT.write_text(str(epoch))


def hold_between():
    """Trial 1 holds still after its second epoch, with a checkpoint."""
    if TRIAL == 1 and not Path("go").exists() and not CHECKPOINT.exists():
        for epoch in (1, 2):
            report(epoch)
            CHECKPOINT.write_text(str(epoch))
        wait_for_go()
    curve()


def scratch():
    """Knows nothing of checkpoints."""
    curve(first=0)


def zero_based():
    for epoch in range(START, END):
        report(epoch, loss(epoch + 1))


def nan():
    """Odd trials end with nan; the others have an infinite value on their way."""
    for epoch in range(START + 1, END + 1):
        value = loss(epoch)
        if TRIAL % 2 and epoch == END:
            value = float("nan")
        elif epoch == 1:
            value = float("-inf" if TRIAL == 0 else "inf")
        report(epoch, value, also=float("nan"))


def stubborn():
    """Has another report when it is asked to end."""
    signal.signal(signal.SIGTERM, lambda *_: (report(END), sys.exit(0)))
    curve(pause=0.15)


def flaky():
    """Even trials fail at first, with an epoch done."""
    if TRIAL % 2 == 0 and not CHECKPOINT.exists():
        report(1)
        CHECKPOINT.write_text("1")
        sys.exit("no luck this time")
    curve()


def failures():
    """One trial for each way to fail, then one that does not."""
    match TRIAL:
        case 0:
            print("loss=0.5", flush=True)
            raise RuntimeError("the données are missing \N{SNOWMAN}")
        case 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        case 2:
            while True:
                print("still training", flush=True)
                time.sleep(0.1)
        case 3:
            time.sleep(60)
        case 4:
            print("loss=nan")
        case 5:
            print("val_loss=0.5\nlosses are low\nloss: small")
        case 6:
            os.abort()
        case _:
            once()


def always():
    sys.exit("nothing works")


def messy():
    """All that a script prints beside its reports; and it leaves a process behind."""
    subprocess.Popen(["sleep", "30"], stdin=subprocess.DEVNULL)
    sys.stdout.buffer.write(b"\r 10%|\xff\xfe\x1b[31m###\x1b[0m | loss 0.9\r")
    sys.stdout.buffer.flush()
    for epoch in (1, 1, 2, 1, 3):
        report(epoch, accuracy=0.5, words="no number")
    time.sleep(0.3)
    print('{"epochs": 9, "loss": 9}', file=sys.stderr, flush=True)
    print("Epoch 4/4 - loss: .25 - val_loss: 1e-3", end="")


def flood():
    """More reports than the journal takes; the first trial alone."""
    end = 1200 if TRIAL == 0 else 2
    print("\n".join(json.dumps({"epochs": step, "loss": 1 / (1 + step % 170)}) for step in range(1, end + 1)))


def fractions():
    """Its budget is a share of the data."""
    print(json.dumps({"data": float(os.environ["HPOTUNE_BUDGET"]), "loss": loss()}))


def to_file():
    with Path(os.environ["HPOTUNE_METRICS_FILE"]).open("a") as file:
        file.write(json.dumps({"epochs": END, "loss": loss()}) + "\n")
    print("loss=7")


def words():
    print(f"die Größe 损失 ist {loss()!r} 🎉")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
