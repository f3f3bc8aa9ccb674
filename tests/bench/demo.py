"""What the demo costs: `python -m tests.bench.demo`, which is `make bench-demo`.

Sizes of what a page loads, training and generation in Python on 60,000 tokens, and in Chromium, with its processor
slowed down four times, how long after the model file's arrival the demo can answer, how long a distribution takes, and
how long the demo keeps the page waiting while it plays.
Seconds on different machines do not compare: with each goes its ratio to a plain loop, timed in the same run.
"""

from __future__ import annotations

import ast
import gzip
import json
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from playwright.sync_api import Browser, expect

from sitegen.ngram import Model, Ranking, Sampler, generate, pack, pieces, sentences
from tests.browser.conftest import compressed, launched, served, watched
from tests.browser.pages import TERM, awake, control, more, said

PROJECT = Path(__file__).parents[2]
TOKENS, ORDER, ROUNDS, SLOWDOWN = 60_000, 5, 7, 4

# Linux counts the parent's memory as the child's own until it is replaced; the kernel's high-water mark does not.
_PEAK = """
import json, pathlib, resource, sys
from sitegen.ngram import Model
Model({order}, json.load(sys.stdin))
status = pathlib.Path("/proc/self/status")
if status.exists():
    print(next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM")))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2)
"""
_READY = """async ([folder, file, order]) => {
  const engine = await import(folder + "engine.js");
  const bytes = await (await fetch(file)).arrayBuffer();
  const start = performance.now();
  const corpus = await engine.readCorpus(new Response(bytes).body);
  const model = new engine.Model(corpus, order);
  const history = [...corpus.tokens.subarray(0, order)];
  model.offer(history);
  const ready = performance.now() - start;
  const each = [];
  for (let place = 0; place + order < corpus.length && each.length < 200; place += 97) {
    const words = [...corpus.tokens.subarray(place, place + order - 1)];
    const history = words.slice(words.lastIndexOf(corpus.END) + 1);
    const start = performance.now();
    model.distribution(history);
    each.push(performance.now() - start);
  }
  each.sort((a, b) => a - b);
  return [ready, each[each.length >> 1], each[Math.floor(each.length * 0.95)]];
}"""

_LONGEST = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => { for (const e of list.getEntries()) window.longest = Math.max(window.longest, e.duration); })
    .observe({ type: "longtask" });
}"""


def docstrings(limit: int) -> list[list[str]]:
    """Real prose that every machine has: sentences of the standard library's own docstrings, up to so many tokens."""
    found: dict[tuple[str, ...], None] = {}
    left = limit
    for file in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        for sentence in _sentences(ast.parse(file.read_bytes())):
            if len(sentence) > 3 and sentence not in found:
                left -= len(sentence) + 1
                if left < 0:
                    return [list(each) for each in found]
                found[sentence] = None
    return [list(each) for each in found]


def _sentences(module: ast.Module) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(module):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                if ">>>" not in paragraph:
                    yield from (tuple(pieces(each)) for each in sentences(paragraph))


def median_seconds(work: Callable[[], object]) -> float:
    """The median of several runs."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def yardstick() -> int:
    """A plain loop: a million additions."""
    total = 0
    for i in range(1_000_000):
        total += i
    return total


def python_figures(corpus: list[list[str]]) -> Iterator[str]:
    """Training and generating."""
    unit = median_seconds(yardstick)
    training = median_seconds(lambda: Model(ORDER, corpus))
    ranking = Ranking(Model(ORDER, corpus))
    drawing = median_seconds(lambda: list(islice(generate(ranking, ["the"], Sampler(0.8), 1), 1000)))
    whole = median_seconds(
        lambda: [list(draw.offer.ranked()) for draw in islice(generate(ranking, ["the"], Sampler(1), 1), 200)]
    )
    done = subprocess.run(
        [sys.executable, "-c", _PEAK.format(order=ORDER)], input=json.dumps(corpus), capture_output=True, text=True, check=True,
        cwd=PROJECT,
    )  # fmt: skip
    yield f"training, order {ORDER}              {training:.2f} s ({training / unit:.1f} yardsticks; 0.5 s at most)"
    yield f"peak memory of that process    {float(done.stdout):.0f} MB (200 at most)"
    yield f"drawing                        {1000 / drawing:,.0f} tokens a second ({drawing / 1000 / unit:.4f} yardsticks each)"
    yield f"with every word ranked         {200 / whole:,.0f} tokens a second (200 at least)"


def model_file(corpus: list[list[str]]) -> bytes:
    """A model file of one entry, as a site with so much prose would have."""
    vocabulary, tokens = pack(corpus)
    header = {
        "entries": [["terms/a/", "A"]], "sentences": [0, len(corpus)], "vocabulary": len(vocabulary),
        "discounts": {ORDER: Model(ORDER, corpus).discounts},
    }  # fmt: skip
    return gzip.compress(json.dumps(header).encode() + b"\n" + vocabulary + tokens, 9, mtime=0)


def browser_figures(browser: Browser, address: str, folder: str, name: str, order: int) -> Iterator[str]:
    """Fresh pages, so that nothing is compiled beforehand."""
    for slowdown in (1, SLOWDOWN):
        found = []
        for _ in range(ROUNDS):
            page = browser.new_page()
            page.goto(f"{address}404.html")
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
            found.append(page.evaluate(_READY, [folder, f"{address}{name}", order]))
            page.close()
        ready, middle, high = (statistics.median(times) for times in zip(*found, strict=True))
        yield f"{name}, order {order}, {slowdown}x: ready in {ready:.0f} ms, a distribution in {middle:.2f} ms (95 %: {high:.2f})"


def playing(browser: Browser, address: str) -> float:
    """The longest task in milliseconds, 0 below 50, while the demo plays with everything folded out: a median of fresh pages."""
    found = []
    for _ in range(ROUNDS):
        with watched(browser, address) as visit:
            page = visit(TERM)
            awake(page)
            more(page)
            page.locator(".why summary").press("Enter")
            control(page, "step").press("Enter")
            page.wait_for_timeout(300)
            page.evaluate(_LONGEST)
            control(page, "play").press("Enter")
            expect(said(page)).to_contain_text("Stopped after", timeout=20_000)
            found.append(page.evaluate("window.longest"))
    return statistics.median(found)


def main() -> None:
    """Measure and print."""
    corpus = docstrings(TOKENS)
    print(f"Python, {sum(len(sentence) + 1 for sentence in corpus):,} tokens of prose, medians of {ROUNDS}")
    for line in python_figures(corpus):
        print(" ", line)
    with tempfile.TemporaryDirectory() as temporary:
        site = Path(temporary) / "site"
        subprocess.run(
            [sys.executable, "-m", "sitegen", "build", "--out", site], cwd=PROJECT, check=True, capture_output=True
        )
        (assets,) = (site / "assets").iterdir()
        (site / "large.bin").write_bytes(model_file(corpus))
        sizes = {script.name: len(compressed(script)) for script in sorted(assets.glob("*.js"))}
        demo = sum(size for name, size in sizes.items() if name not in ("engine.js", "site.js"))
        print("\nSizes in bytes, gzip -9")
        print(
            f"  engine.js {sizes['engine.js']:,} (2,048 at most); the rest of the demo {demo:,} (8,192 at most): {sizes}"
        )
        print(
            f"  the shipped model {(site / 'model.bin').stat().st_size:,}, one of {TOKENS:,} tokens {(site / 'large.bin').stat().st_size:,} (75,000 at most)"
        )
        print(f"\nChromium, medians of {ROUNDS} fresh pages; ready within 60 ms, a distribution within 2 ms")
        with served(site) as address, launched() as browser:
            for name, order in (("model.bin", 4), ("large.bin", ORDER)):
                for line in browser_figures(browser, address, f"{address}assets/{assets.name}/", name, order):
                    print(" ", line)
            print(f"  the longest task while it plays {playing(browser, address):.0f} ms (0 stands for less than 50; 50 at most)")


if __name__ == "__main__":
    main()
