"""Whether the price of tables in training tells their area: rank correlation over trained ones."""

from __future__ import annotations

from random import Random

from hexcoder.studies.tables.designs import Design, Effort, Task

EFFORT = Effort(samples=2000, epochs=4)


def priced_designs(task: Task, count: int, seed: int) -> list[Design]:
    """Small networks of tables drawn at random: 2 to 6 inputs, one layer or two, several prices."""
    random = Random(seed)
    found = []
    for number in range(count):
        fan_in, depth = random.randint(2, 6), random.randint(1, 2)
        bits, counted = random.randint(1, 6), random.randint(2, 10)
        cost = random.choice((0.0, 1.0, 10.0, 100.0))
        width = counted * task.outputs
        layers = [
            {"kind": "thermometer", "bits": bits},
            *[{"kind": "tables", "outputs": width, "fan_in": fan_in}] * depth,
            {"kind": "group_sum", "groups": task.outputs},
        ]
        name = f"{number}: {bits} thresholds, {depth} x {width} tables of {fan_in}, price {cost:g}"
        found.append(Design("tables", name, {"layers": layers}, cost, learning_rate=3e-2))
    return found
