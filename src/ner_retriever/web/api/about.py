"""``/info`` and ``/health``."""

from fastapi import APIRouter

from ner_retriever.web.api import models
from ner_retriever.web.dependencies import ServiceOf

router = APIRouter(tags=["about"])


@router.get("/health")
async def health() -> models.Health:
    """Say that the server answers; needs no token."""
    return models.Health()


@router.get("/info")
def info(service: ServiceOf) -> models.IndexAnswer:
    """Say what the index holds and was made with."""
    found = service.info()
    manifest = found.manifest
    return models.IndexAnswer(
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
