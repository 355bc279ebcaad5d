"""Every setting of the service, typed, read once at the start.

Each comes from the environment (`LAMEN_` before its name, but for `PORT` and `DATABASE_URL`) or from a file of that name in
`LAMEN_SECRETS_DIR`. docs/settings.md lists them all; a test fails for one that is missing there.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an installation may choose; the defaults run the whole service on one laptop without any account."""

    model_config = SettingsConfigDict(
        env_prefix="LAMEN_",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        secrets_dir=os.environ.get("LAMEN_SECRETS_DIR") or None,
    )

    port: int = Field(8000, validation_alias=AliasChoices("PORT", "port"), ge=1, le=65535)
    database_url: str = Field("sqlite:///var/lamen.db", validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    host: str = "127.0.0.1"
    public_url: str | None = None
    var: Path = Path("var")
    key_file: Path | None = None
    backup_dir: Path | None = None
    backup_key_file: Path | None = None
    backup_minutes: int = Field(5, ge=0)
    journal_file: Path | None = None
    secret_key: str | None = None
    insecure_http: bool = True
    timezone: str = "Africa/Bamako"
    work_engine: Literal["inline", "procrastinate"] = "inline"
    run_clock: bool = True
    log_format: Literal["auto", "json", "text"] = "auto"
    metrics_dir: Path | None = Field(None, validation_alias=AliasChoices("PROMETHEUS_MULTIPROC_DIR", "metrics_dir"))
    trusted_proxies: int = Field(0, ge=0)
    work_threads: int = Field(4, ge=1)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    tick_seconds: float = Field(5.0, gt=0)
    clock_lease_seconds: float = Field(15.0, gt=0)
    message_lease_seconds: float = Field(45.0, gt=0)
    cancel_window_minutes: int = Field(10, ge=0)
    second_approval_above: int = Field(500, ge=1)
    push_windows: str = "08:00-12:00,16:00-20:00"
    friday_pause: str = "12:30-14:30"
    ramadan_windows: str = "09:30-12:00,20:30-22:00"
    sunset_pause_minutes: int = Field(30, ge=0, le=120)
    latitude: float = Field(14.35, ge=-60, le=60)
    longitude: float = Field(-3.61, ge=-180, le=180)
    pushes_per_day: int = Field(1, ge=0)
    pushes_per_week: int = Field(3, ge=0)
    replies_per_day: int = Field(10, ge=0)
    facilitator_replies_per_day: int = Field(40, ge=0)
    number_words: bool = False
    answer_days: int = Field(7, ge=1)
    api_requests_per_minute: int = Field(600, ge=1)
    upload_megabytes: int = Field(5, ge=1)
    sound_megabytes: int = Field(30, ge=1)
    credit_per_text: int = Field(25, ge=0)
    voice_line: Literal["sip", "asterisk"] = "sip"
    voice_port: int = Field(8090, ge=1, le=65535)
    voice_calls: int = Field(50, ge=1, le=500)
    voice_service: str | None = None
    sip_address: str = "127.0.0.1"
    sip_port: int = Field(5060, ge=1, le=65534)
    sip_trunk: str = ""
    sip_rtp_ports: str = Field("20000-20998", pattern=r"^\d{4,5}-\d{4,5}$")
    agi_port: int = Field(4573, ge=1, le=65535)
    ari_url: str = "http://127.0.0.1:8088/ari"
    ari_user: str = "lamen"
    ari_password: str = ""
    ari_endpoint: str = "PJSIP/{number}@trunk"

    @property
    def key_path(self) -> Path:
        """Where the encryption keys lie; created by the first start."""
        return self.key_file or self.var / "keys.json"

    @property
    def backup_path(self) -> Path:
        """The folder of the backups."""
        return self.backup_dir or self.var / "backups"

    @property
    def draft_path(self) -> Path:
        """What is not sealed yet, or no longer, for minutes: never in a folder that people copy elsewhere."""
        return self.var / "drafts"

    @property
    def backup_key_path(self) -> Path:
        """The key that seals them; made with the first."""
        return self.backup_key_file or self.var / "backup.key"

    @property
    def journal_path(self) -> Path:
        """The journal of STOPs and erasures, which no backup holds."""
        return self.journal_file or self.var / "journal"

    @property
    def base_url(self) -> str:
        """The address providers and staff use, without a final slash; never taken from a request's Host."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def environment(**more: str) -> dict[str, str]:
    """What another program is started with: our own environment, and more."""
    return {**os.environ, **more}


def load() -> Settings:
    """Read the settings; pydantic's ValidationError names each wrong one."""
    return Settings()
