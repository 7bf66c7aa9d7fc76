import importlib.util
import inspect
import json
import sys

import pytest

from hexcoder.errors import CheckFailed, InputError
from hexcoder.hw.i2c import target as i2c_target
from hexcoder.hw.i2c.target import I2cTarget
from hexcoder.tb import __main__ as tb_main
from hexcoder.tb.i2c import fuzz as i2c_fuzz
from hexcoder.tb.i2c.fuzz import fuzz

FAULTS = {
    "writes before the acknowledge clock": (
        "m.d.sync += self.sda_low.eq(self.mapped)",
        "m.d.sync += [self.sda_low.eq(self.mapped), self.write.eq(self.mapped)]",
        "write",
    ),
    "ignores a bit of the device address": (
        "address == self.device_address",
        "address[1:] == self.device_address[1:]",
        "active",
    ),
    "answers reserved addresses": ("& ~is_reserved", "", "active"),
    "does not end at a STOP": ("bus.stop | is_illegal", "is_illegal", "active"),
    "holds SDA through a START": (
        "            self.sda_low.eq(0),\n            self.active",
        "            self.active",
        "sda_low",
    ),
    "moves on after a byte for no register": (
        "m.d.sync += self.write.eq(self.sda_low)",
        "m.d.sync += [self.write.eq(self.sda_low), self.read.eq(~self.sda_low)]",
        "read",
    ),
    "goes on sending after the last byte": ("(self.bits == DATA_BITS) & bit", "0", "read"),
}  # fmt: skip


def _with_fault(old, new, folder):
    """The target with a part of its source replaced."""
    source = inspect.getsource(i2c_target)
    assert source.count(old) == 1
    path = folder / "faulty_target.py"
    path.write_text(source.replace(old, new))
    spec = importlib.util.spec_from_file_location("faulty_target", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["faulty_target"] = module
    spec.loader.exec_module(module)
    return module.I2cTarget()


@pytest.mark.parametrize("clock_period_ns", [25, 50])
def test_the_target_is_as_the_reference_and_works_after_everything(clock_period_ns, tmp_path):
    verdict = fuzz(I2cTarget(clock_period_ns), 300, 3, tmp_path)
    assert verdict.mismatches == 0, verdict.line()
    counts = verdict.counts
    assert counts["faulty"] + counts["noise"] >= 300
    assert counts["normal_started"] > 0.95 * counts["normal"]
    assert min(counts.values()) > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault, tmp_path):
    old, new, what = FAULTS[fault]
    target = _with_fault(old, new, tmp_path)
    simulation = i2c_fuzz.build_i2c_simulation(tmp_path, target)
    run = i2c_fuzz.Fuzz(simulation, target.spike_clocks, 1)
    for _ in range(10):
        if not run.mismatches:
            run.run(30)
    assert run.mismatches
    assert what in run.mismatches[0].what


def test_a_filter_of_another_length_is_caught(tmp_path):
    target = I2cTarget()
    target.spike_clocks -= 1
    simulation = i2c_fuzz.build_i2c_simulation(tmp_path, target)
    run = i2c_fuzz.Fuzz(simulation, I2cTarget().spike_clocks, 1)
    run.run(25)
    assert run.mismatches


def test_the_command_prints_the_same_verdict_for_the_same_seed(tmp_path, capsys):
    verdicts = []
    for _ in range(2):
        assert tb_main.main(["i2c-fuzz", "--transfers", "30", "--work", str(tmp_path)]) == 0
        verdicts.append(capsys.readouterr().out)
    assert verdicts[0] == verdicts[1]
    assert json.loads(verdicts[0])["mismatches"] == 0


def test_a_mismatch_fails_the_command_after_its_verdict(tmp_path, capsys, monkeypatch):
    old, new, _ = FAULTS["does not end at a STOP"]
    monkeypatch.setattr(i2c_target, "I2cTarget", lambda: _with_fault(old, new, tmp_path))
    with pytest.raises(CheckFailed, match="stretch 0"):
        tb_main.main(["i2c-fuzz", "--transfers", "30", "--work", str(tmp_path)])
    assert json.loads(capsys.readouterr().out)["mismatches"] > 0


@pytest.mark.parametrize("option", [["--transfers", "0"], ["--seed", "-1"]])
def test_a_number_out_of_range_is_refused(option):
    with pytest.raises(InputError, match=option[0]):
        tb_main.main(["i2c-fuzz", *option])
