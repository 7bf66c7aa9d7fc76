"""What a library's cells cost, as far as the compiler wants to know: one small table."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, PositiveFloat


class Technology(BaseModel):
    """Areas in um2 and delays in ns of the gates that sums are made of.

    The compiler's choices follow the ratios, so that the table of one library serves others of
    its kind. The defaults are the Nangate Open Cell Library's (45 nm, typical corner): areas from
    its Liberty file (FA_X1, XOR2_X1 with NAND2_X1, DFF_X1, XOR2_X1, AND2_X1), delays measured by
    static timing on compiled networks; ``fan_out_ns`` is what each reader beyond the first adds,
    ``register_ns`` a register's delay from the clock together with its setup time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    full_adder_um2: PositiveFloat = 4.256
    half_adder_um2: PositiveFloat = 2.394
    register_um2: PositiveFloat = 4.522
    xor_um2: PositiveFloat = 1.596
    and_um2: PositiveFloat = 1.064
    full_adder_sum_ns: PositiveFloat = 0.13
    full_adder_carry_ns: PositiveFloat = 0.105
    xor_ns: PositiveFloat = 0.07
    and_ns: PositiveFloat = 0.05
    fan_out_ns: PositiveFloat = 0.01
    register_ns: PositiveFloat = 0.13
