"""The verdict of every link of the chain of proof, in one shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from hexcoder.metrics.difference import Difference


class Comparison(BaseModel):
    """What was compared, how many vectors differ, and where the first does.

    JSON has the keys that were set: :meth:`model_dump` with ``exclude_unset``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    link: str = Field(description="what was compared, for example 'RTL and golden model'")
    module: str = Field(default="", description="module; empty where several were compared")
    vectors: int = Field(description="vectors that were compared")
    mismatches: int = Field(description="vectors of which a value or out_valid differs")
    valid_errors: int = Field(default=0, description="clocks besides in which out_valid is wrong")
    first_mismatch: Difference | None = Field(default=None, description="None if all agree")

    @property
    def passed(self) -> bool:
        """Whether every value and every ``out_valid`` was right."""
        return not self.mismatches and not self.valid_errors

    def line(self) -> str | None:
        """One line that says how much differs and where first, or None if all agree."""
        if self.passed:
            return None
        text = f"{self.link}: {self.mismatches} of {self.vectors} vectors differ"
        if self.mismatches > self.vectors:
            text = f"{self.link}: {self.mismatches} events differ or came when none was due"
        if self.valid_errors:
            text += f"; out_valid is wrong in {self.valid_errors} clocks"
        return text if self.first_mismatch is None else f"{text}; first: {self.first_mismatch}"

    @classmethod
    def joined(cls, parts: Iterable[Comparison], *, follow: bool) -> Comparison:
        """One verdict on several comparisons of one link.

        Parameters
        ----------
        parts : iterable of Comparison
            At least one.
        follow : bool
            They are blocks of one run, and events go on counting from block to block. Otherwise
            each is a module of its own, and the first difference gets the module's name.
        """
        parts = list(parts)
        vectors, first = 0, None
        for part in parts:
            if first is None and part.first_mismatch is not None:
                first = part.first_mismatch
                update = {"event": vectors + first.event} if follow else {"module": part.module}
                first = first.model_copy(update=update)
            vectors += part.vectors
        return cls(
            link=parts[0].link,
            module=parts[0].module if follow else "",
            vectors=vectors,
            mismatches=sum(part.mismatches for part in parts),
            valid_errors=sum(part.valid_errors for part in parts),
            first_mismatch=first,
        )


def compare_layers(
    link: str,
    module: str,
    expected: Mapping[str, np.ndarray],
    actual: Mapping[str, np.ndarray],
    valid: np.ndarray | None = None,
) -> Comparison:
    """Compare all elements of some layers, event by event.

    Parameters
    ----------
    link, module : str
    expected, actual : mapping of str to int array (vectors, elements)
        Layers in the order of the data's flow; the same in both.
    valid : bool array (vectors,), optional
        ``out_valid``, which must be high for each.

    Returns
    -------
    Comparison
        Its first difference is in the first event that differs, and there in the first layer.
    """
    differs = {name: values != actual[name] for name, values in expected.items()}
    wrong = np.any([layer.any(axis=1) for layer in differs.values()], axis=0)
    if valid is not None:
        wrong |= ~valid
    first = None
    if wrong.any():
        event = int(np.argmax(wrong))
        layer = next((name for name, where in differs.items() if where[event].any()), None)
        if layer is None:
            first = Difference(layer="out_valid", element=0, event=event, expected=1, actual=0)
        else:
            element = int(np.argmax(differs[layer][event]))
            place = event, element
            first = Difference(
                layer=layer,
                element=element,
                event=event,
                expected=int(expected[layer][place]),
                actual=int(actual[layer][place]),
            )
    return Comparison(
        link=link,
        module=module,
        vectors=len(wrong),
        mismatches=int(wrong.sum()),
        first_mismatch=first,
    )
