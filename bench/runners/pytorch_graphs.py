"""PyTorch on a GPU with the whole training step in a CUDA graph: one launch a step."""

from __future__ import annotations

from typing import Any

from bench.runners import _harness, pytorch


class Runner(pytorch.Runner):
    """The loop of `pytorch`, recorded once; a step copies the rows' numbers and replays it."""

    KINDS = ("train",)
    DEVICES = ("cuda",)
    SETTINGS = {"optimizer": "foreach"}  # noqa: RUF012

    def build(self) -> None:
        import torch

        super().build()
        self.rows = torch.zeros(self.workload.batch_size, dtype=torch.int64, device=self.device)
        self.total = torch.zeros((), device=self.device)
        before = [p.detach().clone() for p in self.model.parameters()]
        side = torch.cuda.Stream()  # warmed up on another stream, as the documentation asks
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self._step()
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(self.graph):
            self._step()
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), before, strict=True):
                parameter.copy_(value)

    def _step(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._loss(self.x[self.rows], self.y[self.rows])
        loss.backward()
        self.optimizer.step()
        self.total += loss.detach()

    def epoch(self) -> None:
        import torch

        order: Any = torch.randperm(len(self.x), device=self.device)
        self.total.zero_()
        # Whole batches only, as every training workload has them: a graph's shapes are fixed.
        for rows in order.view(-1, self.workload.batch_size):
            self.rows.copy_(rows)
            self.graph.replay()
        self.mean_loss = float(self.total) * self.workload.batch_size / len(order)


if __name__ == "__main__":
    _harness.main(Runner)
