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


SKY130 = Technology(
    full_adder_um2=40.3,
    half_adder_um2=35.8,
    register_um2=40.3,
    xor_um2=22.4,
    and_um2=13.4,
    full_adder_sum_ns=1.0,
    full_adder_carry_ns=0.95,
    xor_ns=0.75,
    and_ns=0.4,
    fan_out_ns=0.08,
    register_ns=1.4,
)
"""Of flow/pdks/sky130 at its slow corner (1.6 V, 100 C), with the wires of a routed block: that is
where its period has to be met. The full adder's delays are what each of 22 in a row took in a
routed block, wires and buffers counted in; after synthesis it is two thirds of that."""

_TABLES = {
    "nangate45": Technology(),
    "sky130": SKY130,
    # Kits that a flow outside brings: nearest in node to the table above, which is slower.
    "sky130A": SKY130,
    "sky130B": SKY130,
    "gf180mcuC": SKY130,
    "gf180mcuD": SKY130,
    "ihp-sg13g2": SKY130,
}


def technology_of(pdk: str) -> Technology:
    """Table of a PDK by its name; Nangate's for one that is not known."""
    return _TABLES.get(pdk, Technology())
