"""PyTorch, with a training loop written by hand over tensors that are in memory."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from bench.runners import _harness


class Runner(_harness.Runner):
    """The usual loop: gather a batch, forward, loss, backward, `torch.optim.SGD`."""

    PACKAGES = {"torch": "torch"}  # noqa: RUF012
    IMPORT = "import torch"
    DEVICES = ("cpu", "cuda")
    PRODUCTS_ON_GPU = "tf32"
    SETTINGS = {"compile": False, "optimizer": "foreach", "gather": "batch"}  # noqa: RUF012

    @classmethod
    def gpu(cls) -> str:
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else ""

    def build(self) -> None:
        import torch

        if self.device == "cuda":
            allow_tf32()
        torch.set_num_threads(self.threads)
        torch.set_num_interop_threads(1)
        torch.manual_seed(0)
        sizes = self.workload.sizes
        layers: list[Any] = []
        for inputs, units in pairwise(sizes):
            layers += [torch.nn.Linear(inputs, units), torch.nn.ReLU()]
            torch.nn.init.xavier_uniform_(layers[-2].weight)
            torch.nn.init.zeros_(layers[-2].bias)
        self.model = torch.nn.Sequential(*layers[:-1]).to(self.device)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            self.workload.learning_rate,
            **({} if self.settings["optimizer"] == "plain" else {self.settings["optimizer"]: True}),
        )
        self.step = torch.compile(self._loss) if self.settings.get("compile") else self._loss
        self.x = torch.from_numpy(self.samples(self.data.x_train)).to(self.device)
        self.y = torch.from_numpy(self.data.y_train.astype("int64")).to(self.device)

    def _loss(self, x: Any, y: Any) -> Any:
        import torch

        return torch.nn.functional.cross_entropy(self.model(x), y)

    def epoch(self) -> None:
        import torch

        order = torch.randperm(len(self.x), device=self.device)
        x, y = self.x, self.y
        whole = self.settings["gather"] == "epoch"
        if whole:
            x, y = x[order], y[order]
        batch, total = self.workload.batch_size, torch.zeros((), device=self.device)
        for start in range(0, len(order), batch):
            rows = slice(start, start + batch) if whole else order[start : start + batch]
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.step(x[rows], y[rows])
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        self.mean_loss = float(total) * batch / len(order)  # waits for the GPU

    def set_weights(self, weights: list[Any]) -> None:
        import torch

        linear = [layer for layer in self.model if isinstance(layer, torch.nn.Linear)]
        with torch.no_grad():
            for layer, kernel, bias in zip(linear, weights[::2], weights[1::2], strict=True):
                layer.weight.copy_(torch.from_numpy(kernel.T))
                layer.bias.copy_(torch.from_numpy(bias))

    def predict(self, x: Any) -> Any:
        import torch

        with torch.inference_mode():
            logits = self.model(torch.from_numpy(x).to(self.device))
            return torch.softmax(logits, dim=1).cpu().numpy()


def allow_tf32() -> None:
    """Let a GPU's tensor cores do float32 products, with factors rounded to 11 bits."""
    import torch

    torch.set_float32_matmul_precision("high")


if __name__ == "__main__":
    _harness.main(Runner)
