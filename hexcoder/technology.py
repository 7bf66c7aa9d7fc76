"""What a library's cells cost, as far as the compiler wants to know: one small table."""

from pydantic import BaseModel, ConfigDict, PositiveFloat


class Technology(BaseModel):
    """Areas in um2 and delays in ns of the gates that sums are made of.

    The compiler's choices follow the ratios. A PDK's description gives the table
    (:mod:`hexcoder.pdk.technology`), a config's section [technology] single values in its place.

    Attributes
    ----------
    full_adder_sum_ns, full_adder_carry_ns : float
        From an input to each output.
    fan_out_ns : float
        What each reader beyond the first adds.
    register_ns : float
        A register's delay from the clock together with its setup time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    full_adder_um2: PositiveFloat
    half_adder_um2: PositiveFloat
    register_um2: PositiveFloat
    xor_um2: PositiveFloat
    and_um2: PositiveFloat
    full_adder_sum_ns: PositiveFloat
    full_adder_carry_ns: PositiveFloat
    xor_ns: PositiveFloat
    and_ns: PositiveFloat
    fan_out_ns: PositiveFloat
    register_ns: PositiveFloat
