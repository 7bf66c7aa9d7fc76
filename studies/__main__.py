"""Command line of studies."""

from collections.abc import Sequence

from hexcoder.console import run_room
from hexcoder.errors import run_command
from hexcoder.studies.commands.architecture import add_architecture
from hexcoder.studies.commands.radiation import add_flips, add_hessian
from hexcoder.studies.commands.search import add_front, add_search
from hexcoder.studies.commands.seeds import add_keep, add_profile, add_study
from hexcoder.studies.commands.tables import add_tables
from hexcoder.studies.commands.zoo import add_zoo

COMMANDS = (
    add_study,
    add_search,
    add_front,
    add_profile,
    add_keep,
    add_flips,
    add_hessian,
    add_zoo,
    add_architecture,
    add_tables,
)
DESCRIPTION = "Many runs of the chain, compared: search, seeds, radiation, fronts, architecture."
EXAMPLES = """examples:
  python -m studies study --config configs/econ_t_linear.toml --seeds 5 --links 2,3,4,5
  python -m studies search --config configs/search.toml --jobs 2
  python -m studies profile build/econ_t_linear/network.json --events energies.csv
  python -m studies keep build/econ_t_linear/network.json --events energies.csv --links 2,3,4
  python -m studies flips build/econ_t_linear/network.json --events energies.csv
  python -m studies hessian build/econ_t_linear/network.json --events energies.csv
  python -m studies front --config configs/search.toml
  python -m studies zoo muons
  python -m studies architecture --case sensor_compression
  python -m studies tables jets --seeds 1
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    return run_room("python -m studies", DESCRIPTION, EXAMPLES, COMMANDS, argv)


if __name__ == "__main__":
    run_command(main)
