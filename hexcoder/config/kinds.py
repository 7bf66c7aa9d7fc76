"""What the section 'network' may be, told by its key ``kind``."""

from typing import Annotated

from pydantic import Discriminator, Tag

from hexcoder.config.network import ClassicalMethod, Coded, Imported, Network
from hexcoder.config.task import BoostedTrees, Task


def _kind(value: object) -> str:
    found = (
        value.get("kind", "autoencoder") if isinstance(value, dict) else getattr(value, "kind", "")
    )
    return found if isinstance(found, str) else ""


AnyNetwork = Annotated[
    Annotated[Network, Tag("autoencoder")]
    | Annotated[Coded, Tag("coded")]
    | Annotated[ClassicalMethod, Tag("best_choice")]
    | Annotated[ClassicalMethod, Tag("threshold")]
    | Annotated[ClassicalMethod, Tag("super_trigger_cells")]
    | Annotated[Imported, Tag("imported")]
    | Annotated[Task, Tag("classifier")]
    | Annotated[Task, Tag("regressor")]
    | Annotated[Task, Tag("anomaly")]
    | Annotated[Task, Tag("encoder")]
    | Annotated[BoostedTrees, Tag("trees")],
    Discriminator(_kind),
]
