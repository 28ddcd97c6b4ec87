# SPDX-License-Identifier: MIT
"""The control port, host side: frames as kernel/abi/ctl.h describes them.

`Decoder` turns bytes into frames, `pack_*` make them. Nothing here does I/O:
the loops of tools/exo and tools/run_tests.py own the socket.
"""
import struct
from typing import Iterator, List, Mapping, NamedTuple, Sequence

VERSION = 1
MAGIC = 0xE0
MAX_LEN = 65536
WINDOW = 65536

# machine to host
HELLO, STDOUT, STDERR, CREDIT, EXIT, FILE, ERROR, KTAP = range(1, 9)
# host to machine
RUN, STDIN, SIGNAL, GET, OFF, WINSIZE = range(64, 70)

LAYER_PATH = "/proc/self/fd/9/."  # with the boot word exo.layer: GET of it brings all that was changed

_HEADER = struct.Struct("<BBHI")
_U32 = struct.Struct("<I")


class ProtocolError(Exception):
    """The peer does not speak this protocol; the port cannot be used."""


class Frame(NamedTuple):
    kind: int
    data: bytes

    @property
    def u32(self) -> int:
        """The payload of HELLO, CREDIT, EXIT and SIGNAL."""
        if len(self.data) != _U32.size:
            raise ProtocolError(f"frame kind {self.kind} has {len(self.data)} bytes, not 4")
        return _U32.unpack(self.data)[0]


class Decoder:
    """Bytes in, whole frames out; keeps an unfinished frame for the next call.

    `noisy`: what comes before the first frame is passed over, since firmware may
    take the port for a terminal; it speaks ASCII, which MAGIC is not."""

    def __init__(self, noisy: bool = False) -> None:
        self._buf = bytearray()
        self._noisy = noisy

    def feed(self, data: bytes) -> Iterator[Frame]:
        buf = self._buf
        buf += data
        at = 0
        if self._noisy:
            at = buf.find(MAGIC)
            self._noisy = at < 0
            if at < 0:
                buf.clear()
                return
        try:
            while len(buf) - at >= _HEADER.size:
                magic, kind, zero, length = _HEADER.unpack_from(buf, at)
                if magic != MAGIC or zero or length > MAX_LEN:
                    raise ProtocolError(f"bad frame header {bytes(buf[at:at + 8]).hex(' ')}")
                end = at + _HEADER.size + length
                if len(buf) < end:
                    break
                frame = Frame(kind, bytes(buf[at + _HEADER.size:end]))
                at = end
                yield frame
        finally:
            del buf[:at]


def pack(kind: int, data: bytes = b"") -> bytes:
    if len(data) > MAX_LEN:
        raise ValueError(f"frame of {len(data)} bytes; the port takes at most {MAX_LEN}")
    return _HEADER.pack(MAGIC, kind, 0, len(data)) + data


def pack_u32(kind: int, value: int) -> bytes:
    return pack(kind, _U32.pack(value))


def pack_run(argv: Sequence[str], env: Mapping[str, str], cwd: str) -> bytes:
    """A RUN frame. ValueError when it is too long or a string holds a NUL."""
    strings: List[str] = [*argv, *(f"{k}={v}" for k, v in env.items()), cwd]
    # surrogateescape: arguments that are not UTF-8 reach the program unchanged.
    raw = [s.encode("utf-8", "surrogateescape") for s in strings]
    if any(b"\0" in s for s in raw):
        raise ValueError("an argument contains a NUL byte")
    head = struct.pack("<IIII", len(argv), len(env), 0, 0)
    return pack(RUN, head + b"".join(s + b"\0" for s in raw))


def exit_code(wait_status: int) -> int:
    """The shell's view of a wait status: the exit status, or 128 + signal."""
    signal = wait_status & 0x7F
    return 128 + signal if signal else (wait_status >> 8) & 0xFF
