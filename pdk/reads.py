"""What a step reads of a process design kit."""

from dataclasses import dataclass

from hexcoder.pdk.description import Pdk, load_pdk
from hexcoder.steps.reads import Place, file_digest


@dataclass(frozen=True)
class PdkFiles:
    """The description of the config's PDK, and some of its files, by their content.

    Attributes
    ----------
    liberty : bool
        The Liberty file of the first corner.
    corners : bool
        The Liberty files of all corners.
    cell_verilog : bool
        The Verilog of the cells.
    """

    liberty: bool = True
    corners: bool = False
    cell_verilog: bool = False

    def state(self, place: Place) -> object:
        """Digests by file."""
        pdk = load_pdk(place.config.silicon.pdk)
        return {"pdk": pdk.model_dump(mode="json")} | {
            name: file_digest(pdk.file(name)) for name in self._files(pdk)
        }

    def _files(self, pdk: Pdk) -> list[str]:
        names = [corner.liberty for corner in pdk.corners.values()]
        files = names if self.corners else names[:1] if self.liberty else []
        return [*files, pdk.cell_verilog] if self.cell_verilog else files
