"""Float modules of torch: exported, read without running anything, and against torch itself."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

import hexcoder
from hexcoder.errors import InputError
from hexcoder.models.__main__ import main
from hexcoder.models.importers.files import import_model
from hexcoder.models.importers.floats.read import import_float, import_torch
from hexcoder.network.golden import evaluate
from hexcoder.network.real_values import to_integers, to_reals


class Branched(nn.Module):
    """Convolutions over two and one axes, pools, branches that join, a gate, softmax."""

    def __init__(self):
        super().__init__()
        self.wide, self.normal = nn.Conv2d(1, 4, 3, padding="same"), nn.BatchNorm2d(4)
        self.narrow, self.dense = nn.Conv1d(4, 6, 3, padding=1, groups=2), nn.Linear(18, 8)
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.normal(self.wide(x))), 2)
        x = nn.functional.avg_pool2d(x, 2)
        y = torch.tanh(self.narrow(x.flatten(2))).mean(2)
        x = torch.cat([x.flatten(1)[:, :12], y], 1)
        x = self.dense(x)
        a, b = (x * torch.sigmoid(x)).chunk(2, 1)
        x = torch.cat([a.clamp(-0.2, 0.3), b - 0.5 * a], 1)
        return torch.softmax(self.last(x) + y.reshape(-1, 2, 3)[:, 1], -1)


class Attending(nn.Module):
    """Two heads over five tokens."""

    def __init__(self):
        super().__init__()
        self.three, self.last = nn.Linear(8, 24), nn.Linear(8, 3)

    def forward(self, x):
        parts = [one.view(-1, 5, 2, 4).transpose(1, 2) for one in self.three(x).chunk(3, -1)]
        seen = nn.functional.scaled_dot_product_attention(*parts)
        return self.last((x + seen.transpose(1, 2).flatten(2)).mean(1))


def _trained(module):
    """With numbers in its batch normalisation that are not those it begins with."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 2)
    return module.eval()


def _samples(*shape, count=40):
    return np.random.default_rng(1).normal(0, 1, (count, *shape)).astype(np.float32)


def _values(network, samples):
    flat = samples.reshape(len(samples), -1)
    return to_reals(network, evaluate(network, to_integers(network, flat)))


MODULES = {
    "chain": (nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU6(), nn.Dropout(0.1),
                            nn.Linear(8, 3, bias=False)), (6,)),
    "sequence": (nn.Sequential(nn.Conv1d(2, 4, 3, stride=2, dilation=2), nn.LeakyReLU(0.1),
                               nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8, 2), nn.Tanh()), (2, 12)),
    "image": (nn.Sequential(nn.Conv2d(2, 3, (3, 2), padding=(1, 0)), nn.SiLU(),
                            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)), (2, 6, 6)),
    "attention": (Attending(), (5, 8)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_close_to_torch(name):
    torch.manual_seed(2)
    module, shape = MODULES[name]
    samples = _samples(*shape)
    network, loss = import_torch(_trained(module), samples, bits=14)
    expected = module(torch.from_numpy(samples)).detach().numpy()
    error = np.abs(_values(network, samples) - expected).max()
    assert error < 0.01
    assert loss.largest_error == pytest.approx(error, abs=1e-5)


def test_a_branched_module_is_the_same_from_a_file_and_at_hand(tmp_path, capsys):
    torch.manual_seed(3)
    module, samples = _trained(Branched()), _samples(1, 8, 8)
    logits = torch.log(module(torch.from_numpy(samples))).detach().numpy()
    at_hand, _ = hexcoder.import_float(module.train(), samples, bits=14)
    assert module.training
    found = _values(at_hand, samples)
    np.testing.assert_allclose(found - found[:, :1], logits - logits[:, :1], atol=0.005)
    batch = torch.export.Dim("batch", min=2)
    for case, keys in (("fixed", {}), ("any", {"dynamic_shapes": ({0: batch},)})):
        example = torch.randn(5, 1, 8, 8)
        exported = torch.export.export(module.eval(), (example,), **keys)
        torch.export.save(exported, tmp_path / "model.pt2")
        np.savez(tmp_path / "samples.npz", inputs=samples)
        arguments = ["import", tmp_path / "model.pt2", "-o", tmp_path / f"{case}.json",
                     "--calibrate", tmp_path / "samples.npz", "--bits", "14"]  # fmt: skip
        assert main(list(map(str, arguments))) == 0
        assert "the greatest output is the same for 100.0 %" in capsys.readouterr().out
        nodes = json.loads((tmp_path / f"{case}.json").read_text())["nodes"]
        assert [node["kind"] for node in nodes] == [node.kind for node in at_hand.nodes]
        from_file, _ = hexcoder.import_float(tmp_path / "model.pt2", samples, bits=14)
        np.testing.assert_array_equal(_values(from_file, samples), found)


def test_samples_that_do_not_suit_are_refused():
    with pytest.raises(InputError, match="there are none"):
        hexcoder.import_float(nn.Linear(4, 2))
    with pytest.raises(InputError, match="2 arrays; inputs of a file are one"):
        hexcoder.import_float("model.onnx", _samples(4), _samples(4))


def test_weights_of_few_bits_need_no_calibration(tmp_path):
    module = nn.Linear(4, 2)
    module.weight.data = torch.tensor([[1.0, -2, 0.5, 3], [0.25, 1, -1, 2]])
    module.bias.data = torch.tensor([0.5, -0.25])
    samples = np.random.default_rng(4).integers(-8, 8, (30, 4)) / 4
    torch.export.save(torch.export.export(module, (torch.zeros(1, 4),)), tmp_path / "m.pt2")
    network = import_model(tmp_path / "m.pt2", samples=samples)
    expected = module(torch.from_numpy(samples).float()).detach().numpy()
    np.testing.assert_array_equal(_values(network, samples), expected)


class _Bomb:
    """What writes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def _changed(source, target, changes):
    """An archive with some parts replaced, by the end of their name."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            for end, change in changes.items():
                data = change(data) if name.endswith(end) else data
            new.writestr(name, data)


@pytest.fixture
def exported(tmp_path):
    path = tmp_path / "good.pt2"
    torch.export.save(torch.export.export(nn.Linear(4, 2), (torch.zeros(1, 4),)), path)
    return path


def test_no_code_of_a_file_is_run(tmp_path, exported):
    trace, bomb = tmp_path / "trace", pickle.dumps(_Bomb(tmp_path / "trace"))
    path = tmp_path / "bomb.pt2"
    _changed(exported, path, {"sample_inputs/model.pt": lambda _: bomb})
    import_float(path, _samples(4))
    assert not trace.exists()

    def pickled(data):
        config = json.loads(data)
        for row in config["config"].values():
            row["use_pickle"] = True
        return json.dumps(config).encode()

    changes = {"weights_config.json": pickled, "weights/weight_0": lambda _: bomb}
    _changed(exported, path, changes)
    with pytest.raises(InputError, match=r"bomb.pt2: 'weight' is a pickle, which is code"):
        import_float(path, _samples(4))
    for name, content in (("module.pt", nn.Linear(4, 2)), ("raw.pth", _Bomb(trace))):
        torch.save(content, tmp_path / name)
        with pytest.raises(InputError, match=r"is code, which is not run; write torch.export.save"):
            import_float(tmp_path / name, _samples(4))
    (tmp_path / "plain.pt").write_bytes(bomb)
    with pytest.raises(InputError, match="is code, which is not run"):
        import_float(tmp_path / "plain.pt", _samples(4))
    assert not trace.exists()


def _graph(change):
    def apply(data):
        model = json.loads(data)
        change(model["graph_module"]["graph"]["nodes"][0], model)
        return json.dumps(model).encode()

    return {"models/model.json": apply}


def _weights(**meta):
    def apply(data):
        config = json.loads(data)
        config["config"]["weight"]["tensor_meta"].update(meta)
        return json.dumps(config).encode()

    return {"weights_config.json": apply}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (_graph(lambda node, _: node.update(target="torch.ops.aten.cumsum.default")),
         "operator cumsum.default 'linear': an operator that is not read; those that are stand"),
        (_graph(lambda node, _: node["inputs"].pop(1)), "its argument 'weight' is missing"),
        (_graph(lambda node, _: node["inputs"][0]["arg"]["as_tensor"].update(name="no")),
         "nothing makes its input 'no'"),
        (_graph(lambda _, model: model.pop("graph_module")), "its parts are not as torch.export"),
        (_graph(lambda node, _: node.update(inputs=7)), "its parts are not as torch.export"),
        (_weights(strides=[{"as_int": 4}, {"as_int": 99}]), "'weight' is larger than what"),
        (_weights(storage_offset={"as_int": -1}), "'weight' is larger than what"),
        (_weights(dtype=13), "'weight' has a type that is not read; use float32"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_hold_together_is_one_line(tmp_path, exported, changes, message):
    path = tmp_path / "m.pt2"
    _changed(exported, path, changes)
    with pytest.raises(InputError, match=message) as raised:
        import_float(path, _samples(4))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_none_and_a_module_that_cannot_be_exported_are_one_line(tmp_path, exported):
    path = tmp_path / "m.pt2"
    for content in (b"", b"no model", exported.read_bytes()[:900]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"m.pt2: not a file of torch.export, or cut off"):
            import_float(path, _samples(4))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/b", "c")
    path.write_bytes(buffer.getvalue())
    with pytest.raises(InputError, match=r"it holds 0 models of torch.export"):
        import_float(path, _samples(4))

    class Choosing(nn.Module):
        def forward(self, x):
            return x * 2 if x.sum() > 0 else x

    with pytest.raises(InputError, match=r"Choosing: torch.export fails on it: ") as raised:
        import_torch(Choosing(), _samples(4))
    assert "\n" not in str(raised.value)

    class Turned(nn.Module):
        def forward(self, x):
            return x.transpose(0, 1)

    with pytest.raises(InputError, match="it moves the batch, which must stay the first axis"):
        import_torch(Turned(), _samples(4))
    learning = torch.export.export(nn.Sequential(nn.BatchNorm1d(4)).train(), (torch.randn(3, 4),))
    torch.export.save(learning, path)
    with pytest.raises(InputError, match=r"m.pt2: .*model.eval\(\)"):
        import_float(path, _samples(4))
