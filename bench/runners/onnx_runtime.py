"""ONNX Runtime: predictions only, of the network written as an ONNX graph."""

from __future__ import annotations

from typing import Any

from bench.runners import _harness


class Runner(_harness.Runner):
    """Gemm, Relu and Softmax nodes; the calling thread is one of the pool's."""

    PACKAGES = {"onnxruntime": "onnxruntime", "onnx": "onnx"}  # noqa: RUF012
    IMPORT = "import onnxruntime"
    KINDS = ("predict", "import")

    def build(self) -> None:
        """Wait for the weights: they are part of the graph."""

    def set_weights(self, weights: list[Any]) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = ort.InferenceSession(
            _graph(weights), options, providers=["CPUExecutionProvider"]
        )

    def predict(self, x: Any) -> Any:
        return self.session.run(None, {"x": x})[0]


def _graph(weights: list[Any]) -> bytes:
    """Return the network as a serialised ONNX model with input x (n, in) and output y (n, 10)."""
    from onnx import TensorProto, checker, helper, numpy_helper

    last = len(weights) // 2 - 1
    nodes, name = [], "x"
    for layer in range(last + 1):
        inputs = [name, f"kernel{layer}", f"bias{layer}"]
        nodes.append(helper.make_node("Gemm", inputs, [f"z{layer}"]))
        name = "y" if layer == last else f"a{layer}"
        kind, options = ("Softmax", {"axis": 1}) if layer == last else ("Relu", {})
        nodes.append(helper.make_node(kind, [f"z{layer}"], [name], **options))
    names = [f"{part}{layer}" for layer in range(last + 1) for part in ("kernel", "bias")]
    constants = [numpy_helper.from_array(w, n) for w, n in zip(weights, names, strict=True)]
    shape = {"x": weights[0].shape[0], "y": weights[-1].shape[0]}
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", shape[n]]) for n in "xy")
    graph = helper.make_graph(nodes, "mlp", [x], [y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    return model.SerializeToString()


if __name__ == "__main__":
    _harness.main(Runner)
