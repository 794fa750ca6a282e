"""``ner-retriever serve``: an index as a web page and an HTTP API."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ner_retriever.cli.engine import Engine, EngineOption
from ner_retriever.cli.extras import needs_web

_CONNECTIONS = 256


def serve(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")],
    host: Annotated[
        str, typer.Option(help="Address to listen at; one that others can reach needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.", min=0, max=65535)] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="NER_RETRIEVER_TOKEN",
            help="What browsers and clients must show; better given in the environment.",
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A further host name to be asked by, such as a proxy's; may come again."),
    ] = None,
    searches: Annotated[int, typer.Option(help="Most searches at once; more get 429.", min=1)] = 4,
    timeout: Annotated[float, typer.Option(help="Seconds a search may take.", min=0.1)] = 30.0,
    max_upload: Annotated[int, typer.Option(help="Longest upload in MiB.", min=1)] = 32,
    engine: EngineOption = Engine.AUTO,
) -> None:
    """Serve an index: a page for people, an API for programs (/api/v1/openapi.json).

    Only this machine can reach it unless --host says otherwise. A token is shown by browsers at
    /login, and by programs as: Authorization: Bearer TOKEN.

    Example: ner-retriever serve articles.index --port 8080
    """
    with needs_web("the server"):
        import uvicorn

        from ner_retriever.web.app import create_app
        from ner_retriever.web.settings import ServerSettings
    settings = ServerSettings(
        host=host,
        port=port,
        token=token,
        names=tuple(name or ()),
        searches=searches,
        seconds=timeout,
        upload_bytes=max_upload << 20,
        engine=engine.value,
    )
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    app = create_app(index, settings)
    with console.status("loading models"):
        app.state.service.warm()
    shown = f"[{host}]" if ":" in host else host
    console.print(f"{index} at http://{shown}:{port} (stop with Ctrl+C)")
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        limit_concurrency=_CONNECTIONS,
    )
