"""What Prometheus reads at /metrics: counts and seconds. Labels are ours (status, origin, route): never a caller's text."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from medmodel.records import Answer

# Seconds: a cached prefix on a GPU answers in 0.3, two busy cores in 30.
BUCKETS = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300)


class Metrics:
    """One registry for each application, so that several can live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter("medmodel_answers", "answers given", ["status", "origin"], registry=self._registry)
        self._seconds = Histogram("medmodel_answer_seconds", "whole answers", buckets=BUCKETS, registry=self._registry)
        self._failures = Counter("medmodel_failures", "calls that failed, by type", ["type"], registry=self._registry)
        self._feedback = Counter("medmodel_feedback", "verdicts stored", ["rating"], registry=self._registry)
        self._chats = Counter("medmodel_chats", "chat completions passed on", registry=self._registry)
        self._running = Gauge("medmodel_running", "answers under way", registry=self._registry)
        self._ready = Gauge("medmodel_engine_ready", "1 when the model writes answers", registry=self._registry)

    def answered(self, answer: Answer, seconds: float) -> None:
        self._answers.labels(answer.status, answer.origin).inc()
        self._seconds.observe(seconds)

    def failed(self, kind: str) -> None:
        self._failures.labels(kind).inc()

    def rated(self, rating: str) -> None:
        self._feedback.labels(rating).inc()

    def chatted(self) -> None:
        self._chats.inc()

    def render(self, running: int, ready: bool) -> bytes:
        self._running.set(running)
        self._ready.set(ready)
        return generate_latest(self._registry)
