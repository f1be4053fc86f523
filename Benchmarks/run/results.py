"""The figures of a run, their medians and ratios, as a table and as JSON."""

import statistics

from .rows import ROWS


class Results:
    def __init__(self):
        #: By row and system, a figure for each round.
        self.samples = {}

    def add(self, row, system, figure):
        if row not in ROWS:
            raise KeyError(f"no row {row}")
        self.samples.setdefault(row, {}).setdefault(system, []).append(figure)

    def summary(self):
        """For each row: the medians by system, `ratio_<peer>`, and the targets with whether they are met."""
        return {row: self._summary(row, self.samples[row]) for row in ROWS if row in self.samples}

    def _summary(self, row, by_system):
        summary = {system: _rounded(statistics.median(figures)) for system, figures in by_system.items()}
        for peer, figures in by_system.items():
            if peer == "martlet" or "martlet" not in by_system:
                continue
            # Rounds are paired: what slows the machine down for a while slows both.
            ratios = [own / theirs for own, theirs in zip(by_system["martlet"], figures) if theirs]
            if ratios:
                summary[f"ratio_{peer}"] = _rounded(statistics.median(ratios))
        targets = [target for target in _targets(ROWS[row], summary)]
        if targets:
            summary["targets"] = targets
        summary["unit"] = ROWS[row].unit
        return summary

    def table(self):
        lines = []
        for row, summary in self.summary().items():
            lines.append(f"{ROWS[row].title} [{row}]")
            for system in self.samples[row]:
                ratio = summary.get(f"ratio_{system}")
                against = f"martlet is {ratio:g} ×" if ratio is not None else ""
                lines.append(f"    {system:<14}{_shown(summary[system]):>14} {ROWS[row].unit:<10} {against}".rstrip())
            for target in summary.get("targets", []):
                lines.append(f"    {'met' if target['met'] else 'MISSED':<8}{target['target']}")
        return "\n".join(lines)

    def counts(self):
        targets = [target for summary in self.summary().values() for target in summary.get("targets", [])]
        return sum(target["met"] for target in targets), len(targets)


def _targets(row, summary):
    for peer, bound in row.least.items():
        ratio = summary.get(f"ratio_{peer}")
        if ratio is not None:
            yield {"target": f"≥ {bound:g} × {peer}", "met": ratio >= bound}
    for peer, bound in row.most.items():
        ratio = summary.get(f"ratio_{peer}")
        if ratio is not None:
            yield {"target": f"≤ {bound:g} × {peer}", "met": ratio <= bound}
    own = summary.get("martlet")
    if row.at_least is not None and own is not None:
        yield {"target": f"≥ {row.at_least:g} {row.unit}".strip(), "met": own >= row.at_least}
    if row.at_most is not None and own is not None:
        yield {"target": f"≤ {row.at_most:g} {row.unit}".strip(), "met": own <= row.at_most}


def _rounded(figure):
    return float(f"{figure:.4g}")


def _shown(figure):
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:g}"
