"""Child processes that die without a warning: at any moment of the clock, or at any call of the program."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

OURS = f"{os.sep}guanxi{os.sep}"


@dataclass
class Heard:
    """What one process said before it died."""

    process: BaseProcess
    pipe: int
    text: bytes = b""
    lines: list[str] = field(default_factory=list)

    def listen(self, seconds: float) -> bool:
        """Reads what is there; false when nothing came in that time, or never will."""
        if not select.select([self.pipe], [], [], seconds)[0]:
            return False
        data = os.read(self.pipe, 1 << 20)
        *whole, self.text = (self.text + data).split(b"\n")
        self.lines += [line.decode() for line in whole]
        return bool(data)

    def kill(self) -> None:
        """Ends it without a warning and hears out what it had said."""
        os.kill(self.process.pid or 0, signal.SIGKILL)
        self.process.join()
        while self.listen(0):
            pass
        os.close(self.pipe)


def start(run: Callable[..., None], *args: Any) -> Heard:
    """`run(*args, out)` in a process of its own; close all databases of this one before."""
    reading, writing = os.pipe()
    process = multiprocessing.get_context("fork").Process(target=run, args=(*args, writing))
    process.start()
    os.close(writing)
    return Heard(process, reading)


Act = Callable[[str, Path], Callable[[], None]]
"""Opens a workspace by address and folder and gives what is to be done there; only that is killed."""


def calls_of(act: Act, url: str, folder: Path) -> int:
    """How many calls of the program the act takes, in a process that lives to its end."""
    code, calls = _run(act, url, folder, 0)
    assert code == 0, "the act failed by itself"
    return calls


def kill_at(call: int, act: Act, url: str, folder: Path) -> bool:
    """Whether it was killed: false when it had ended before so many calls."""
    code, _ = _run(act, url, folder, call)
    assert code in (0, -signal.SIGKILL), f"the act failed by itself: {code}"
    return code != 0


def _run(act: Act, url: str, folder: Path, last: int) -> tuple[int, int]:
    heard = start(_counted, act, url, folder, last)
    while heard.listen(120):
        pass
    heard.process.join(5)
    assert heard.process.exitcode is not None, "the act does not end"
    os.close(heard.pipe)
    return heard.process.exitcode, int(heard.lines[-1]) if heard.lines else 0


def _counted(act: Act, url: str, folder: Path, last: int, out: int) -> None:
    done = 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal done
        if event in ("call", "return") and OURS in frame.f_code.co_filename:
            done += 1
            if done == last:
                os.kill(os.getpid(), signal.SIGKILL)

    doing = act(url, folder)
    threading.setprofile(count)
    sys.setprofile(count)
    doing()
    sys.setprofile(None)
    os.write(out, f"{done}\n".encode())
