"""Where two links of the chain of proof first differ."""

from pydantic import BaseModel, ConfigDict, Field


class Difference(BaseModel):
    """The first difference, in the order of events, then of the data's flow.

    A key that does not apply to a comparison is not set, and is not written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str | None = Field(default=None, description="module that was compared")
    layer: str = Field(
        default="output", description="layer; 'out_valid' is the protocol, 'output' the port"
    )
    element: int = Field(description="element of the layer's flattened tensor")
    event: int = Field(description="event, counted from the first vector of the module")
    configuration: int | None = Field(default=None, description="set of registers, the first is 0")
    expected: int | None = Field(description="value of the golden model, where it is known")
    actual: int | None = Field(description="value of what was compared with it")
    kind: str | None = Field(default=None, description="'edge', 'event' or 'random'")
    input: tuple[int, ...] | None = Field(default=None, description="the event itself")
    registers: dict[str, int] | None = Field(
        default=None, description="what registers hold then, where it takes that"
    )
    waveform: str | None = Field(default=None, description="FST file cut round the event")

    def __str__(self) -> str:
        module = f"module '{self.module}', " if self.module else ""
        registers = "" if self.configuration is None else f", set of registers {self.configuration}"
        kind = f" ({self.kind})" if self.kind else ""
        waveform = f"; waveform: {self.waveform}" if self.waveform else ""
        values = "" if self.actual is None else f": expected {self.expected}, got {self.actual}"
        return (
            f"{module}layer '{self.layer}', element {self.element}, event {self.event}{registers}"
            f"{kind}{values}{waveform}"
        )
