"""Pieces of a net that go when one of them overlaps another net, on a block with nothing else."""

import pytest

from hexcoder.flow.layout.repair.rerouting import Rerouting
from hexcoder.flow.layout.repair.rip_up import without_wrong
from hexcoder.flow.layout.repair.search import cut_boxes
from hexcoder.flow.layout.wiring import Box, Pin, Wiring, joined
from hexcoder.pdk.sky130.stack import STACK

# Places on tracks of m1, m2 and m3, far from each other.
X, Y = (2300, 23_000, 46_000), 8400
PINS = [Box("li", x - 85, Y - 600, x + 85, Y + 600) for x in X]


def legs():
    """Each pin with a cut to m1, a short m1 and m2 up to m3's track."""
    found = []
    for x in X:
        found += cut_boxes(STACK, 0, x, Y - 200)
        found += cut_boxes(STACK, 1, x, Y - 200)
        found.append(Box("m2", x - 140, Y - 340, x + 140, Y + 3000))
        found += cut_boxes(STACK, 2, x, Y + 2800)
    return found


def trunk(number):
    """m3 between two legs."""
    return Box("m3", X[number] - 165, Y + 2635, X[number + 1] + 165, Y + 2965)


def test_only_the_island_that_overlaps_goes_and_what_led_there():
    boxes = [*legs(), trunk(0), trunk(1)]
    on_m3 = {box for box in boxes if box.layer == "m3"}
    kept = without_wrong(boxes, PINS, STACK, lambda box: box == trunk(0))
    # One island of m3 joins all three; nothing else leads anywhere without it.
    assert on_m3.isdisjoint(kept)
    assert not kept
    # A wire of m1 from the first pin to the second holds these two together.
    m1 = Box("m1", X[0] - 130, Y - 330, X[1] + 130, Y - 70)
    kept = without_wrong([*boxes, m1], PINS, STACK, lambda box: box == trunk(1))
    assert m1 in kept
    assert {box.layer for box in kept} == {"li", "mcon", "m1"}
    (group,) = (g for g in joined([*kept, *PINS], STACK) if m1 in g)
    assert group >= set(PINS[:2])


@pytest.mark.parametrize("above", [815, 650])
def test_a_cut_that_misses_its_pin_goes(above):
    m1 = Box("m1", X[0] - 130, Y - 330, X[1] + 130, Y - 70)
    right = [m1, *(box for x in X[:2] for box in cut_boxes(STACK, 0, x, Y - 200))]
    # 55 nm above the pin, or half on it: the router's, where a short pin ends between two tracks.
    missed = [box for box in cut_boxes(STACK, 0, X[0], Y + above) if box.layer in ("li", "mcon")]
    up = Box("m1", X[0] - 130, Y - 330, X[0] + 130, Y + above + 130)
    kept = without_wrong([*right, up, *missed], PINS[:2], STACK, lambda box: False)
    assert set(right) <= set(kept)
    assert set(missed).isdisjoint(kept)


def test_a_patch_too_small_to_stand_alone_goes_too():
    x, y = 2300, 8400
    stack = [*cut_boxes(STACK, 2, x, y), *cut_boxes(STACK, 3, x, y)]
    legs_ = [Box("m2", x - 140, y - 3000, x + 140, y + 100), Box("m4", x - 165, y, x + 165, 9999)]
    # m3 is no more than a pad between two cuts; only its own wire makes it large enough.
    wire = Box("m3", x - 165, y - 165, x + 5000, y + 165)
    pins = [
        Box("m2", x - 140, y - 3000, x + 140, y - 2800),
        Box("m4", x - 165, 9900, x + 165, 9999),
    ]
    assert set(without_wrong([*stack, *legs_, wire], pins, STACK, lambda box: False)) >= {
        wire,
        *stack,
    }
    kept = without_wrong([*stack, *legs_], pins, STACK, lambda box: False)
    assert "m3" not in {box.layer for box in kept}


def test_a_net_is_mended_where_it_overlaps_and_stays_elsewhere():
    wiring = Wiring("block", 60_000, 40_000, "sky130")
    m1 = Box("m1", X[0] - 130, Y - 330, X[1] + 130, Y - 70)
    wiring.wires["long"] = [*legs(), trunk(1), m1]
    wiring.pins["long"] = [Pin(f"cell_{k}", "i", box) for k, box in enumerate(PINS)]
    # In the way of m3, and too near to it.
    wiring.wires["other"] = [Box("m3", 30_000, Y + 2635, 40_000, Y + 2965)]
    block = Rerouting(wiring, {})
    assert block.conflicts()
    done = block.repair(keep=["other"])
    assert (done.ripped, done.unsolved) == (["long"], [])
    assert not block.conflicts()
    assert not block.opens()
    assert m1 in wiring.wires["long"]
    assert {box.layer for box in wiring.wires["long"]} <= {
        "li",
        "mcon",
        *STACK.routed,
        "via",
        "via2",
        "via3",
    }
