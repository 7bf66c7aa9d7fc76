"""Write docs/network.schema.json from the classes that read network.json."""

import json
from pathlib import Path

from hexcoder.network.schema import Network

if __name__ == "__main__":
    target = Path(__file__).parents[1] / "docs" / "network.schema.json"
    target.write_text(json.dumps(Network.model_json_schema(), indent=2) + "\n")
