"""The process of the embedded Kafka-protocol server: librdkafka's mock cluster, out of the confluent-kafka wheel.

Run as a script, in a process of its own: `python -P embedded_server.py FOLDER`. It imports nothing of ours. It writes
where it listens into `FOLDER/bootstrap`, then takes the names of topics to create, one a line, from the named pipe
`FOLDER/control`, until it is asked to end. It keeps some megabytes of each topic in memory and nothing anywhere else.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from importlib import metadata
from pathlib import Path

import confluent_kafka.cimpl

_PRODUCER = 0
_ERROR_BYTES = 512
_NAME_BYTES = 4096


def _library() -> ctypes.CDLL:
    """Return the librdkafka that the wheel brought: beside the package on Linux, inside of it on macOS."""
    files = metadata.files("confluent-kafka") or []
    found = [file for file in files if file.name.startswith("librdkafka") and ".so" in file.name + ".so"]
    for file in found:
        try:
            library = ctypes.CDLL(str(file.locate()))
        except OSError:
            continue
        if hasattr(library, "rd_kafka_mock_cluster_new"):
            return library
    # Linked into the extension itself.
    return ctypes.CDLL(confluent_kafka.cimpl.__file__)


def _declare(library: ctypes.CDLL) -> None:
    text, pointer, number = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int
    for name, result, arguments in (
        ("rd_kafka_conf_new", pointer, []),
        ("rd_kafka_conf_set", number, [pointer, text, text, text, ctypes.c_size_t]),
        ("rd_kafka_new", pointer, [number, pointer, text, ctypes.c_size_t]),
        ("rd_kafka_mock_cluster_new", pointer, [pointer, number]),
        ("rd_kafka_mock_cluster_bootstraps", text, [pointer]),
        ("rd_kafka_mock_topic_create", number, [pointer, text, number, number]),
    ):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments


def _serve(folder: Path) -> None:
    library = _library()
    _declare(library)
    complaint = ctypes.create_string_buffer(_ERROR_BYTES)
    settings = library.rd_kafka_conf_new()
    # The handle is only a home for the cluster and connects to nobody: its warning of that is noise.
    library.rd_kafka_conf_set(settings, b"log_level", b"0", complaint, _ERROR_BYTES)
    handle = library.rd_kafka_new(_PRODUCER, settings, complaint, _ERROR_BYTES)
    if not handle:
        sys.exit(complaint.value.decode(errors="replace"))
    cluster = library.rd_kafka_mock_cluster_new(handle, 1)
    if not cluster:
        sys.exit("the mock cluster does not start")
    control = folder / "control"
    control.unlink(missing_ok=True)
    os.mkfifo(control, 0o600)
    # For writing too, so that the pipe never ends when the last writer goes.
    pipe = os.fdopen(os.open(control, os.O_RDWR | os.O_CLOEXEC), "rb", buffering=0)
    threading.Thread(target=_create_topics, args=(library, cluster, pipe), daemon=True).start()
    part = folder / "bootstrap.part"
    part.write_bytes(library.rd_kafka_mock_cluster_bootstraps(cluster))
    part.replace(folder / "bootstrap")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    control.unlink(missing_ok=True)
    (folder / "bootstrap").unlink(missing_ok=True)
    # Nothing is to be saved: the process ends as it is.
    os._exit(0)


def _create_topics(library: ctypes.CDLL, cluster: int, pipe: object) -> None:
    rest = b""
    while True:
        rest += pipe.read(_NAME_BYTES)  # type: ignore[attr-defined]
        *names, rest = rest.split(b"\n")
        for name in names:
            library.rd_kafka_mock_topic_create(cluster, name, 1, 1)


if __name__ == "__main__":
    # Blocked before any thread is there, so that it is this one that waits for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    _serve(Path(sys.argv[1]))
