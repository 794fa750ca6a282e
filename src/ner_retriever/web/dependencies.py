"""What routes are given."""

from typing import Annotated

from fastapi import Depends, Request

from ner_retriever.web.service import Service


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(_service)]
