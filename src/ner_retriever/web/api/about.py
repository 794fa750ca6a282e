"""``/info`` and ``/health``."""

from fastapi import APIRouter

from ner_retriever.web.api import records
from ner_retriever.web.dependencies import ServiceOf

router = APIRouter(tags=["about"])


@router.get("/health")
async def health() -> records.Health:
    """Say that the server answers; needs no token."""
    return records.Health()


@router.get("/fields")
def fields(service: ServiceOf) -> list[records.FieldAnswer]:
    """List the documents' fields, which filters and facets know."""
    found = service.fields()
    return [
        records.FieldAnswer(name=name, kind=found.kind(name), documents=found.documents(name))
        for name in found.names
    ]


@router.get("/info")
def info(service: ServiceOf) -> records.IndexAnswer:
    """Say what the index holds and was made with."""
    found = service.info()
    manifest = found.manifest
    return records.IndexAnswer(
        name=service.name,
        documents=found.documents,
        mentions=found.mentions,
        dimensions=found.dimensions,
        bytes=found.bytes,
        version=found.version,
        preset=manifest.preset,
        detector=manifest.settings["detector"],
        created=manifest.created,
        fingerprints=dict(manifest.fingerprints),
    )
