"""Numbers for people: as many digits as the interval deserves, thin spaces, powers of ten.

Everything here returns plain Unicode text. What is not a number, or is missing, becomes an en dash.
"""

import math
import re
from collections.abc import Sequence

MISSING = "–"
MINUS = "−"
THIN = "\u202f"  # narrow space at which no line breaks
TIMES = f"{THIN}×{THIN}"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALL, _LARGE = 1e-3, 1e5


def measured(estimate: float | None, interval: Sequence[float | None] | None) -> str:
    """An estimate and its interval to two digits of the half-width, such as ``0.976 [0.894, 1.058]``."""
    if estimate is None or not math.isfinite(estimate):
        return MISSING
    if interval is None:
        return number(estimate)
    low, high = interval
    finite = [bound for bound in (low, high) if bound is not None and math.isfinite(bound)]
    if not finite:
        return number(estimate)
    exponent = _exponent(max(abs(value) for value in (estimate, *finite)))
    places = _places(max(abs(bound - estimate) for bound in finite), estimate, exponent)
    centre = _fixed(estimate / 10**exponent, places)
    bounds = f"{_bound(low, exponent, places, '(−∞')}, {_bound(high, exponent, places, '∞)')}"
    text = f"{centre} {'' if bounds.startswith('(') else '['}{bounds}{'' if bounds.endswith(')') else ']'}"
    return text + _power(exponent)


def number(value: float | None, digits: int = 3) -> str:
    """A number to some significant digits; whole numbers and short decimals are left as they are."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    if float(value).is_integer() and abs(value) < 1e15 and (digits >= 15 or abs(value) < _LARGE):
        return count(int(value))
    exponent = _exponent(abs(value))
    scaled = value / 10**exponent
    places = max(0, digits - 1 - math.floor(math.log10(abs(scaled))))
    text = _fixed(scaled, places)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text + _power(exponent) if text != "1" else _power(exponent).removeprefix(TIMES) or text


def with_error(value: float | None, standard_error: float | None) -> str:
    """A value with its standard error in the last two digits, such as ``0.976(32)``."""
    if (
        value is None
        or standard_error is None
        or not math.isfinite(value)
        or not math.isfinite(standard_error)
    ):
        return number(value)
    if standard_error <= 0:
        return number(value, 6)
    exponent = _exponent(max(abs(value), standard_error))
    scaled = standard_error / 10**exponent
    places = max(0, 1 - math.floor(math.log10(scaled)))
    if places > 10:
        return f"{number(value, 6)} ± {number(standard_error, 2)}"
    error = round(scaled * 10**places)
    # An error above one unit keeps its point: 12.3(1.5), not 12.3(15).
    shown = f"{scaled:.{places}f}" if scaled >= 1 and places else str(error)
    return f"{_fixed(value / 10**exponent, places)}({shown}){_power(exponent)}"


def count(value: int | float | None) -> str:
    """A whole number with thin spaces between thousands: ``200 000``."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{round(value):,}".replace(",", THIN) if abs(value) >= 10_000 else str(round(value))
    return text.replace("-", MINUS)


def duration(seconds: float | None) -> str:
    """Seconds, minutes, or hours: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < 9.95:
        return f"{seconds:.1f}{THIN}s"
    whole = round(seconds)
    if whole < 100:
        return f"{whole}{THIN}s"
    if whole < 3600:
        return f"{whole // 60}{THIN}min {whole % 60:02d}{THIN}s"
    return f"{whole // 3600}{THIN}h {whole % 3600 // 60:02d}{THIN}min"


def memory(megabytes: float | None) -> str:
    """Megabytes, or gigabytes from 1000 MB on."""
    if megabytes is None or not math.isfinite(megabytes):
        return MISSING
    return f"{megabytes / 1000:.1f}{THIN}GB" if megabytes >= 1000 else f"{megabytes:.0f}{THIN}MB"


def percent(level: float | None) -> str:
    """A level such as 0.99 as ``99 %``; as many digits as it takes to be told from 100 %."""
    if level is None or not math.isfinite(level):
        return MISSING
    digits = max(0, math.ceil(-math.log10(max(1 - level, 1e-9)) - 2 - 1e-9))
    return f"{100 * level:.{digits}f}{THIN}%"


def typeset(text: str) -> str:
    """A sentence with plain numbers in it, with true minus signs and no final stop: ``[-0.1, 2e-07]``."""
    text = re.sub(r"(\d(?:\.\d+)?)e([+-])0*(\d+)", lambda m: m[1] + _power(int(m[2] + m[3])), text)
    return re.sub(r"(?<![\w.])-(?=\d)", MINUS, text).rstrip(". ")


def _exponent(size: float) -> int:
    """Power of ten taken out of numbers of this size: none while they read well as decimals."""
    if size == 0 or _SMALL <= size < _LARGE:
        return 0
    return math.floor(math.log10(size) + 1e-12)


def _places(half_width: float, estimate: float, exponent: int) -> int:
    """Decimals that show two digits of the half-width, at most ten."""
    size = half_width or abs(estimate) * 1e-3
    if size == 0:
        return 0
    return min(10, max(0, 1 - math.floor(math.log10(size / 10**exponent))))


def _bound(value: float | None, exponent: int, places: int, open_end: str) -> str:
    if value is None or not math.isfinite(value):
        return open_end
    return _fixed(value / 10**exponent, places)


def _fixed(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    whole, _, rest = text.partition(".")
    if len(whole.lstrip("-")) > 4:
        whole = f"{int(whole):,}".replace(",", THIN)
    return (f"{whole}.{rest}" if rest else whole).replace("-", MINUS)


def _power(exponent: int) -> str:
    return f"{TIMES}10{str(exponent).translate(_SUPERSCRIPT)}" if exponent else ""
