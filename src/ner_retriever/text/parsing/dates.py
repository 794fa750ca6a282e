"""Dates as files write them, as ISO 8601 does."""

import re
from email.utils import parsedate_to_datetime

_OF_PDF = re.compile(
    r"(?:D:)?(?P<year>\d{4})(?P<month>\d\d)?(?P<day>\d\d)?"
    r"(?:(?P<hour>\d\d)(?P<minute>\d\d)?(?P<second>\d\d)?)?"
    r"\s*(?:(?P<zulu>Z)|(?P<sign>[+-])(?P<zone>\d\d)'?(?P<minutes>\d\d)?'?)?"
)


def iso_of_pdf(text: str) -> str:
    """Return a date of PDF metadata (``D:20240131120000+01'00'``); nothing if it is none."""
    match = _OF_PDF.match(text.strip())
    if match is None or not 1 <= int(match["month"] or 1) <= 12:
        return ""
    day = "-".join(filter(None, (match["year"], match["month"], match["day"])))
    if not match["hour"] or not match["day"]:
        return day
    time = f"{match['hour']}:{match['minute'] or '00'}:{match['second'] or '00'}"
    zone = "+00:00" if match["zulu"] else ""
    if match["sign"]:
        zone = f"{match['sign']}{match['zone']}:{match['minutes'] or '00'}"
    return f"{day}T{time}{zone}"


def iso_of_mail(text: str) -> str:
    """Return a date of a mail's header; nothing if it is none."""
    try:
        return parsedate_to_datetime(text).isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""
