"""Files that are ZIP archives, read with bounds on what they may unpack to."""

import io
import zipfile
import zlib

from ner_retriever.text.parsing.outcome import Unparsable, damaged, encrypted, too_large

MOST_MEMBERS = 20_000
LARGEST_MEMBER = 256 << 20
LARGEST_IN_ALL = 1 << 30
# Text and XML shrink to a hundredth at times, bombs to a thousandth; small files may do anything.
_LARGEST_RATIO = 200
_NO_BOMB = 32 << 20
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED_OLE = "EncryptedPackage".encode("utf-16-le")
_IS_ENCRYPTED = 0x1
_CHUNK_BYTES = 1 << 20


class Archive:
    """The members of a ZIP archive that was looked through before anything is unpacked.

    Args:
        content: the archive.
        kind: what it should be, for messages.

    Raises:
        Unparsable: it is none, is encrypted, or would unpack to more than is read.
    """

    def __init__(self, content: bytes, kind: str) -> None:
        self._kind = kind
        if content.startswith(_OLE):
            if _ENCRYPTED_OLE in content:
                raise encrypted()
            raise damaged(kind, "an old binary Office file; save it in the new format")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise damaged(kind, error) from error
        members = self._zip.infolist()
        if len(members) > MOST_MEMBERS:
            raise too_large(f"holds {len(members):,} files; {MOST_MEMBERS:,} are read")
        if any(member.flag_bits & _IS_ENCRYPTED for member in members):
            raise encrypted()
        total = sum(member.file_size for member in members)
        largest = max((member.file_size for member in members), default=0)
        ratio = total / max(len(content), 1)
        if (
            total > LARGEST_IN_ALL
            or largest > LARGEST_MEMBER
            or (total > _NO_BOMB and ratio > _LARGEST_RATIO)
        ):
            raise too_large(f"would unpack to {total:,} bytes from {len(content):,}")
        self._left = LARGEST_IN_ALL

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def read(self, name: str) -> bytes:
        """Unpack a member.

        Raises:
            Unparsable: there is none of that name, it is broken, or larger than its directory says.
        """
        found = io.BytesIO()
        try:
            with self._zip.open(name) as member:
                while chunk := member.read(_CHUNK_BYTES):
                    self._left -= found.write(chunk)
                    if found.tell() > LARGEST_MEMBER or self._left < 0:
                        raise too_large(f"its part {name!r} unpacks to more than is read")
        except Unparsable:
            raise
        except (
            zipfile.BadZipFile,
            zlib.error,
            KeyError,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise damaged(self._kind, error) from error
        return found.getvalue()

    def find(self, name: str) -> bytes | None:
        """Unpack a member; ``None`` where there is none of that name.

        Raises:
            Unparsable: as :meth:`read`.
        """
        return self.read(name) if name in self else None
