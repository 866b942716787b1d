"""The Data Manager's doors: a file goes in, the file of its failed records comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from sandbox.hotwax import data_manager
from sandbox.hotwax.multipart import MultipartError, parts_of
from sandbox.hotwax.refusals import HotWaxRefusalError
from sandbox.http import json_answer, mark_applied

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.hotwax.refusals import Handler
    from sandbox.world import World


class UploadApi:
    """Answers uploads and downloads of import files."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return method, path and handler of each."""
        return [
            ("POST", "/api/uploadAndImportFile", self._upload),
            ("POST", "/api/uploadAndImportfile", self._upload),
            ("GET", "/api/downloadCsvFile", self._download),
        ]

    async def _upload(self, request: Request) -> Response:
        """Take a file; its import comes later, and only the log tells how it went."""
        body = await request.body()
        limit = int(self._world.settings.upload_max_mb * 1_000_000)
        if len(body) > limit:
            raise HotWaxRefusalError(413, f"The upload has more than {limit} bytes")
        try:
            parts = parts_of(request.headers.get("content-type", ""), body)
        except MultipartError as error:
            return _soft(str(error))
        config, file = parts.get("configId"), parts.get("uploadedFile")
        if config is None or file is None or not file.file_name:
            return _soft("configId and uploadedFile (with a file name) are required")
        config_id = config.body.decode(errors="replace").strip()
        if config_id not in self._world.settings.import_configs:
            return _soft(f"DataManagerConfig {config_id} not found")
        content_id = data_manager.accept(self._world, config_id, file.file_name, file.body)
        mark_applied(request.scope)
        return json_answer({"uploadFileContentId": content_id, "filePath": f"runtime/datamanager/{content_id}.csv"})

    async def _download(self, request: Request) -> Response:
        content_id = request.query_params.get("contentId", "")
        found: Any = self._world.database.value("SELECT body FROM content WHERE contentId = ?", (content_id,))
        if found is None:
            return _soft(f"Content {content_id} not found")
        return Response(found, media_type="text/csv")


def _soft(message: str) -> Response:
    return json_answer({"_ERROR_MESSAGE_": message})
