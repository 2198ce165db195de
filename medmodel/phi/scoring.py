"""The inner loops of the name model, compiled by numba: features of a word or window, and the labels they add up to.

Words come as rows of a table of attributes (`names.WordTable`), Chinese text as code points. A feature is a hash of
attributes and of its own number; weights are looked up by it. Training (data_build/phi_names.py) reads the same features.
"""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
from numba import njit

BITS = 18  # 262,144 buckets
ZH_BITS = 18
DICTIONARY_BITS = 23
SURE = 0.7  # log-odds from which on a word that is also an eponym is a person's name
SURE_BORNE = -0.5  # the same of an eponym that many people bear (Todd, Johnson)
FEATURES, IDENTITY = 52, 3  # of a word; the last so many are its spelling, which training mostly hides
ZH_FEATURES, ZH_IDENTITY = 48, 5

# columns of the table of words
SPELLED, SHAPE, LENGTH, END2, END3, END4, BEGIN, LEXICAL, FLAGS, SAID = range(10)
# bits of FLAGS
CANDIDATE, EPONYM, HEAD, TITLE, GIVEN, CUE, STOP, INITIAL, CHINESE, BORNE = (1 << bit for bit in range(10))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _mix(number: int, one: int, two: int, three: int) -> Any:
    """A bucket of three attributes under a feature's number."""
    mixed = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ np.uint64(one)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(29)
    mixed = (mixed ^ np.uint64(two)) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    mixed = (mixed ^ np.uint64(three)) * np.uint64(0xD6E8FEB86659FD93)
    mixed ^= mixed >> np.uint64(32)
    return np.int64(mixed & np.uint64((1 << 18) - 1))


@njit(cache=True)  # type: ignore[untyped-decorator]
def word_features(rows: Any, table: Any, at: int, before: int, out: Any) -> None:
    """Fills `out` with the FEATURES buckets of word `at`; `before`: the label of the word before."""
    count = len(rows)
    w = rows[at]
    b = rows[at - 1] if at else 0
    b2 = rows[at - 2] if at > 1 else 0
    b3 = rows[at - 3] if at > 2 else 0
    o = rows[at + 1] if at + 1 < count else 1
    o2 = rows[at + 2] if at + 2 < count else 1
    o3 = rows[at + 3] if at + 3 < count else 1
    shape, bs, os = table[w, 1], table[b, 1], table[o, 1]
    bs2, os2 = table[b2, 1], table[o2, 1]
    bi, oi, bi2, oi2, bi3 = table[b, 0], table[o, 0], table[b2, 0], table[o2, 0], table[b3, 0]
    lex, blex, olex = table[w, 7], table[b, 7], table[o, 7]
    out[0] = _mix(1, 0, 0, 0)
    out[1] = _mix(2, shape, 0, 0)
    out[2] = _mix(3, table[w, 2], shape, 0)
    out[3] = _mix(4, before, shape, 0)
    out[4] = _mix(5, bi, 0, 0)
    out[5] = _mix(6, oi, 0, 0)
    out[6] = _mix(7, bi2, bi, 0)
    out[7] = _mix(8, oi, oi2, 0)
    out[8] = _mix(9, bi, oi, 0)
    out[9] = _mix(10, bi3, bi2, bi)
    out[10] = _mix(11, table[w, 3], 0, 0)
    out[11] = _mix(12, table[w, 4], 0, 0)
    out[12] = _mix(13, table[w, 6], 0, 0)
    out[13] = _mix(14, before, oi, 0)
    out[14] = _mix(15, before, bi, 0)
    out[15] = _mix(16, shape, bi, 0)
    out[16] = _mix(17, bs, os, 0)
    out[17] = _mix(18, bs2, bs, 0)
    out[18] = _mix(19, os, os2, 0)
    out[19] = _mix(20, bi2, 0, 0)
    out[20] = _mix(21, oi2, 0, 0)
    out[21] = _mix(22, shape * 256 + bs, os, before)
    out[22] = _mix(23, lex, 0, 0)
    out[23] = _mix(24, lex, before, 0)
    out[24] = _mix(25, lex, bi, 0)
    out[25] = _mix(26, lex, oi, 0)
    out[26] = _mix(27, lex * 16 + shape, bs, os)
    out[27] = _mix(28, lex * 16 + olex, shape * 256 + os, before)
    out[28] = _mix(29, table[w, 5], lex, 0)
    out[29] = _mix(30, table[w, 3], lex, shape)
    out[30] = _mix(31, lex * 16 + blex, bs, before)
    out[31] = _mix(32, lex, bs2 * 256 + bs, os)
    out[32] = _mix(33, lex, bs, os2 * 256 + os)
    out[33] = _mix(34, bi3, bi2, 0)
    out[34] = _mix(35, lex, bi2, bi)
    out[35] = _mix(36, lex, oi, oi2)
    out[36] = _mix(37, lex * 4 + before, bi, oi)
    out[37] = _mix(38, oi, oi2, table[o3, 0])
    out[38] = _mix(39, lex * 16 + shape, table[b, 5] if bs == 5 else bs, 0)
    out[39] = _mix(40, lex * 16 + shape, table[o, 5] if os == 5 else os, 0)
    out[40] = _mix(41, bi3, bi, 0)
    out[41] = _mix(42, lex * 16 + shape, table[b2, 8] & 255, table[b, 8] & 255)
    out[42] = _mix(43, before * 16 + lex, bi2, os)
    out[43] = _mix(44, lex * 16 + shape, bs, oi)
    out[44] = _mix(45, lex * 16 + shape, os, bi)
    out[45] = _mix(46, table[w, 2] * 16 + lex, bs, os)
    out[46] = _mix(47, table[w, 8] & 511, before, os)
    out[47] = _mix(48, lex, table[o3, 1] * 65536 + os2 * 256 + os, bs)
    out[48] = _mix(49, lex, bs2 * 65536 + bs * 256 + os, os2)
    out[49] = _mix(50, table[w, 0], 0, 0)
    out[50] = _mix(51, table[w, 0], before, 0)
    out[51] = _mix(52, table[w, 9], 0, 0)


@njit(cache=True)  # type: ignore[untyped-decorator]
def label_words(rows: Any, table: Any, weights: Any, leaning: float) -> Any:
    """Label and probability of each word; only candidates (capital words) are judged."""
    count = len(rows)
    labels = np.zeros(count, dtype=np.uint8)
    scores = np.zeros(count, dtype=np.float32)
    features = np.empty(FEATURES, dtype=np.int64)
    before = 0
    for at in range(count):
        flags = table[rows[at], 8]
        label = 0
        shape = table[rows[at], 1]
        acronym = (shape == 2 or shape == 4) and _is_among_chinese(rows, table, at)
        if flags & 1 and not acronym and (not flags & 128 or before == 1 or _stands_before_a_name(rows, table, at)):
            word_features(rows, table, at, before, features)
            one, two, three = 0.0, leaning, leaning
            for feature in features:
                one += weights[feature, 0]
                two += weights[feature, 1]
                three += weights[feature, 2]
            top = max(one, two, three)
            if two == top or three == top:
                label = 1 if two == top else 2
                if _is_protected(rows, table, at, before, max(two, three) - one - leaning):
                    label = 0
                else:
                    labels[at] = label
                    scores[at] = 1.0 / (exp(one - top) + exp(two - top) + exp(three - top))
        if not label and flags & 64 and before == 1 and at and table[rows[at - 1], 8] & 128:
            continue  # J. Smith: what was decided of the initial still stands
        before = label
    return labels, scores


@njit(cache=True)  # type: ignore[untyped-decorator]
def _is_among_chinese(rows: Any, table: Any, at: int) -> Any:
    """MRI检查, HBx蛋白: words of several capitals beside Chinese characters are no name."""
    back = table[rows[at - 1], 8] if at else 0
    on = table[rows[at + 1], 8] if at + 1 < len(rows) else 0
    return bool((back | on) & 256)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _stands_before_a_name(rows: Any, table: Any, at: int) -> Any:
    """Whether a single letter may be an initial: a stop or a longer capital word follows, and no slash stands before (mmol/L)."""
    if at and table[rows[at - 1], 1] == 20 + 47:
        return False
    on = table[rows[at + 1], 8] if at + 1 < len(rows) else 0
    on2 = table[rows[at + 2], 8] if at + 2 < len(rows) else 0
    return (on & 1 and not on & 128) or (on & 64 and on2 & 1)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _is_protected(rows: Any, table: Any, at: int, before: int, odds: float) -> Any:
    """An eponym is a disease, unless a name, a title or a cue stands before it, or all but its spelling says that it is a person."""
    flags = table[rows[at], 8]
    on = table[rows[at + 1], 8] if at + 1 < len(rows) else 0
    if on & 4 and (flags & 2 or before != 1):
        return True
    if not flags & 2 or before == 1 or on & 16 or odds > (SURE_BORNE if flags & 512 else SURE):
        return False
    back = table[rows[at - 1], 8] if at else 0
    back2 = table[rows[at - 2], 8] if at > 1 else 0
    return not (back & 8 or back & 16 or (back & 64 and back2 & 8) or back2 & 32)


@njit(cache=True)  # type: ignore[untyped-decorator]
def run_hash(codes: Any, start: int, end: int) -> Any:
    """A place in the dictionary for these characters."""
    mixed = np.uint64(1469598103934665603)
    for at in range(max(0, start), min(end, len(codes))):
        mixed = (mixed ^ np.uint64(codes[at])) * np.uint64(1099511628211)
    mixed ^= mixed >> np.uint64(29)
    return np.int64(mixed & np.uint64((1 << DICTIONARY_BITS) - 1))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _in_dictionary(codes: Any, start: int, end: int, dictionary: Any) -> Any:
    if start < 0 or end > len(codes):
        return 0
    return np.int64(dictionary[run_hash(codes, start, end)])


@njit(cache=True)  # type: ignore[untyped-decorator]
def _kind(code: int) -> Any:
    if 0x4E00 <= code <= 0x9FFF:
        return 1
    return 2 if 48 <= code <= 57 else 3 if 65 <= code <= 122 else code


@njit(cache=True)  # type: ignore[untyped-decorator]
def window_features(codes: Any, start: int, end: int, dictionary: Any, given: Any, out: Any) -> None:
    """Fills `out` with the ZH_FEATURES buckets of the characters start..end."""
    count = len(codes)
    b = np.int64(codes[start - 1]) if start else 1
    b2 = np.int64(codes[start - 2]) if start > 1 else 1
    b3 = np.int64(codes[start - 3]) if start > 2 else 1
    b4 = np.int64(codes[start - 4]) if start > 3 else 1
    o = np.int64(codes[end]) if end < count else 2
    o2 = np.int64(codes[end + 1]) if end + 1 < count else 2
    o3 = np.int64(codes[end + 2]) if end + 2 < count else 2
    size = end - start
    first, last = np.int64(codes[start]), np.int64(codes[end - 1])
    kinds = _kind(b) * 70000 + _kind(o)
    inside = _in_dictionary(codes, start, start + 2, dictionary) + 2 * _in_dictionary(codes, start, start + 3, dictionary)
    inside += 4 * _in_dictionary(codes, start, start + 4, dictionary)
    tail = _in_dictionary(codes, start + 1, end, dictionary) if size == 3 else 2
    across = _in_dictionary(codes, start - 1, start + 1, dictionary) + 2 * _in_dictionary(codes, end - 1, end + 1, dictionary)
    across += 4 * _in_dictionary(codes, end - 1, end + 2, dictionary) + 8 * _in_dictionary(
        codes, start - 2, start + 1, dictionary
    )
    around = _in_dictionary(codes, start - 2, start, dictionary) + 2 * _in_dictionary(codes, end, end + 2, dictionary)
    around += 4 * _in_dictionary(codes, start - 3, start, dictionary) + 8 * _in_dictionary(codes, end, end + 3, dictionary)
    odds = np.int64(0)
    for at in range(start + 1, end):
        code = np.int64(codes[at]) - 0x4E00
        odds = odds * 16 + (np.int64(given[code]) if 0 <= code < len(given) else 0)
    low = odds if odds < 16 else min(odds // 16, odds % 16)
    next_odds = np.int64(given[o - 0x4E00]) if 0 <= o - 0x4E00 < len(given) else 0
    words = inside * 1024 + across * 32 + around
    out[0] = _mix(101, size, 0, 0)
    out[1] = _mix(102, b, 0, 0)
    out[2] = _mix(103, b2, b, 0)
    out[3] = _mix(104, b3, b2, b)
    out[4] = _mix(105, o, 0, 0)
    out[5] = _mix(106, o, o2, 0)
    out[6] = _mix(107, o, o2, o3)
    out[7] = _mix(108, b, o, 0)
    out[8] = _mix(109, first, 0, 0)
    out[9] = _mix(110, last, 0, 0)
    out[10] = _mix(111, size, o, 0)
    out[11] = _mix(112, size, b, 0)
    out[12] = _mix(113, size, b2, b)
    out[13] = _mix(114, kinds, size, 0)
    out[14] = _mix(115, last, o, 0)
    out[15] = _mix(116, b, first, 0)
    out[16] = _mix(117, inside, 0, 0)
    out[17] = _mix(118, inside, size, 0)
    out[18] = _mix(119, across, size, 0)
    out[19] = _mix(120, across * 16 + around, size, 0)
    out[20] = _mix(121, inside * 16 + across, size, 0)
    out[21] = _mix(122, words, size, 0)
    out[22] = _mix(123, odds, size, 0)
    out[23] = _mix(124, low, size, 0)
    out[24] = _mix(125, low, words, size)
    out[25] = _mix(126, low, kinds, size)
    out[26] = _mix(127, low, b, size)
    out[27] = _mix(128, low, o, size)
    out[28] = _mix(129, low * 16 + next_odds, across, size)
    out[29] = _mix(130, low, b2, b)
    out[30] = _mix(131, low, o, o2)
    out[31] = _mix(132, around, kinds, size)
    out[32] = _mix(133, low * 16 + inside, kinds, around)
    out[33] = _mix(134, next_odds, size, _kind(o))
    out[34] = _mix(135, tail, size, low)
    out[35] = _mix(136, _kind(b2) * 70000 + _kind(b), _kind(o) * 70000 + _kind(o2), size)
    out[36] = _mix(137, b4, b3, 0)
    out[37] = _mix(138, first, low, size)
    out[38] = _mix(139, first, across, around)
    out[39] = _mix(140, inside * 16 + around, low, kinds)
    out[40] = _mix(141, o2, o3, 0)
    out[41] = _mix(142, b3, b2, 0)
    out[42] = _mix(143, first, b, o)
    out[43] = _mix(144, first, np.int64(codes[start + 1]), 0)
    out[44] = _mix(145, first, np.int64(codes[start + 1]), last + size)
    out[45] = _mix(146, last, size, 0)
    out[46] = _mix(147, np.int64(codes[start + 1]), 0, 0)
    out[47] = _mix(148, np.int64(codes[start + 1]), last, size)


@njit(cache=True)  # type: ignore[untyped-decorator]
def windows(codes: Any, surnames: Any, compound: Any) -> Any:
    """Start and end of every window: a surname and one or two characters of a given name."""
    starts = np.empty(2 * len(codes), dtype=np.int32)
    ends = np.empty(2 * len(codes), dtype=np.int32)
    found = 0
    for start in range(len(codes) - 1):
        code = np.int64(codes[start]) - 0x4E00
        if code < 0 or code >= len(surnames) or not surnames[code]:
            continue
        first = start + 1 if surnames[code] & 1 else 0
        if surnames[code] & 2:
            pair = (np.int64(codes[start]) << 32) + np.int64(codes[start + 1])
            for one in compound:
                if one == pair:
                    first = start + 2
        if not first:
            continue
        for end in range(first + 1, min(first + 3, len(codes) + 1)):
            if not 0x4E00 <= codes[end - 1] <= 0x9FFF:
                break
            starts[found], ends[found] = start, end
            found += 1
    return starts[:found], ends[:found]


@njit(cache=True)  # type: ignore[untyped-decorator]
def label_windows(codes: Any, surnames: Any, compound: Any, dictionary: Any, given: Any, weights: Any, leaning: float) -> Any:
    """Of all choices of windows that do not overlap, the one whose log-odds add up to most."""
    starts, ends = windows(codes, surnames, compound)
    count = len(starts)
    features = np.empty(ZH_FEATURES, dtype=np.int64)
    odds = np.empty(count, dtype=np.float64)
    best = np.zeros(len(codes) + 1, dtype=np.float64)
    chosen = np.full(len(codes) + 1, -1, dtype=np.int64)  # the window that ends here
    at = 0
    for place in range(len(codes) + 1):
        if place and best[place - 1] >= best[place]:
            best[place] = best[place - 1]
            chosen[place] = -1
        while at < count and starts[at] == place:
            window_features(codes, place, ends[at], dictionary, given, features)
            total = leaning
            for feature in features:
                total += weights[feature]
            odds[at] = total
            if total > 0 and best[place] + total > best[ends[at]]:
                best[ends[at]] = best[place] + total
                chosen[ends[at]] = at
            at += 1
    found = 0
    picked = np.empty(count, dtype=np.int64)
    place = len(codes)
    while place > 0:
        if chosen[place] >= 0:
            picked[found] = chosen[place]
            found += 1
            place = starts[chosen[place]]
        else:
            place -= 1
    picked = picked[:found][::-1]
    scores = np.empty(found, dtype=np.float32)
    for number in range(found):
        scores[number] = 1.0 / (1.0 + exp(-odds[picked[number]]))
    return starts[picked], ends[picked], scores
