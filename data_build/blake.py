"""The hashes of a text's n-grams as published lists have them (BLAKE2b, 8 bytes), compiled: some ten million a second.

A list holds nothing but hashes, so each n-gram of a text must be hashed the slow way. Two things keep that cheap: the tokens
are laid out once as bytes, so that an n-gram is a slice; and sixteen slices are hashed at a time, one in each lane of a
vector, since all of them take the same steps (90 ns an n-gram against 450 one by one and 800 through hashlib).

Source: RFC 7693. `tests/test_data_build_protected.py` compares with hashlib.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]
LANES = 16
BLOCK = 128  # bytes that BLAKE2b takes at a time
FILTER = 24  # first bits of a hash that are looked up in a bit map of 2 MB, which a core's cache holds
_PARAMETERS = np.uint64(0x01010008)  # 8 bytes of digest, no key, one leaf


class Tokens(NamedTuple):
    """A text's tokens laid out, each n-gram in one piece: token i is `bytes[starts[i]:ends[i]]`."""

    bytes: npt.NDArray[np.uint8]  # what follows the last token means nothing
    starts: I32
    ends: I32
    lines: I32  # the line that token i stands in
    chinese: I32  # how many of the tokens before token i are Chinese characters; one more than there are tokens


class Grams(NamedTuple):
    """Every n-gram's hash, in order, and the places of those that the bit map does not rule out."""

    tokens: Tokens
    hashes: U64
    likely: npt.NDArray[np.int64]


EVERYTHING = np.full(1 << (FILTER - 3), 255, dtype=np.uint8)  # the bit map that rules nothing out


def grams(text: bytes, size: int, *, characters: bool, bits: npt.NDArray[np.uint8] = EVERYTHING) -> Grams:
    """Tokens `[a-z0-9]+` joined by spaces; or, as `characters`, each of `[a-z0-9\u3400-\u9fff]`. `text`: lower case, in UTF-8."""
    *parts, hashes, likely, longest = _grams(np.frombuffer(text, dtype=np.uint8), characters, size, bits)
    tokens = Tokens(*parts)
    if longest > BLOCK:  # eight words of 16 letters: there is hardly one
        starts, ends = tokens.starts[: len(hashes)], tokens.ends[size - 1 :]
        for at in np.flatnonzero(ends - starts > BLOCK).tolist():
            digest = hashlib.blake2b(tokens.bytes[starts[at] : ends[at]].tobytes(), digest_size=8).digest()
            hashes[at] = int.from_bytes(digest, "little")
        likely = np.arange(len(hashes))
    return Grams(tokens, hashes, likely)


def holds(text: bytes, size: int, *, characters: bool, bits: npt.NDArray[np.uint8], known: U64) -> bool:
    """Is any n-gram among the sorted `known`? Most texts hold none, and nothing need be built for them."""
    return bool(_holds(np.frombuffer(text, dtype=np.uint8), characters, size, bits, known))


def bit_map(hashes: U64) -> npt.NDArray[np.uint8]:
    """Bit i is set when a hash begins with the `FILTER` bits of i."""
    begin = (np.asarray(hashes) >> np.uint64(64 - FILTER)).astype(np.int64)
    bits = np.zeros(1 << FILTER, dtype=np.bool_)
    bits[begin] = True
    return np.packbits(bits, bitorder="little")


@njit(cache=True)  # type: ignore[untyped-decorator]
def _grams(text: Any, characters: bool, size: int, bits: Any) -> Any:
    data, starts, ends, lines, chinese = _tokens(text, characters)
    count = max(0, len(starts) - size + 1)
    hashes = np.empty(count, dtype=np.uint64)
    _hashes(data.view(np.uint64), starts[:count], ends[size - 1 :], hashes)
    likely = np.empty(count, dtype=np.int64)
    found = longest = 0
    for at in range(count):
        longest = max(longest, ends[at + size - 1] - starts[at])
        begin = np.int64(hashes[at] >> np.uint64(64 - FILTER))
        if (bits[begin >> 3] >> (begin & 7)) & 1:
            likely[found] = at
            found += 1
    return data, starts, ends, lines, chinese, hashes, likely[:found], longest


@njit(cache=True)  # type: ignore[untyped-decorator]
def _holds(text: Any, characters: bool, size: int, bits: Any, known: Any) -> Any:
    _1, _2, _3, _4, _5, hashes, likely, longest = _grams(text, characters, size, bits)
    for at in likely:
        place = np.searchsorted(known, hashes[at])
        if place < len(known) and known[place] == hashes[at]:
            return True
    return longest > BLOCK  # not hashed here


@njit(cache=True)  # type: ignore[untyped-decorator]
def _tokens(text: Any, characters: bool) -> Any:
    room = len(text) + 1 if characters else len(text) // 2 + 2
    data = np.empty((2 * len(text) // 8 + 4) * 8, dtype=np.uint8)  # a multiple of 8, with 16 bytes to spare
    starts = np.empty(room, dtype=np.int32)
    ends = np.empty(room, dtype=np.int32)
    lines = np.empty(room, dtype=np.int32)
    chinese = np.zeros(room + 1, dtype=np.int32)
    count = size = line = at = 0
    inside = False
    while at < len(text):
        byte = text[at]
        if (97 <= byte <= 122) or (48 <= byte <= 57):
            if characters or not inside:
                if not characters and count:
                    data[size] = 32
                    size += 1
                starts[count] = size
                lines[count] = line
                chinese[count + 1] = chinese[count]
                count += 1
                inside = True
            data[size] = byte
            size += 1
            ends[count - 1] = size
            at += 1
            continue
        inside = False
        if byte == 10:
            line += 1
        if byte < 0xC0:
            at += 1
        elif byte < 0xE0:
            at += 2
        elif byte < 0xF0:
            code = ((byte & 15) << 12) | ((text[at + 1] & 63) << 6) | (text[at + 2] & 63)
            if characters and 0x3400 <= code <= 0x9FFF:
                starts[count] = size
                lines[count] = line
                data[size : size + 3] = text[at : at + 3]
                size += 3
                ends[count] = size
                chinese[count + 1] = chinese[count] + 1
                count += 1
            at += 3
        else:
            at += 4
    return data, starts[:count], ends[:count], lines[:count], chinese[: count + 1]


_SIGMA = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    dtype=np.int64,
)
_IV = np.array(
    [
        0x6A09E667F3BCC908,
        0xBB67AE8584CAA73B,
        0x3C6EF372FE94F82B,
        0xA54FF53A5F1D36F1,
        0x510E527FADE682D1,
        0x9B05688C2B3E6C1F,
        0x1F83D9ABFB41BD6B,
        0x5BE0CD19137E2179,
    ],
    dtype=np.uint64,
)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _mix(v: Any, m: Any, a: int, b: int, c: int, d: int, x: int, y: int) -> None:
    for lane in range(LANES):
        va = v[a, lane] + v[b, lane] + m[x, lane]
        vd = v[d, lane] ^ va
        vd = (vd >> np.uint64(32)) | (vd << np.uint64(32))
        vc = v[c, lane] + vd
        vb = v[b, lane] ^ vc
        vb = (vb >> np.uint64(24)) | (vb << np.uint64(40))
        va = va + vb + m[y, lane]
        vd = vd ^ va
        vd = (vd >> np.uint64(16)) | (vd << np.uint64(48))
        vc = vc + vd
        vb = vb ^ vc
        v[a, lane] = va
        v[b, lane] = (vb >> np.uint64(63)) | (vb << np.uint64(1))
        v[c, lane] = vc
        v[d, lane] = vd


@njit(cache=True)  # type: ignore[untyped-decorator]
def _hashes(data: Any, starts: Any, ends: Any, out: Any) -> None:
    """Of slices; right for those of at most `BLOCK` bytes. `data` is their bytes, eight to an element, with one to spare."""
    m = np.zeros((16, LANES), dtype=np.uint64)
    v = np.zeros((16, LANES), dtype=np.uint64)
    first = _IV[0] ^ _PARAMETERS
    for start in range(0, len(out), LANES):
        filled = min(LANES, len(out) - start)
        for row in range(8):
            for lane in range(LANES):
                v[row, lane] = _IV[row]
                v[row + 8, lane] = _IV[row]
        for lane in range(filled):
            begin = starts[start + lane]
            length = min(BLOCK, ends[start + lane] - begin)
            for word in range(16):
                left = length - 8 * word
                value = np.uint64(0)
                if left > 0:
                    place = begin + 8 * word
                    shift = np.uint64(8 * (place & 7))
                    value = data[place >> 3] >> shift
                    if shift:
                        value |= data[(place >> 3) + 1] << (np.uint64(64) - shift)
                    if left < 8:
                        value &= (np.uint64(1) << np.uint64(8 * left)) - np.uint64(1)
                m[word, lane] = value
            v[0, lane] = first
            v[12, lane] ^= np.uint64(length)
            v[14, lane] = ~v[14, lane]
        for turn in range(12):
            s = _SIGMA[turn]
            _mix(v, m, 0, 4, 8, 12, s[0], s[1])
            _mix(v, m, 1, 5, 9, 13, s[2], s[3])
            _mix(v, m, 2, 6, 10, 14, s[4], s[5])
            _mix(v, m, 3, 7, 11, 15, s[6], s[7])
            _mix(v, m, 0, 5, 10, 15, s[8], s[9])
            _mix(v, m, 1, 6, 11, 12, s[10], s[11])
            _mix(v, m, 2, 7, 8, 13, s[12], s[13])
            _mix(v, m, 3, 4, 9, 14, s[14], s[15])
        for lane in range(filled):
            out[start + lane] = first ^ v[0, lane] ^ v[8, lane]
