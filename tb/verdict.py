"""What a simulation of a module showed."""

from dataclasses import dataclass

from hexcoder.metrics.sim import ModuleSimulation
from hexcoder.network.comparison import Comparison

LINK = "RTL and golden model"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A module against the golden model.

    ``seconds`` are of simulation and golden model, ``by_kind`` has the vectors of each kind,
    ``configurations`` the sets of registers that shared the vectors, in a module that has any.
    """

    comparison: Comparison
    latency_cycles: int
    seconds: float
    by_kind: dict[str, int]
    configurations: int | None = None

    @property
    def vectors_per_s(self) -> int:
        """Vectors a second."""
        return round(self.comparison.vectors / self.seconds)

    def metrics(self) -> ModuleSimulation:
        """As files hold it."""
        return ModuleSimulation(
            module=self.comparison.module,
            vectors=self.comparison.vectors,
            mismatches=self.comparison.mismatches,
            latency_cycles=self.latency_cycles,
            seconds=round(self.seconds, 3),
            vectors_per_s=self.vectors_per_s,
            by_kind=self.by_kind,
            first_mismatch=self.comparison.first_mismatch,
        )

    def as_json(self) -> dict[str, object]:
        """The verdict on a netlist, as files hold it."""
        whole = Comparison.joined([self.comparison], follow=False)
        module = self.metrics()
        return {
            "vectors": whole.vectors,
            "configurations": self.configurations,
            "mismatches": whole.mismatches,
            "first_mismatch": whole.first_mismatch
            and whole.first_mismatch.model_dump(mode="json", exclude_unset=True),
            "modules": {module.module: module.model_dump(mode="json", exclude_unset=True)},
        }
