"""Write docs/network.schema.json from the classes that read network.json."""

import json
from pathlib import Path

from hexcoder.network.schema import NETWORK_FILE

if __name__ == "__main__":
    target = Path(__file__).parents[1] / "docs" / "network.schema.json"
    target.write_text(json.dumps(NETWORK_FILE.json_schema(), indent=2) + "\n")
