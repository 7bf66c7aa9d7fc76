"""The processes whose cells are drawn, measured and laid out."""

from hexcoder.errors import InputError
from hexcoder.pdk.gf180mcu.process import GF180MCU
from hexcoder.pdk.process import Process
from hexcoder.pdk.sky130.process import SKY130

PROCESSES = {process.name: process for process in (SKY130, GF180MCU)}


def process_of(pdk: str) -> Process:
    """Process of a PDK by its name.

    Raises
    ------
    InputError
        If no cells are drawn for it.
    """
    if pdk not in PROCESSES:
        known = ", ".join(f"'{name}'" for name in PROCESSES)
        raise InputError(
            f"silicon.pdk = '{pdk}': the embedded place and route has cells for {known} alone"
        )
    return PROCESSES[pdk]
