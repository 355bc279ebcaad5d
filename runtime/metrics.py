"""Figures for Prometheus. Those that rows hold are read at each scrape, so that every process gives the same answer.

Only webhook latency lives in processes; with `PROMETHEUS_MULTIPROC_DIR` set, the library shares it between them through files.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from runtime.settings import Settings

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)

_processes = CollectorRegistry()
webhook_seconds = Histogram(
    "lamen_webhook_seconds",
    "Time to answer a provider, by route and status.",
    ("route", "status"),
    buckets=SECONDS,
    registry=_processes,
)


@dataclass(frozen=True)
class Reading:
    """One figure: its name, what it is, and its values by label values."""

    name: str
    what: str
    labels: tuple[str, ...] = ()
    values: dict[tuple[str, ...], float] = field(default_factory=dict)


class _Readings(Collector):
    def __init__(self, readings: Iterable[Reading]) -> None:
        self.readings = readings

    def collect(self) -> Iterable[Metric]:
        for reading in self.readings:
            family = GaugeMetricFamily(reading.name, reading.what, labels=reading.labels)
            for labels, value in reading.values.items():
                family.add_metric(labels, value)
            yield family


def page(readings: Iterable[Reading], settings: Settings) -> bytes:
    """The whole page: `readings`, and the latency of every process that shares its files with this one."""
    registry = CollectorRegistry()
    registry.register(_Readings(readings))
    shared = _processes
    if settings.metrics_dir is not None:
        settings.metrics_dir.mkdir(parents=True, exist_ok=True)
        shared = CollectorRegistry()
        collector: Callable[..., Collector] = MultiProcessCollector  # the library leaves it untyped
        collector(shared, path=str(settings.metrics_dir))
    return generate_latest(registry) + generate_latest(shared)
