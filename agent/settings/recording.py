"""Where shows are recorded, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, Field

from agent.settings.problems import Wrong
from agent.settings.providers import HttpUrl, Key, variable

BackEnd = Literal["local", "egress"]


def _back_ends(value: object) -> object:
    if not isinstance(value, str):
        return value
    chosen = tuple(dict.fromkeys(part.strip().lower() for part in value.split(",") if part.strip()))
    for name in chosen:
        if name not in get_args(BackEnd):
            raise Wrong(f"{name!r} records nothing here", "write RECORDING=local or RECORDING=local,egress")
    if "local" not in chosen:
        raise Wrong("the recording on this machine cannot be left out", "write RECORDING=local,egress")
    return chosen


BackEnds: TypeAlias = Annotated[tuple[BackEnd, ...], BeforeValidator(_back_ends)]


class EgressSettings(BaseModel, frozen=True, extra="forbid"):
    """LiveKit Egress puts its files into a folder that it shares with this machine, or into a bucket."""

    folder: Path | None = Field(
        None, description="the folder that the egress service writes to, as this machine sees it"
    )
    service_folder: str | None = Field(
        None, pattern=r"^/", description="the same folder as the egress service sees it, where that differs"
    )
    s3_bucket: str | None = Field(None, min_length=3, max_length=63, description="a bucket in place of a folder")
    s3_region: str = Field("us-east-1", min_length=1, description="of the bucket")
    s3_endpoint: HttpUrl | None = Field(None, description="an S3-compatible service other than Amazon's")
    s3_access_key: Key | None = Field(None, description="writes and reads the bucket")
    s3_secret: Key | None = Field(None, description="of that key")
    s3_prefix: str = Field("roundtable", pattern=r"^[\w./-]*$", description="what all names in the bucket begin with")
    start_s: float = Field(
        8.0, ge=1, le=60, description="an egress service that has not answered by then counts as missing"
    )
    active_s: float = Field(15.0, ge=1, le=120, description="an egress that is not active by then is told to the host")
    results_s: float = Field(
        12.0, ge=0, le=20, description="what its files get to arrive after a show; the recording here does not wait"
    )


class RecordingSettings(BaseModel, frozen=True, extra="forbid"):
    back_ends: BackEnds = Field(
        ("local",),
        min_length=1,
        description="local, or local,egress: LiveKit Egress records each voice beside this machine",
        json_schema_extra=variable("RECORDING"),
    )
    folder: Path = Field(Path("recordings"), description="where episode folders are made")
    min_free_gb: float = Field(1.0, ge=0, description="no new show with less disk space than this")
    egress: EgressSettings = EgressSettings()

    @property
    def uses_egress(self) -> bool:
        """Whether LiveKit Egress records, too."""
        return "egress" in self.back_ends
