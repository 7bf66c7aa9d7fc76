"""What is proved of a design for every input: key ``certificate`` of sim/metrics.json."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hexcoder.metrics.difference import Difference


class Certificate(BaseModel):
    """Verdict on a module, from its Verilog alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str = Field(description="name of the module")
    verdict: Literal["proved", "refuted", "not proved"] = Field(
        description="'not proved' says nothing against the design"
    )
    is_covered: bool = Field(
        description="whether all of the network is of kinds that can be proved; else simulated only"
    )
    reason: str | None = Field(description="why it is not proved")
    elements: dict[str, int] = Field(description="proved elements of each layer")
    by_sat: int = Field(description="of these by SAT; all others by elimination and enumeration")
    counterexample: Difference | None = Field(
        description="an event at which simulation and golden model differ"
    )
    seconds: float = Field(description="time of the proof")
