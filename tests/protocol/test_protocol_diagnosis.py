"""What the end of a standard error says about the cause of a failure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.causes import CAUSES, FAMILIES, family, fingerprint
from hpotune.protocol.diagnosis import diagnose, last_word

TRACE = "Traceback (most recent call last):\n  File 'train.py', line 3, in <module>\n    fit()\n"

SAID = {
    "gpu_oom": [
        TRACE + "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 15.78 GiB total)",
        TRACE + "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 20.00 MiB.",
        TRACE + "RuntimeError: MPS backend out of memory (MPS allocated: 5.05 GB, other allocations: 2.50 GB).",
        TRACE + "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        TRACE
        + "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes",
        "tensorflow: OOM when allocating tensor with shape[8,8] on /device:GPU:0\nterminate called\nAborted",
        "cuInit failed: CUDA_ERROR_OUT_OF_MEMORY",
    ],
    "oom": [
        TRACE + "MemoryError",
        TRACE + "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 8.00 GiB for an array with shape (2,)",
        "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
        TRACE + "OSError: [Errno 12] Cannot allocate memory",
        "Error: cannot allocate vector of size 8.0 Gb",
        'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space',
    ],
    "import_error": [
        TRACE + "ModuleNotFoundError: No module named 'torch'",
        TRACE + "ImportError: libcudnn.so.8: cannot open shared object file: No such file or directory",
        "/usr/bin/python3: No module named trainer",
        "./train: error while loading shared libraries: libfoo.so: cannot open shared object file",
        TRACE + "ModuleNotFoundError: No module named 'torch'\nwandb: You can sync this run\n\n",
    ],
    "disk_full": [
        TRACE + "OSError: [Errno 28] No space left on device: 'model.pt'",
        "cp: error writing 'x': Disk quota exceeded",
    ],
    "missing_file": [
        TRACE + "FileNotFoundError: [Errno 2] No such file or directory: 'data/train.csv'",
        "python: can't open file '/home/me/trian.py': [Errno 2] No such file or directory",
        "cat: data.txt: No such file or directory",
    ],
}


@pytest.mark.parametrize(("cause", "text"), [(cause, text) for cause, texts in SAID.items() for text in texts])
def test_what_is_said_is_understood(cause: str, text: str) -> None:
    said = diagnose(text.splitlines())
    assert said is not None
    assert said.cause == cause
    assert said.line in {line.strip() for line in text.splitlines()}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        TRACE + "ValueError: out of range",
        "warning: cache.txt: No such file or directory\n" + TRACE + "ValueError: bad lr",
        "optional package apex: No module named 'apex'\nepoch 1\nepoch 2\nKilled by the coach",
        "memory usage: 4.1 GiB\nRuntimeError: diverged",
        "WARNING CUDA out of memory at batch 64; trying 32\n" + TRACE + "ValueError: bad lr",
        "Traceback (most recent call last):\n    raise MemoryError if fits else ValueError('bad')\nValueError: bad",
    ],
)
def test_what_is_not_said_is_not_guessed(text: str) -> None:
    assert diagnose(text.splitlines()) is None


def test_a_traceback_is_found_behind_the_noise_that_follows_it() -> None:
    assert last_word((TRACE + "ValueError: bad lr\nwandb: bye\n\n").splitlines()) == "ValueError: bad lr"
    assert last_word(["ValueError: quoted, not raised", "the end"]) == "the end"
    assert last_word([]) == ""


@given(st.lists(st.text(max_size=80), max_size=60))
def test_any_lines_are_read(lines: list[str]) -> None:
    said = diagnose(lines)
    assert said is None or said.cause in CAUSES
    assert last_word(lines) in {"", *(line.strip() for line in lines)}


def test_a_long_line_is_not_searched_for_ever() -> None:
    assert diagnose(["CUDA " * 10**6 + "out of memory"]) is None


def test_families_hold_known_causes_once() -> None:
    members = [cause for causes in FAMILIES.values() for cause in causes]
    assert len(set(members)) == len(members)
    assert set(members) <= set(CAUSES)
    assert all(name == causes[0] for name, causes in FAMILIES.items())
    assert family(["oom", "nan", "gpu_oom"]) == ("oom", "gpu_oom", "memory_limit", "nan")


def test_failures_are_alike_whatever_their_numbers() -> None:
    one = fingerprint("exit", 1, None, "ValueError: step 17 at 0x7f00aa, loss 0.25")
    assert one == fingerprint("exit", 1, None, "ValueError: step 903 at 0xdeadbeef, loss 1.5")
    others = {
        fingerprint("exit", 2, None, "ValueError: step 17 at 0x7f00aa, loss 0.25"),
        fingerprint("exit", 1, None, "KeyError: step 17 at 0x7f00aa, loss 0.25"),
        fingerprint("oom", 1, None, "ValueError: step 17 at 0x7f00aa, loss 0.25"),
    }
    assert len({one, *others}) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("error: unrecognized arguments: --opt=adam", "error: unrecognized arguments: --opt=sgd"),
        ("ValueError: lr 5e-06 is too small", "ValueError: lr 0.001 is too small"),
        ("cannot open /tmp/tmpab12cd_x", "cannot open /tmp/tmpzz98qq_y"),
        ("run 123e4567-e89b-12d3-a456-426614174000 failed", "run 9b2e4567-e89b-12d3-a456-426614174abc failed"),
        ("loss is -0.5", "loss is 17"),
    ],
)
def test_what_differs_from_trial_to_trial_does_not_count(one: str, other: str) -> None:
    assert fingerprint("exit", 1, None, one) == fingerprint("exit", 1, None, other)


def test_a_launcher_is_not_taken_for_what_failed() -> None:
    text = (
        "[rank0]: Traceback (most recent call last):\n[rank0]:   File 'train.py', line 3\n[rank0]: ValueError: bad lr\n"
        "Traceback (most recent call last):\n  File 'torchrun', line 8\n"
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n====\nexitcode: 1\n====\n"
    )
    assert last_word(text.splitlines()) == "ValueError: bad lr"


def test_where_the_cause_says_it_all_the_last_line_does_not_count() -> None:
    assert fingerprint("timeout", None, 15, "epoch a") == fingerprint("timeout", None, 15, "epoch b")
