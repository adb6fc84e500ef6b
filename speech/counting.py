"""Numbers as an English voice says them."""

import re

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
THOUSANDS = ((1_000_000_000, "billion"), (1_000_000, "million"), (1000, "thousand"))
MOST = 10**12
FIRST_YEAR, LAST_YEAR = 1100, 1999  # said as two numbers


def in_words(number: str) -> str:
    """The words for digits with commas between thousands and a point before decimals."""
    whole, point, decimals = number.replace(",", "").partition(".")
    digits = re.sub(r"\D", "", decimals)
    words = _whole(whole)
    return f"{words} point {' '.join(ONES[int(d)] for d in digits)}" if point and digits else words


def _whole(digits: str) -> str:
    value = int(digits[:30])
    if value >= MOST or (len(digits) > 1 and digits.startswith("0")):
        return " ".join(ONES[int(digit)] for digit in digits)
    if len(digits) == 4 and FIRST_YEAR <= value <= LAST_YEAR:
        last = value % 100
        return f"{_below(value // 100)} {'hundred' if not last else _year_end(last)}"
    return _below(value)


def _year_end(last: int) -> str:
    return _below(last) if last > 9 else f"o {ONES[last]}"


def _below(value: int) -> str:
    """Of a whole number."""
    for size, name in THOUSANDS:
        if value >= size:
            rest = f" {_below(value % size)}" if value % size else ""
            return f"{_below(value // size)} {name}{rest}"
    if value >= 100:
        rest = f" {_below(value % 100)}" if value % 100 else ""
        return f"{ONES[value // 100]} hundred{rest}"
    if value >= 20:
        return TENS[value // 10] + (f" {ONES[value % 10]}" if value % 10 else "")
    return ONES[value]
