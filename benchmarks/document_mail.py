"""Makes mails and mailboxes."""

from collections.abc import Sequence
from email.message import EmailMessage

from document_blocks import AUTHOR, TITLE


def mail(
    body: str,
    *,
    subject: str = TITLE,
    html_body: str = "",
    attachments: Sequence[tuple[str, bytes]] = (),
    forwarded: EmailMessage | None = None,
) -> EmailMessage:
    """Make a mail."""
    made = EmailMessage()
    made["Subject"], made["From"] = subject, f"{AUTHOR} <jane@example.org>"
    made["To"] = "Ole <ole@example.org>, Kari Nordmann <kari@example.org>"
    made["Cc"] = "archive@example.org"
    made["Date"] = "Wed, 31 Jan 2024 12:30:00 +0100"
    made["Message-ID"] = "<1@example.org>"
    made.set_content(body, cte="quoted-printable")
    if html_body:
        made.add_alternative(html_body, subtype="html")
    for name, content in attachments:
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    if forwarded is not None:
        made.add_attachment(forwarded)
    return made


def mbox(mails: Sequence[bytes]) -> bytes:
    """Put mails into a mailbox, with the quotes of the kind mboxrd."""
    parts = []
    for content in mails:
        lines = content.splitlines(keepends=True)
        parts.append(b"From jane@example.org Wed Jan 31 12:30:00 2024\n")
        parts += [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
        parts.append(b"\n")
    return b"".join(parts)
