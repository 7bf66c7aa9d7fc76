"""signoff/metrics.json: what the foundry's own rules say of the drawn block."""

from pydantic import Field

from hexcoder.metrics.asic import Part
from hexcoder.metrics.file import MetricsFile
from hexcoder.steps.step import Metrics


class SignoffOrigin(Part):
    """What the numbers are of."""

    pdk: str = Field(description="folder of the rules")
    state: str


class MagicRuleMetrics(Metrics):
    """Magic's drc(full)."""

    magic__drc_error__count: int = Field(description="violations of Magic's drc(full)")
    magic_rules: dict[str, int] = Field(description="violations by rule, in Magic's words")


class NetgenMetrics(Metrics):
    """Magic's extraction against the final netlist, by netgen."""

    netgen_verdict: str = Field(
        description="netgen's words: 'Circuits match uniquely' where the drawn circuit is final.v"
    )


class DeckMetrics(Metrics):
    """Public rule decks in KLayout."""

    klayout_deck__error__count: int = Field(description="violations of all decks")
    klayout_decks: dict[str, dict[str, int]] = Field(description="violations by deck and rule")


class SignoffFile(MetricsFile):
    """The whole file."""

    origin: SignoffOrigin = Field(description="PDK and state")
    magic: MagicRuleMetrics | None = None
    netgen: NetgenMetrics | None = None
    decks: DeckMetrics | None = None
