"""libjpeg's messages, which it writes to the error output without the name of a photo, kept from there.

libjpeg writes to file descriptor 2 itself. While photos are decoded that descriptor leads into memory. What
libjpeg wrote there is returned with the photo, and what others wrote goes on to where they wanted it.
"""

import os
import re
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

_STDERR = 2
_OF_LIBJPEG = re.compile(
    rb"(?:Corrupt JPEG data: |Premature end of JPEG|Inconsistent progression|Invalid SOS parameters"
    rb"|Unknown Adobe color|Warning: unknown JFIF|Invalid component ID|Unsupported marker type)[^\n]*\n?"
)
"""jerror.h: the messages of level JWRN, which change nothing but pixels."""


class DecoderMessages:
    """Takes libjpeg's messages off the error output of this process; safe in threads and after forks."""

    def __init__(self) -> None:
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def heed(self, decode: Callable[[], T]) -> tuple[T, Sequence[str]]:
        """Decode a photo, and return libjpeg's messages about it.

        Threads decode at once. Where one of them may have read messages about another's photo, it decodes
        its own once more, alone: few photos are damaged.
        """
        if not hasattr(os, "memfd_create"):  # Linux alone has it
            return decode(), ()
        decoded, said, was_alone = self._listen(decode, alone=False)
        if said and not was_alone:
            decoded, said, _ = self._listen(decode, alone=True)
        return decoded, said

    def _begin(self) -> None:
        self._state = threading.Condition(threading.Lock())
        self._decoding = 0
        self._entered = 0
        self._wants_alone = False
        self._said: list[str] = []
        self._memory: int | None = None
        self._read_to = 0
        self._stderr: int | None = None

    def _forget(self) -> None:
        """Reset in a forked process, whose other threads are gone."""
        if self._stderr is not None:
            os.dup2(self._stderr, _STDERR)
            os.close(self._stderr)
        if self._memory is not None:
            os.close(self._memory)  # else both processes would read what one of them wrote
        self._begin()

    def _listen(self, decode: Callable[[], T], alone: bool) -> tuple[T, list[str], bool]:
        with self._state:
            self._state.wait_for(lambda: not self._wants_alone)
            self._wants_alone = alone  # from here on nobody else begins
            self._state.wait_for(lambda: not (alone and self._decoding))
            if not self._decoding:
                self._said.clear()
                self._redirect()
            self._decoding += 1
            self._entered += 1
            entered, others, heard = self._entered, self._decoding - 1, len(self._said)
        try:
            decoded = decode()
        finally:
            with self._state:
                self._decoding -= 1
                if not self._decoding:
                    self._restore()
                self._drain()
                said, was_alone = self._said[heard:], others == 0 and self._entered == entered
                self._wants_alone = self._wants_alone and not alone
                self._state.notify_all()
        return decoded, said, was_alone

    def _redirect(self) -> None:
        try:
            self._stderr = os.dup(_STDERR)
        except OSError:  # this process has none
            return
        if self._memory is None:
            self._memory = os.memfd_create("binrecon-stderr", os.MFD_CLOEXEC)
        os.dup2(self._memory, _STDERR)

    def _restore(self) -> None:
        if self._stderr is not None:
            os.dup2(self._stderr, _STDERR)

    def _drain(self) -> None:
        """Sort what was written: libjpeg's is kept, the rest goes on."""
        if self._memory is None or self._stderr is None:
            return
        end = os.fstat(self._memory).st_size
        if end > self._read_to:
            written = os.pread(self._memory, end - self._read_to, self._read_to)
            self._read_to = end
            self._said += [line.decode(errors="replace").strip() for line in _OF_LIBJPEG.findall(written)]
            if others := _OF_LIBJPEG.sub(b"", written):
                os.write(self._stderr, others)
        if not self._decoding:
            os.close(self._stderr)
            self._stderr = None
            if end:
                os.ftruncate(self._memory, 0)
                os.lseek(self._memory, 0, os.SEEK_SET)
                self._read_to = 0


MESSAGES = DecoderMessages()
