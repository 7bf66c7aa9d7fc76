"""sim/metrics.json, which ``hexcoder sim`` prints too."""

from pydantic import BaseModel, ConfigDict, Field

from hexcoder.metrics.certificate import Certificate
from hexcoder.metrics.difference import Difference


class ModuleSimulation(BaseModel):
    """One module against the golden model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str = Field(description="name of the module")
    vectors: int = Field(description="vectors that were compared")
    mismatches: int = Field(description="vectors of which a value or out_valid differs")
    latency_cycles: int = Field(description="clocks from an input to its output")
    seconds: float = Field(description="time of the simulation, with the golden model")
    vectors_per_s: int = Field(description="vectors a second")
    by_kind: dict[str, int] = Field(description="vectors of each kind: edge, event, random")
    first_mismatch: Difference | None = Field(description="null if all agree")


class SimulationMetrics(BaseModel):
    """A compiled design against its network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: str = Field(description="name of the network")
    vectors: int = Field(description="vectors of all modules")
    configurations: int | None = Field(
        default=None, description="sets of registers that shared the vectors; loadable weights only"
    )
    mismatches: int = Field(description="vectors that differ in all modules")
    first_mismatch: Difference | None = Field(description="of the first module that differs")
    seed: int = Field(description="seed of the random vectors")
    simulator: str = Field(description="simulator and its version")
    modules: dict[str, ModuleSimulation] = Field(description="each module's own verdict")
    protocol_tests: dict[str, dict[str, str]] = Field(
        description="for each module its cocotb tests: 'passed', or what failed"
    )
    certificate: Certificate | None = Field(
        default=None, description="what is proved for every input; of a stage only"
    )
