"""How the server listens and what it bears."""

import ipaddress
from dataclasses import dataclass

from ner_retriever.config import EngineName
from ner_retriever.errors import ConfigError

LEAST_TOKEN = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """How the server listens and what it bears.

    Attributes:
        host: the address or name to listen at; one that isn't loopback needs a token.
        port: the port, 0 for any free one.
        token: what a browser or client must show; ``None`` on loopback lets anyone on this machine
            in.
        names: further host names by which the server may be asked, such as a proxy's.
        searches: most searches at once; more are refused with 429.
        seconds: a search that takes longer is given up.
        request_bytes: longest request, uploads apart.
        upload_bytes: longest upload.
        document_characters: longest document of an upload.
        waiting_uploads: most uploads that wait for their turn.
        engine: what runs the backbone.

    Raises:
        ConfigError: a value is out of range, or a host that isn't loopback comes without a token.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    names: tuple[str, ...] = ()
    searches: int = 4
    seconds: float = 30.0
    request_bytes: int = 1 << 20
    upload_bytes: int = 32 << 20
    document_characters: int = 2_000_000
    waiting_uploads: int = 8
    engine: EngineName = "torch"

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ConfigError(f"the port must be in [0, 65535], not {self.port}")
        for name in ("searches", "seconds", "request_bytes", "upload_bytes"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.token is None:
            if not is_loopback(self.host):
                raise ConfigError(
                    f"{self.host} can be reached from other machines, which takes a token: give "
                    f"--token, or NER_RETRIEVER_TOKEN, of {LEAST_TOKEN} characters or more"
                )
        elif len(self.token) < LEAST_TOKEN or not self.token.isascii() or " " in self.token:
            raise ConfigError(
                f"the token must be {LEAST_TOKEN} or more ASCII characters without spaces; "
                "make one with: openssl rand -hex 32"
            )


def is_loopback(host: str) -> bool:
    """Say whether a host to listen at is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
