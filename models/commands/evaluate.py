"""``python -m models evaluate``: physics of a network on a file of events."""

import argparse
import json
from pathlib import Path

from hexcoder.console import Commands, add_command, add_events, add_number, add_seed


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(commands, "evaluate", "physics of a network on a file of events")
    parser.add_argument("network", type=Path)
    add_events(parser, required=True)
    parser.add_argument("--decoder", type=Path, help="default: train/decoder.safetensors beside")
    add_number(
        parser, "--flipped-bits", "bits of each frame that arrive wrong, but for the sum's code"
    )
    add_seed(parser, 0, "seed of --flipped-bits")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--baselines",
        action="store_true",
        help="threshold, BC and STC as well, with the difference event by event",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from hexcoder.models.data.sample import read_sample
    from hexcoder.models.evaluation.physics import (
        Flips,
        conditions_of,
        evaluate_baselines,
        evaluate_events,
        load_decoder_of,
    )
    from hexcoder.sensor.encoders import load_encoder

    encoder = load_encoder(arguments.network)
    decoder = load_decoder_of(encoder, arguments.network, arguments.decoder)
    flips = Flips(arguments.flipped_bits or 0, arguments.seed)
    sample = read_sample(Path(arguments.events), conditions_of(decoder), arguments.columns)
    found = evaluate_events(encoder, decoder, sample.events, sample.places, flips)
    result, baselines = found.physics, None
    if arguments.baselines:
        baselines = evaluate_baselines(found.events, result.bits_per_event, found.fractions)
    code = found.code
    if arguments.json:
        rows = [] if baselines is None else [row.model_dump() for row in baselines]
        more = {} if baselines is None else {"baselines": rows}
        more |= {} if code is None else {"code": code.model_dump()}
        print(json.dumps(result.model_dump() | more, indent=2))
        return
    if not result.events_counted:
        print(f"no event counts: all {result.events_left_out} are empty or come back empty")
        return
    print(
        f"EMD {result.emd_mean:.4f} mean, {result.emd_median:.4f} median, "
        f"{result.emd_standard_deviation:.4f} standard deviation (half pitches); "
        f"{result.events_counted} events counted, {result.events_left_out} left out; "
        f"{result.bits_per_event} bits an event; telescope loss {result.telescope_loss:.5f}"
    )
    if code is not None:
        print(
            f"  {code.mean_fill_bits:.1f} of {code.payload_bits} payload bits used, mean; "
            f"{code.events_cut} events fit no mode and are cut; modes from the finest: "
            + ", ".join(f"{mode.share:.1%}" for mode in code.modes)
        )
    for row in baselines or []:
        line = f"  {row.name:24} EMD {row.emd_mean:.4f}  {row.bits_per_event:.1f} bits"
        if row.emd_more is not None:
            line += f"; {row.emd_more:+.4f} +- {row.emd_more_error:.4f} beside this encoder"
        print(line)
