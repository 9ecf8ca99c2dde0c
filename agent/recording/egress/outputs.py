"""Where an egress puts its files, and how they come from there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from livekit import api

from agent.errors import StudioError
from agent.settings import EgressSettings

if TYPE_CHECKING:
    from obstore.store import S3Config

# The service puts a track's id in by itself where the template has none: before the first dot of the whole path.
_NAME = "{who}-{{track_id}}.ogg"
_FETCH_S = 10.0


class FileMissing(StudioError):
    """A file that an egress has reported is not where it should be."""


class Output(Protocol):
    """One place to write to."""

    def request(self, episode: str, who: str) -> api.DirectFileOutput:
        """For a track egress: a file of its own for each track."""

    def fetched(self, name: str) -> AbstractAsyncContextManager[Path]:
        """The file that a report calls `name`, readable here for as long as the context lasts.

        Raises:
            FileMissing: with the remedy.
        """


def make_output(settings: EgressSettings) -> Output:
    """The one that is set: a bucket, or else a folder.

    Raises:
        ValueError: neither is set.
    """
    if settings.s3_bucket is not None:
        return Bucket(settings)
    if settings.folder is None:
        raise ValueError("egress has neither a folder nor a bucket")
    return SharedFolder(settings.folder, settings.service_folder or settings.folder.as_posix())


class SharedFolder:
    """A folder that the egress service and this machine both see, perhaps by different names."""

    def __init__(self, here: Path, there: str) -> None:
        self._here = here
        self._there = PurePosixPath(there)

    def request(self, episode: str, who: str) -> api.DirectFileOutput:
        name = self._there / episode / _NAME.format(who=who)
        return api.DirectFileOutput(filepath=str(name), disable_manifest=True)

    @asynccontextmanager
    async def fetched(self, name: str) -> AsyncIterator[Path]:
        yield await asyncio.to_thread(self._found, name)

    def _found(self, name: str) -> Path:
        """Only what lies in the folder, wherever the name leads."""
        path = PurePosixPath(name)
        if not path.is_relative_to(self._there) or ".." in path.parts:
            fix = "set STUDIO_RECORDING__EGRESS__SERVICE_FOLDER to the folder as the service sees it"
            raise FileMissing(f"egress wrote {name}, which is not in {self._there}", fix=fix)
        found = self._here / path.relative_to(self._there)
        try:
            with found.open("rb"):
                return found
        except PermissionError as error:
            raise FileMissing(
                f"{found} may not be read", fix="let this user read the egress service's files"
            ) from error
        except OSError as error:
            fix = "set STUDIO_RECORDING__EGRESS__FOLDER to the folder that the egress service writes to"
            raise FileMissing(f"egress wrote {name}, and there is no {found}", fix=fix) from error


class Bucket:
    """S3, or what speaks it."""

    def __init__(self, settings: EgressSettings) -> None:
        assert settings.s3_bucket is not None
        assert settings.s3_access_key is not None
        assert settings.s3_secret is not None
        self._bucket = settings.s3_bucket
        self._region = settings.s3_region
        self._endpoint = settings.s3_endpoint
        self._prefix = PurePosixPath(settings.s3_prefix.strip("/"))
        self._access_key = settings.s3_access_key
        self._secret = settings.s3_secret

    def request(self, episode: str, who: str) -> api.DirectFileOutput:
        name = self._prefix / episode / _NAME.format(who=who)
        upload = api.S3Upload(
            access_key=self._access_key.get_secret_value(),
            secret=self._secret.get_secret_value(),
            region=self._region,
            endpoint=self._endpoint or "",
            bucket=self._bucket,
            force_path_style=self._endpoint is not None,  # MinIO and its like have no host name for each bucket
        )
        return api.DirectFileOutput(filepath=str(name), disable_manifest=True, s3=upload)

    @asynccontextmanager
    async def fetched(self, name: str) -> AsyncIterator[Path]:
        # Imported where it is used: only few studios have a bucket.
        from obstore.exceptions import BaseError

        with TemporaryDirectory(prefix="egress-") as folder:
            path = Path(folder) / "track.ogg"
            try:
                async with asyncio.timeout(_FETCH_S):
                    await self._download(name, path)
            except (BaseError, OSError) as error:  # a TimeoutError is an OSError
                fix = "check the STUDIO_RECORDING__EGRESS__S3 settings; the file may still be in the bucket"
                raise FileMissing(f"{self._bucket}/{name} could not be fetched: {_short(error)}", fix=fix) from error
            yield path

    async def _download(self, name: str, path: Path) -> None:
        from obstore.store import S3Store

        config: S3Config = {
            "access_key_id": self._access_key.get_secret_value(),
            "secret_access_key": self._secret.get_secret_value(),
            "region": self._region,
        }
        if self._endpoint:
            config["endpoint"] = self._endpoint
        # http is only spoken to an endpoint that is set so
        store = S3Store(
            self._bucket, config=config, client_options={"allow_http": True}, retry_config={"max_retries": 2}
        )
        answer = await store.get_async(name)
        with path.open("wb") as file:
            async for chunk in answer.stream():
                await asyncio.to_thread(file.write, chunk)


def _short(error: BaseException) -> str:
    """The first line: what follows are the library's own details."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
