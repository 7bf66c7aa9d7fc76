"""Broken files of every kind that hexcoder reads, and whether each ends as bad input should.

    python -m tests.fuzz --count 10000

Each case breaks a good file a little and runs the command, or the reader, that takes it: exit
status 0 or 2 and, with 2, one printable line of at most 500 characters on standard error; at most
10 s and 2 GiB. A case is made from its number, so that one that fails can be run again alone:
``--only NUMBER``.
"""

import argparse
import io
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests import fuzz_models

ROOT = Path(__file__).resolve().parents[1]
MOST_SECONDS = 10
MOST_BYTES = 2 << 30
NETWORK = {
    "format": "hexcoder-network", "version": 1, "name": "small",
    "input": {"shape": [4, 4, 3], "type": "UQ(1,3)"},
    "layers": [
        {"kind": "conv2d", "name": "conv", "weights": [[[[1, -2]] * 3]], "weight_type": "SQ(2,1)",
         "stride": [2, 2], "padding": "same", "activation": "relu", "output_type": "UQ(2,2)",
         "biases": [1, -1], "bias_type": "SQ(2,1)", "product_type": "SQ(4,3)"},
        {"kind": "flatten"},
        {"kind": "dense", "name": "latent", "weights": [[1, 0, -1, 2, 0, 0, 1, 1]] * 2,
         "weight_type": "SQ(3,0)", "output_type": "UQ(4,1)", "rounding": "round_half_up"},
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    good : callable
        From a random source to the bytes of a good file.
    run : callable
        From the folder of good files and the broken file to what takes it.
    text : bool
        Whether the file is text, which is broken by words and marks too.
    """

    name: str
    good: Callable[[random.Random], bytes]
    run: Callable[[Path, Path], object]
    text: bool = True


MARKS = (
    "", "0", "-1", "1e999", "NaN", "true", "null", '"1"', "[]", "{}", "[[]]", "9" * 5000, "1.5",
    "\x00", "\n", "\x1b[31m", "é", "\U0001f600",
    "[exec touch /tmp/x]", "$(touch /tmp/x)", "; rm -rf x", "'", '"', "\\", "{", "}", "a" * 5000,
    "1000000000", "UQ(1,100000000)", "../../x", "&a", "*a", "!!timestamp x", "<<: *a", "#", ",",
    ";",
)  # fmt: skip


def mutated(content: bytes, random_: random.Random, *, text: bool) -> bytes:
    """The file with one to three things changed in it."""
    data = bytearray(content)
    for _ in range(random_.randint(1, 3)):
        at, length = random_.randrange(len(data) + 1), random_.choice([0, 1, 2, 5, 20, 200])
        way = random_.randrange(6 if text else 4)
        if way == 0:
            data[at : at + length] = b""
        elif way == 1:
            data[at : at + length] = random_.randbytes(length)
        elif way == 2:
            data[at:at] = data[at : at + length] * random_.choice([1, 2, 100])
        elif way == 3:
            del data[at : len(data) if random_.random() < 0.2 else at + 1]
        elif way == 4:
            data[at : at + length] = random_.choice(MARKS).encode("utf-8", "replace")
        else:
            # A whole value, between two marks of the format.
            ends = [k for k in range(at, min(at + 300, len(data))) if chr(data[k]) in ",:=]};\n"]
            if len(ends) > 1:
                data[ends[0] + 1 : ends[1]] = random_.choice(MARKS).encode("utf-8", "replace")
    return bytes(data)


def _command(*words: object) -> object:
    from hexcoder.cli import COMMANDS
    from hexcoder.console import run_room

    return run_room("hexcoder", "", "", COMMANDS, [str(word) for word in words])


def _bytes_of(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def _events(random_: random.Random) -> np.ndarray:
    return np.random.default_rng(random_.randrange(1 << 30)).integers(0, 900, (6, 48))


def _csv(random_: random.Random) -> bytes:
    names = ",".join(f"CALQ_{cell}" for cell in range(48))
    rows = "\n".join(",".join(map(str, row)) for row in _events(random_).tolist())
    return (rows if random_.random() < 0.5 else f"{names}\n{rows}\n").encode()


def _packed(random_: random.Random) -> bytes:
    import gzip

    return gzip.compress(_csv(random_))


def _parquet(random_: random.Random) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet

    table = pa.table({f"CALQ_{cell}": column for cell, column in enumerate(_events(random_).T)})
    return _bytes_of(lambda file: pa.parquet.write_table(table, file))


def _hdf5(random_: random.Random) -> bytes:
    import h5py

    def write(file: io.BytesIO) -> None:
        with h5py.File(file, "w") as target:
            target["CALQ"] = _events(random_)

    return _bytes_of(write)


def _root(random_: random.Random) -> bytes:
    import uproot

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.root"
        with uproot.recreate(path) as target:
            target.mktree("events", {"CALQ": (np.dtype("i8"), (48,))})
            target["events"].extend({"CALQ": _events(random_)})
        return path.read_bytes()


def _read_events(good: Path, file: Path) -> object:
    from hexcoder.sensor.events import load_events

    return load_events(file)


def _decoder(random_: random.Random) -> bytes:
    from hexcoder.fixed_point import FixedPoint
    from hexcoder.models.decoder import Decoder, save_decoder

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decoder.safetensors"
        save_decoder(Decoder(2, FixedPoint.parse("UQ(4,1)"), (8, 6), ("sum",)), path)
        return path.read_bytes()


def _read_decoder(good: Path, file: Path) -> object:
    from hexcoder.models.decoder import load_decoder

    return load_decoder(file)


def _link_words(random_: random.Random) -> bytes:
    rows = [",".join(f"{random_.getrandbits(32):08x}" for _ in range(12)) for _ in range(6)]
    return ("\n".join([",".join(f"RX_{k}" for k in range(12)), *rows]) + "\n").encode()


def _read_link_words(good: Path, file: Path) -> object:
    from hexcoder.sensor.chip.link_words import read_link_words

    return read_link_words(file, 12)


def _chip(random_: random.Random) -> bytes:
    lines = ["ConfigAlgo:", "  Global: {alg_high_density: 1}", "Cal:"]
    lines += [f"  {k}: 2048" for k in range(48)] + ["Mux:", *[f"  {k}: {k}" for k in range(48)]]
    lines.append("Encoder:")
    for register in range(12):
        lines.append(f"  {register}:")
        lines += [f"    weights_byte{byte}: {register + byte}" for byte in range(0, 144, 16)]
    lines += ["FormatterBuffer:", "  Global:", "    active_etxs: 0x1f"]
    lines.append("    keep_auto_encoder_bits: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF")
    return "\n".join(lines).encode()


def _read_chip(good: Path, file: Path) -> object:
    from hexcoder.sensor.chip.configuration import read_configuration

    return read_configuration(file)


def _liberty(random_: random.Random) -> bytes:
    """A few cells of the default library."""
    text = _library_text()
    cells = text.split("\n  cell (")
    chosen = [cell for cell in cells[1:] if cell.split(")")[0] in _CELLS]
    return "\n  cell (".join([cells[0], *chosen, "LAST) {\n  }\n}\n"]).encode()


_CELLS = ("FA_X1", "INV_X1", "NAND2_X1", "XOR2_X1", "DFF_X1", "AND2_X1", "BUF_X1")


def _library_text() -> str:
    from hexcoder.pdk.description import load_pdk

    return load_pdk("nangate45").liberty.read_text(encoding="utf-8")


def _read_liberty(good: Path, file: Path) -> object:
    from hexcoder.netlist.cell_models import cell_models
    from hexcoder.netlist.liberty import read_liberty

    return cell_models(read_liberty(file))


def _read_tables(good: Path, file: Path) -> object:
    from hexcoder.netlist.cell_tables import read_tables

    return read_tables(file)


def _pdk(random_: random.Random) -> bytes:
    return (ROOT / "pdk" / "nangate45.toml").read_bytes()


def _read_pdk(good: Path, file: Path) -> object:
    from hexcoder.pdk.description import load_pdk
    from hexcoder.pdk.technology import technology_of

    named = file.with_suffix(".toml")
    shutil.copy(file, named)
    load_pdk(str(named))
    return technology_of(str(named))


def _config(random_: random.Random) -> bytes:
    name = random_.choice(["tiny", "search_tiny", "econ_t"])
    return (ROOT / "configs" / f"{name}.toml").read_bytes()


def _read_config(good: Path, file: Path) -> object:
    from hexcoder.config import load_config

    return load_config(file)


def _network(random_: random.Random) -> bytes:
    return json.dumps(NETWORK, indent=random_.choice([None, 1])).encode()


def _compile(good: Path, file: Path) -> object:
    return _command("rtl", file, "-o", file.parent / "rtl")


def _codec(random_: random.Random) -> bytes:
    from tests.codecs import random_codec

    codec = random_codec(random_.randrange(8))
    return json.dumps(codec.model_dump(mode="json"), indent=random_.choice([None, 1])).encode()


def _code_events(good: Path, file: Path) -> object:
    from hexcoder.sensor.codec.golden import decode, encode_frames
    from hexcoder.sensor.encoders import load_codec

    codec = load_codec(file)
    return decode(codec, encode_frames(codec, np.arange(96).reshape(2, 48) ** 3))


def _classical(random_: random.Random) -> bytes:
    kinds = [
        {"method": "best_choice", "kept": 13},
        {"method": "threshold", "kept": 4, "threshold_adc": 47},
        {"method": "super_trigger_cells"},
    ]
    value = {"format": "hexcoder-classical", "version": 1, "name": "x", **random_.choice(kinds)}
    return json.dumps(value, indent=random_.choice([None, 1])).encode()


def _classical_events(good: Path, file: Path) -> object:
    from hexcoder.sensor.classical.method import Classical
    from hexcoder.sensor.encoders import frames_of, load_encoder, plain_fractions

    method = load_encoder(file)
    if not isinstance(method, Classical):
        return method
    return plain_fractions(method, frames_of(method, np.arange(96).reshape(2, 48) ** 3))


def _cached(stage: str) -> Callable[[random.Random], bytes]:
    def good(random_: random.Random) -> bytes:
        from tests.report import results as given

        value = getattr(given, stage)()
        return json.dumps(value).encode()

    return good


def _report(stage: str) -> Callable[[Path, Path], object]:
    def run(good: Path, file: Path) -> object:
        from tests.report import results as given

        build = file.parent / "build"
        shutil.rmtree(build, ignore_errors=True)
        build.mkdir()
        given.write_all(build)
        for name in ("train", "rtl", "sim", "asic"):
            given.record(build, name, {})
        shutil.copy(file, build / stage / "metrics.json")
        return _command("report", "--config", "tiny", "--build", build)

    return run


def _records(random_: random.Random) -> bytes:
    return json.dumps({"format": 1, "failures": [], "steps": {}, "running": None}).encode()


def _resume(good: Path, file: Path) -> object:
    """A stage goes on in a folder whose records anything may have happened to."""
    build = file.parent / "build"
    shutil.rmtree(build, ignore_errors=True)
    shutil.copytree(good / "build", build)
    target = random.Random(file.stat().st_size).choice(["steps.json", "metrics.json"])
    shutil.copy(file, build / "rtl" / target)
    return _command("rtl", "--config", "tiny", "--build", build)


KINDS = (
    Kind("network", _network, _compile),
    Kind("codec", _codec, _code_events),
    Kind("classical", _classical, _classical_events),
    Kind("config", _config, _read_config),
    Kind("csv", _csv, _read_events),
    Kind("packed csv", _packed, _read_events, text=False),
    Kind("npy", lambda r: _bytes_of(lambda f: np.save(f, _events(r))), _read_events, text=False),
    Kind("npz", lambda r: _bytes_of(lambda f: np.savez(f, CALQ=_events(r))), _read_events, False),
    Kind("parquet", _parquet, _read_events, text=False),
    Kind("hdf5", _hdf5, _read_events, text=False),
    Kind("root", _root, _read_events, text=False),
    Kind("decoder", _decoder, _read_decoder, text=False),
    Kind("link words", _link_words, _read_link_words),
    Kind("chip yaml", _chip, _read_chip),
    Kind("liberty", _liberty, _read_liberty),
    Kind("liberty tables", _liberty, _read_tables),
    Kind("pdk", _pdk, _read_pdk),
    *(Kind(f"cached {s}", _cached(s), _report(s)) for s in ("train", "rtl", "sim", "asic")),
    Kind("records", _records, _resume),
    Kind("graph", fuzz_models.graph, fuzz_models.read_graph),
    Kind("onnx", fuzz_models.onnx, fuzz_models.importer(".onnx"), text=False),
    Kind("keras", fuzz_models.keras, fuzz_models.importer(".keras"), text=False),
    Kind("keras config", fuzz_models.keras_config, fuzz_models.read_keras_config),
    Kind("conifer", fuzz_models.conifer, fuzz_models.importer(".json")),
    Kind("xgboost", fuzz_models.xgboost, fuzz_models.importer(".json")),
    Kind("lightgbm", fuzz_models.lightgbm, fuzz_models.importer(".txt")),
    Kind("tree ensemble", fuzz_models.ensemble, fuzz_models.importer(".onnx")),
    Kind("alir", fuzz_models.alir, fuzz_models.importer(".json")),
    Kind("QuantizeLinear", fuzz_models.quantize_linear, fuzz_models.importer(".onnx"), text=False),
    Kind("torch graph", fuzz_models.torch_graph, fuzz_models.read_torch_graph),
)


def prepare(folder: Path) -> None:
    """Make what good files the kinds need beside the broken one."""
    build = folder / "build"
    build.mkdir()
    (build / "network.json").write_text(json.dumps(NETWORK))
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        _command("rtl", "--config", "tiny", "--build", build)


def case(number: int) -> tuple[Kind, bytes]:
    """The kind and the content of a case."""
    random_ = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    return kind, mutated(kind.good(random_), random_, text=kind.text)


def problem_of(number: int, good: Path, work: Path) -> str | None:
    """Run a case; what is wrong with how it ended, if anything is."""
    from hexcoder.errors import run_command

    kind, content = case(number)
    file = work / "broken"
    file.write_bytes(content)
    said, out = io.StringIO(), io.StringIO()
    started = time.monotonic()
    status: object = 0
    signal.alarm(2 * MOST_SECONDS)
    try:
        with redirect_stderr(said), redirect_stdout(out):
            run_command(lambda argv: _done(kind.run(good, file)))
    except SystemExit as done:
        status = done.code
    except BaseException as error:
        status = repr(error)[:200]
    finally:
        signal.alarm(0)
    seconds = time.monotonic() - started
    lines = [line for line in said.getvalue().split("\n") if line]
    what = f"{kind.name}: status {status}, {seconds:.1f} s: {said.getvalue()[:700]!r}"
    if status not in (0, 2) or seconds > MOST_SECONDS or "out of memory" in said.getvalue():
        return what
    if status == 2 and (len(lines) != 1 or len(lines[0]) > 500 or not lines[0].isprintable()):
        return what
    return None


def _done(result: object) -> None:
    """What a reader gives does not matter."""


def _limit() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (used + MOST_BYTES, used + MOST_BYTES))

    def late(number: int, frame: object) -> None:
        raise TimeoutError("too long")

    signal.signal(signal.SIGALRM, late)


def _worker(numbers: Sequence[int], good: Path, problems: "multiprocessing.Queue[object]") -> None:
    import hexcoder.api
    import hexcoder.cli  # noqa: F401
    from hexcoder.processes import die_with_parent

    die_with_parent()
    for kind in KINDS:
        kind.good(random.Random(1))
    _limit()
    os.environ["COLUMNS"] = "200"
    with tempfile.TemporaryDirectory() as work:
        for number in numbers:
            problem = problem_of(number, good, Path(work))
            problems.put((number, problem))
    problems.put(None)


def run(numbers: Sequence[int], jobs: int = 2) -> dict[int, str]:
    """Run cases in processes of their own; the problems by the case's number."""
    context = multiprocessing.get_context("spawn")
    problems: multiprocessing.Queue[object] = context.Queue()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        workers = [
            context.Process(target=_worker, args=(numbers[k::jobs], Path(folder), problems))
            for k in range(jobs)
        ]
        for worker in workers:
            worker.start()
        found: dict[int, str] = {}
        done: set[int] = set()
        left = jobs
        while left:
            try:
                item = problems.get(timeout=5)
            except Exception:
                if not any(worker.is_alive() for worker in workers):
                    break
                continue
            if item is None:
                left -= 1
                continue
            number, problem = item  # type: ignore[misc]
            done.add(number)
            if problem:
                found[number] = problem
                print(f"{number}: {problem}", flush=True)
        for worker in workers:
            worker.join()
        missing = [number for number in numbers if number not in done]
        if missing:
            found[missing[0]] = f"{KINDS[missing[0] % len(KINDS)].name}: the process died"
    return found


def main() -> int:
    """Run many cases; exit status 1 if one ended as it should not."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int, default=None, help="one case, shown whole")
    arguments = parser.parse_args()
    if arguments.only is not None:
        kind, content = case(arguments.only)
        print(kind.name, content[:2000])
        print(run([arguments.only], 1))
        return 0
    started = time.monotonic()
    found = run(range(arguments.first, arguments.first + arguments.count))
    print(
        f"{arguments.count} broken files of {len(KINDS)} kinds: {len(found)} ended as they should "
        f"not; {time.monotonic() - started:.0f} s"
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
