"""convshape's runner, and rounds of runs that take turns."""

import argparse
import math
import os
import pathlib
import statistics
import subprocess
import time

FOLDER = pathlib.Path(__file__).parent
# A round of each library lasts about as long, in seconds, and has at least so many runs.
ROUND = 0.06
LEAST_RUNS = 4


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--profile", action="store_true", help="print each layer's time in convshape (ONNX files)")
    parser.add_argument("names", nargs="*", help="the networks; all, if none is named")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    return options


class Runner:
    """The program `convshape-peers`."""

    def __init__(self):
        command = ["cargo", "build", "--release", "--quiet"]
        subprocess.run(command, cwd=FOLDER, check=True)
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", FOLDER / "target"))
        program = target / "release" / "convshape-peers"
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([program], stdin=pipe, stdout=pipe, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"the runner stopped at `{line}`")
        return answer

    def time(self, runs):
        return float(self.ask(f"time {runs}"))


def timer(run):
    """A function that gives the seconds of the fastest of some runs."""

    def fastest(runs):
        best = math.inf
        for _ in range(runs):
            start = time.perf_counter()
            run()
            best = min(best, time.perf_counter() - start)
        return best

    return fastest


def compare(name, ours, peers, rounds):
    """Times all in turn and prints a line. Returns the ratio of the best peer's time to ours. Of each peer it is the
    median over the rounds: a machine that is slow for a while is slow for all."""
    timers = [ours, *peers.values()]
    runs = [max(LEAST_RUNS, int(ROUND / timer(2))) for timer in timers]
    found = [[timer(count) for timer, count in zip(timers, runs)] for _ in range(rounds)]
    own, *others = zip(*found)
    ratio = min(statistics.median(peer / us for peer, us in zip(other, own)) for other in others)
    least = [1e3 * min(column) for column in (own, *others)]
    times = "  ".join(f"{peer} {ms:8.2f} ms" for peer, ms in zip(["convshape", *peers], least))
    print(f"{name:16} {times}  ratio {ratio:.2f}", flush=True)
    return ratio


def finish(ratios):
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    behind = sum(ratio < 1 for ratio in ratios)
    print(f"geometric mean {mean:.2f}, behind the best peer in {behind} of {len(ratios)}")
