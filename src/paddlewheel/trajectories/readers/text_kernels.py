"""Compiled loops over the bytes of text: where lines end, and tables of numbers."""

from __future__ import annotations

import numpy as np
from numba import njit

FEW_COLUMNS, NO_NUMBER, NOT_FINITE = 1, 2, 3
"""What `parse_rows` finds wrong; 0 is nothing."""

_NEWLINE, _SPACE = 10, 32
_MINUS, _PLUS, _DOT, _ZERO, _NINE, _LOWER_E, _UPPER_E = 45, 43, 46, 48, 57, 101, 69
_LARGEST = 10**17
"""Digits are gathered while the integer is below it, so that ten times it and a digit fit 64 bits."""
_POWERS = 10.0 ** np.arange(309)
_HASH_START, _HASH_FACTOR = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


@njit(cache=True, nogil=True, error_model="numpy")
def end_of_lines(data, start, n_lines):
    """Position after the end of the `n_lines`-th line from `start`, or -1 if the data end before it."""
    found = 0
    for position in range(start, data.size):
        if data[position] == _NEWLINE:
            found += 1
            if found == n_lines:
                return position + 1
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def parse_rows(data, slots, text_column, table, hashes):
    """Parse some columns of lines of text.

    Numbers of up to 15 digits are rounded correctly; longer ones may be off by two units in the last place (4e-16 of
    the number).

    Parameters
    ----------
    data
        The bytes, uint8; as many lines as `table` has rows, each with its end.
    slots
        For each column that a line must have: the column of `table` it goes to, or -1.
    text_column
        A column of text to hash (64-bit FNV-1a), or -1.
    table
        Output, `[n_rows, ...]`, float64.
    hashes
        Output, `[n_rows]`, uint64.

    Returns
    -------
    problem, row, position
        0, or what is wrong, with the row and the position in `data`.
    """
    position = 0
    for row in range(table.shape[0]):
        column = 0
        while True:
            while data[position] <= _SPACE and data[position] != _NEWLINE:
                position += 1
            if data[position] == _NEWLINE:
                break
            start = position
            if column >= slots.size:
                while data[position] != _NEWLINE:
                    position += 1
                break
            if column == text_column:
                value = _HASH_START
                while data[position] > _SPACE:
                    value = (value ^ np.uint64(data[position])) * _HASH_FACTOR
                    position += 1
                hashes[row] = value
                position = start
            if slots[column] >= 0:
                number, position = _number(data, position)
                if position < 0:
                    return NO_NUMBER, row, start
                if not np.isfinite(number):
                    return NOT_FINITE, row, start
                table[row, slots[column]] = number
            else:
                while data[position] > _SPACE:
                    position += 1
            column += 1
        if column < slots.size:
            return FEW_COLUMNS, row, position
        position += 1
    return 0, 0, 0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _number(data, position):
    """A decimal number and the position after it, which is -1 if there is none."""
    is_negative = data[position] == _MINUS
    if is_negative or data[position] == _PLUS:
        position += 1
    digits, exponent, n_digits = np.int64(0), 0, 0
    while _ZERO <= data[position] <= _NINE:
        if digits < _LARGEST:
            digits = digits * 10 + np.int64(data[position]) - _ZERO
        else:
            exponent += 1
        n_digits += 1
        position += 1
    if data[position] == _DOT:
        position += 1
        while _ZERO <= data[position] <= _NINE:
            if digits < _LARGEST:
                digits = digits * 10 + np.int64(data[position]) - _ZERO
                exponent -= 1
            n_digits += 1
            position += 1
    if n_digits == 0:
        return 0.0, -1
    if data[position] == _LOWER_E or data[position] == _UPPER_E:
        position += 1
        sign = -1 if data[position] == _MINUS else 1
        if data[position] == _MINUS or data[position] == _PLUS:
            position += 1
        power, n_digits = 0, 0
        while _ZERO <= data[position] <= _NINE:
            power = min(power * 10 + np.int64(data[position]) - _ZERO, 100000)
            n_digits += 1
            position += 1
        if n_digits == 0:
            return 0.0, -1
        exponent += sign * power
    if data[position] > _SPACE:
        return 0.0, -1
    number = float(digits)
    if exponent > 308:
        number = number if digits == 0 else np.inf
    elif exponent >= 0:
        number *= _POWERS[exponent]
    elif exponent >= -308:
        number /= _POWERS[-exponent]
    else:
        number = number / _POWERS[308] / _POWERS[min(308, -exponent - 308)]
    return -number if is_negative else number, position
