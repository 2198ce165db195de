"""The words of a text as 32-bit hashes, and hashes of runs of them: what every comparison between documents is made on.

Two ways to cut, both on the lower-cased text: *words* are runs of letters and digits of any script, but each Chinese
character is a word; *plain* words are `[a-z0-9]+` and single Chinese characters, as the gate's contamination suite cuts
them. For text in English and Chinese the two are the same.

Compiled by numba, since this is all the cost of comparing documents: 60 to 100 MB/s of text a core against 3 MB/s for
`re.findall` and joined strings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from numba import njit

CHINESE = (0x3400, 0x9FFF)
_OTHER, _LETTER, _CHARACTER = 0, 1, 2  # separates words; part of a word; a word by itself
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]


def words(text: str, *, plain: bool = False) -> U32:
    """One hash a word, in order. `text` must be lower case already."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    found: U32 = _words(codes, _classes(plain))
    return found


def runs(hashes: U32, size: int) -> U64:
    """The hash of every `size` words in a row, in order; fewer words are one run; none at all, none."""
    if not len(hashes):
        return np.empty(0, dtype=np.uint64)
    found: U64 = _runs(hashes, min(size, len(hashes)))
    return found


def distinct(hashes: U64) -> U64:
    """Sorted, without repeats: as np.unique, in a seventh of its time for 500 hashes and a fortieth for a million."""
    found: U64 = np.sort(hashes)
    if len(found) > 1:
        new = np.empty(len(found), dtype=np.bool_)
        new[0] = True
        np.not_equal(found[1:], found[:-1], out=new[1:])
        found = found[new]
    return found


class Store:
    """Sorted sets of hashes, one after the other in one array, to compare with many in one call."""

    def __init__(self) -> None:
        self.flat = np.empty(1 << 16, dtype=np.uint64)
        self.ends = np.zeros(1 << 10, dtype=np.int64)  # set i: flat[ends[i]:ends[i + 1]]
        self.count = 0

    def add(self, one: U64) -> int:
        """Returns its place: 0, 1, ..."""
        start = int(self.ends[self.count])
        end = start + len(one)
        if end > len(self.flat):
            self.flat = np.concatenate([self.flat[:start], np.empty(max(len(self.flat), len(one)), dtype=np.uint64)])
        if self.count + 1 == len(self.ends):
            self.ends = np.concatenate([self.ends, np.zeros_like(self.ends)])
        self.flat[start:end] = one
        self.count += 1
        self.ends[self.count] = end
        return self.count - 1

    def first_near(self, one: U64, places: Sequence[int], threshold: float) -> int:
        """The first of `places` whose Jaccard similarity is at least `threshold`; -1 when there is none."""
        if not places:
            return -1
        return int(_first_near(one, self.flat, self.ends, np.array(places, dtype=np.int64), threshold))


def jaccard(one: U64, other: U64) -> float:
    """Of two sorted sets without repeats."""
    return float(_jaccard(one, other)) if len(one) or len(other) else 1.0


def longest_run(found: npt.NDArray[np.bool_]) -> int:
    """How many True stand in a row at most."""
    return int(_longest(found))


@cache
def _classes(plain: bool) -> npt.NDArray[np.uint8]:
    """For every code point: does it separate words, belong to one, or make one by itself?"""
    classes = np.zeros(0x110000, dtype=np.uint8)
    every = "".join(map(chr, range(0x80 if plain else 0x30000)))  # no script in use lies beyond
    for letters in re.finditer(r"[^\W_]+" if plain else r"\w+", every):
        classes[letters.start() : letters.end()] = _LETTER
    classes[CHINESE[0] : CHINESE[1] + 1] = _CHARACTER
    return classes


@njit(cache=True)  # type: ignore[untyped-decorator]
def _words(codes: U32, classes: npt.NDArray[np.uint8]) -> U32:
    found = np.empty(len(codes), dtype=np.uint32)
    count = 0
    value = np.uint64(0)
    inside = False
    for at in range(len(codes) + 1):
        kind = classes[codes[at]] if at < len(codes) else 0
        if kind == 1:
            if not inside:
                inside = True
                value = np.uint64(14695981039346656037)  # FNV-1a, 64 bit
            value = (value ^ np.uint64(codes[at])) * np.uint64(1099511628211)
            continue
        if inside:
            found[count] = np.uint32((value ^ (value >> np.uint64(32))) & np.uint64(0xFFFFFFFF))
            count += 1
            inside = False
        if kind == 2:
            value = (np.uint64(14695981039346656037) ^ np.uint64(codes[at])) * np.uint64(1099511628211)
            found[count] = np.uint32((value ^ (value >> np.uint64(32))) & np.uint64(0xFFFFFFFF))
            count += 1
    return found[:count].copy()


@njit(cache=True)  # type: ignore[untyped-decorator]
def _runs(hashes: U32, size: int) -> U64:
    count = len(hashes) - size + 1
    found = np.empty(count, dtype=np.uint64)
    for at in range(count):
        value = np.uint64(0x9E3779B97F4A7C15)
        for word in range(size):
            value = (value ^ np.uint64(hashes[at + word])) * np.uint64(0xBF58476D1CE4E5B9)
            value ^= value >> np.uint64(29)
        found[at] = value
    return found


@njit(cache=True)  # type: ignore[untyped-decorator]
def _jaccard(one: U64, other: U64) -> float:
    first = second = shared = 0
    while first < len(one) and second < len(other):
        if one[first] == other[second]:
            shared += 1
            first += 1
            second += 1
        elif one[first] < other[second]:
            first += 1
        else:
            second += 1
    return shared / (len(one) + len(other) - shared)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _first_near(one: U64, flat: U64, ends: npt.NDArray[np.int64], places: npt.NDArray[np.int64], threshold: float) -> int:
    for place in places:
        if _are_near(one, flat[ends[place] : ends[place + 1]], threshold):
            return int(place)
    return -1


@njit(cache=True)  # type: ignore[untyped-decorator]
def _are_near(one: U64, other: U64, threshold: float) -> bool:
    """Is the Jaccard similarity at least `threshold`? Given up as soon as too many of either are not in the other."""
    both = len(one) + len(other)
    if both == 0:
        return True
    needed = max(0, int(threshold * both / (1 + threshold)) - 1)  # rounded down and one less: the division below decides
    if needed > min(len(one), len(other)):
        return False  # the sizes alone say so
    first = second = shared = 0
    while first < len(one) and second < len(other):
        if one[first] == other[second]:
            shared += 1
            first += 1
            second += 1
        elif one[first] < other[second]:
            first += 1
            if first - shared > len(one) - needed:
                return False
        else:
            second += 1
            if second - shared > len(other) - needed:
                return False
    return shared / (both - shared) >= threshold


@njit(cache=True)  # type: ignore[untyped-decorator]
def _longest(found: npt.NDArray[np.bool_]) -> int:
    longest = run = 0
    for hit in found:
        run = run + 1 if hit else 0
        longest = max(longest, run)
    return longest
