"""LibreLane through its Python API: python -m flow.librelane.worker SETTINGS.json.

A process of its own, for it keeps global state and draws its own progress. Writes ``state.json``:
metrics, and the files of the last state, also where a step has failed.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

TAG = "hexcoder"
_SHOWN = 3


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def main(path: Path) -> int:
    """Run the flow; 0 where every step passed."""
    from librelane.config.config import InvalidConfig
    from librelane.flows.flow import Flow, FlowError
    from librelane.steps.step import StepError

    settings = json.loads(path.read_text(encoding="utf-8"))
    classic: Any = Flow.factory.get(settings["flow"])
    failed: str | None = None
    flow: Any = None
    try:
        flow = classic(
            settings["config"],
            pdk=settings["pdk"],
            pdk_root=settings["pdk_root"],
            scl=settings["standard_cells"],
            design_dir=settings["design"],
        )
        flow.start(tag=TAG, to=settings["to"])
    except InvalidConfig as error:
        more = len(error.errors) - _SHOWN
        shown = "; ".join(error.errors[:_SHOWN]) or str(error)
        failed = shown + (f"; and {more} more" if more > 0 else "")
    except (FlowError, StepError) as error:
        failed = str(error)
    steps = list(getattr(flow, "step_objects", None) or [])
    states = [step.state_out for step in steps if getattr(step, "state_out", None)]
    last = states[-1] if states else None
    found = {
        "failed": failed,
        "steps": [step.id for step in steps],
        "run": str(getattr(flow, "run_dir", "") or ""),
        "metrics": _plain(dict(last.metrics)) if last is not None else {},
        "views": _plain(last.to_raw_dict(metrics=False)) if last is not None else {},
    }
    (path.parent / "state.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
