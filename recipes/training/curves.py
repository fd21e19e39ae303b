"""What a person looks at while a router is trained, and afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm_agent.log import rank

if TYPE_CHECKING:
    pass


class Curves:
    """What a person looks at: curves.jsonl as the run goes, curves.png at its end.

    A run that resumes at step `first` drops what the killed one wrote after its last state: it comes again.
    """

    def __init__(self, folder: Path, first: int) -> None:
        self.path = folder / "curves.jsonl"
        rows = [row for row in self.rows() if row["step"] <= first]
        self.best = max((row["best"] for row in rows if "best" in row), default=-1.0)
        if rank() == 0:
            folder.mkdir(parents=True, exist_ok=True)
            partial = self.path.with_suffix(".partial")
            partial.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
            partial.replace(self.path)

    def rows(self) -> list[dict[str, Any]]:
        """Every row but one that a killed run left half-written."""
        if not self.path.is_file():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def write(self, row: dict[str, Any]) -> None:
        if rank() == 0:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    @staticmethod
    def score(figures: dict[str, float | None]) -> float:
        """What "best" means: the mean of decision, whole call and joint goal."""
        values = [figures[name] or 0.0 for name in ("decision_accuracy", "call_exact", "joint_goal_accuracy")]
        return sum(values) / len(values)

    def draw(self) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        rows = self.rows()
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4), layout="constrained")
        losses = [row for row in rows if "loss" in row]
        names = list(losses[-1]["loss"]) if losses else []
        objectives = list(dict.fromkeys(name.split("/")[0] for name in names))
        for name in names:
            objective, step = name.split("/")
            left.plot(
                [row["step"] for row in losses],
                [row["loss"].get(name) for row in losses],
                label=name,
                lw=1,
                color=f"C{objectives.index(objective)}",
                ls=("-", "--", ":", "-.")[(int(step) - 1) % 4],
            )
        left.set(xlabel="step", ylabel="loss (objective/supervision step)", yscale="log")
        left.legend(fontsize=6)
        checks = [row for row in rows if "validation" in row]
        for name in checks[-1]["validation"] if checks else ():
            right.plot(
                [row["step"] for row in checks], [row["validation"][name] for row in checks], marker=".", label=name
            )
        right.set(xlabel="step", ylabel="own state, validation dialogues", ylim=(0, 1))
        if checks:
            right.legend(fontsize=7)
        figure.savefig(self.path.with_suffix(".png"), dpi=120)
        pyplot.close(figure)
