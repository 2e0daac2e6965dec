"""Pairs of samples of one run: two strategies in the same round, with the processors equally far apart (mode). What scripts/peers and
scripts/locks tell of is the median of the ratios of such pairs."""
import math
import statistics


def values_of(result, kind, threads=None):
    """By strategy: {(round, mode): value} of the samples that count, of so many threads if that is said; larger is better."""
    if kind == "latency":
        rows = result["summary"]["rows"]
        return {row["strategy"]: {(0, row["mode"]): 1e9 / row["latency_ns"]["p50"]} for row in rows
                if row.get("latency_ns") and row["latency_ns"]["p50"]}
    values = {}
    for sample in result["samples"]:
        cell = result["cells"][sample["cell"]]
        counts = sample["kind"] == kind and sample["status"] == "ok" and sample["operations_per_second"]
        if counts and threads in (None, cell["threads"]):
            values.setdefault(cell["strategy"], {})[(sample["round"], sample["mode"])] = sample["operations_per_second"]
    return values


def interval(ratios):
    """The 95% interval of the median by the sign test, or None where there are too few."""
    count, tail, rank = len(ratios), 0.0, 0
    while rank < count // 2 and 2 * (tail + math.comb(count, rank) / 2 ** count) <= 0.05:
        tail += math.comb(count, rank) / 2 ** count
        rank += 1
    ordered = sorted(ratios)
    return (ordered[rank - 1], ordered[count - rank]) if rank > 0 else None


def compare(ours, peer):
    """The median of ours / peer with its interval, in words."""
    ratios = [value / peer[place] for place, value in ours.items() if place in peer]
    if not ratios:
        return "never measured in one round and mode"
    text = f"{statistics.median(ratios):.2f}"
    bounds = interval(ratios)
    return text + (f" ({bounds[0]:.2f} to {bounds[1]:.2f}, {len(ratios)} rounds)" if bounds else f" ({len(ratios)} in common, too few for an interval)")
