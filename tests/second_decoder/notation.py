"""Section 1 of docs/wire.md: the notation that the other sections are written in."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

AGENCY = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
SOURCE = f"urn:simpul:agency:{AGENCY}"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
UUID_V8 = "[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"

SOURCE_PREFIX = "urn:simpul:agency:"


class RefusedError(Exception):
    """A record broke a MUST.

    Attributes:
        code: The code of section 11.
        step: The step of section 10 in which it was refused; 0 while it is not known.
    """

    def __init__(self, code: str, step: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.step = step

    def at(self, step: int) -> Self:
        """Say in which step of section 10 this was.

        Args:
            step: The step's number; a step that is known already stays.

        Returns:
            This error.
        """
        self.step = self.step or step
        return self


def lp(*strings: bytes) -> bytes:
    """Join byte strings, each after its length as a uint32."""
    return b"".join(len(string).to_bytes(4, "big") + string for string in strings)


def opt(string: bytes | None) -> bytes:
    """Give the byte 00 for null, else 01 and lp of the string."""
    return b"\x00" if string is None else b"\x01" + lp(string)


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text has this form; ASCII alone, so no digit of another script passes."""
    return re.fullmatch(pattern, text, re.ASCII) is not None


def read_base64(text: bytes, code: str) -> bytes:
    """Decode canonical base64.

    Args:
        text: What should be base64 with padding.
        code: The code to refuse with.

    Returns:
        The bytes.

    Raises:
        RefusedError: If decoding and encoding again does not give the same text.
    """
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(code) from error
    if base64.b64encode(decoded) != text:
        raise RefusedError(code)
    return decoded


def read_time(text: str, code: str) -> datetime:
    """Read a time in UTC with whole seconds.

    Args:
        text: What should be `YYYY-MM-DDTHH:MM:SSZ`.
        code: The code to refuse with.

    Returns:
        The time.

    Raises:
        RefusedError: If it has not that form or is no time of the calendar.
    """
    if not matches(TIME, text):
        raise RefusedError(code)
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise RefusedError(code) from error


@dataclass(kw_only=True)
class Cursor:
    """Reads a structure of TLS's presentation language (RFC 8446, section 3) from its first byte to its last.

    Attributes:
        rest: The bytes that are not read yet.
        code: The code to refuse with when the bytes do not fit the structure.
    """

    rest: bytes
    code: str

    def opaque(self, length: int) -> bytes:
        """Read `opaque x[length]`.

        Args:
            length: How many bytes.

        Returns:
            These bytes.

        Raises:
            RefusedError: If there are fewer.
        """
        if len(self.rest) < length:
            raise RefusedError(self.code)
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def uint16(self) -> int:
        """Read a big-endian `uint16`."""
        return int.from_bytes(self.opaque(2), "big")

    def vector(self, least: int, most: int) -> bytes:
        """Read `opaque x<least..most>`, the length of which always stands in a uint16.

        Args:
            least: The fewest bytes allowed.
            most: The most bytes allowed.

        Returns:
            The bytes after the length.

        Raises:
            RefusedError: If the length is out of bounds or the bytes end before it.
        """
        length = self.uint16()
        if not least <= length <= most:
            raise RefusedError(self.code)
        return self.opaque(length)

    def end(self) -> None:
        """Say that the structure ends here.

        Raises:
            RefusedError: If its bytes do not.
        """
        if self.rest:
            raise RefusedError(self.code)
