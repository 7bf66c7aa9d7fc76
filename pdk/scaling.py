"""Area and energy of a design as they would be in another process: an estimate, and marked as one.

Factors of Stillmaker and Baas, "Scaling equations for the accurate prediction of CMOS device
performance from 180 nm to 7 nm", Integration 58 (2017) 74: area from the roadmap's densities,
energy from second-order fits to circuit simulations over the supply.
"""

TARGET_NM, TARGET_V = 65, 1.2
"""The ECON-T chip's process."""

_AREA = {180: 1 / 12, 130: 1 / 4.3, 90: 1 / 1.9, 65: 1.0, 45: 1 / 0.66, 32: 1 / 0.31}
"""Area in 65 nm over that in the node."""

_ENERGY = {
    180: (0.0, 24.64, -17.98),
    130: (7.171, -6.709, 2.904),
    90: (4.762, -4.781, 2.092),
    65: (3.755, -4.398, 1.975),
    45: (1.018, -0.3107, 0.1539),
    32: (0.8367, -0.4341, 0.1701),
}
"""Coefficients of the supply's square, of the supply, and 1; high-performance transistors."""

_MOST_V = 1.3
"""Supply up to which the fits are used; from a higher one energy is brought there by its square."""

NODES = tuple(_AREA)
METHOD = (
    f"Scaled to {TARGET_NM} nm and {TARGET_V} V by the factors of Stillmaker and Baas (Integration "
    f"58, 2017); from supplies above {_MOST_V} V by the square of the voltage first. An estimate."
)


def area_in_target(area: float, node_nm: int) -> float:
    """Area in 65 nm of what takes ``area`` in a node of :data:`NODES`, in the same unit."""
    return area * _AREA[node_nm]


def energy_in_target(energy: float, node_nm: int, supply_v: float) -> float:
    """Energy at 65 nm and 1.2 V of what takes ``energy`` in a node, in the same unit."""
    within = min(supply_v, _MOST_V)
    energy *= (within / supply_v) ** 2
    return energy * energy_factor(TARGET_NM, TARGET_V) / energy_factor(node_nm, within)


def energy_factor(node_nm: int, supply_v: float) -> float:
    """Energy of an operation in arbitrary units, equal for all nodes."""
    square, linear, constant = _ENERGY[node_nm]
    return square * supply_v**2 + linear * supply_v + constant
