#!/usr/bin/python3 -B
"""usage: lib/report/page/page_test.py THREADMILL [FOLDER]

Pages that THREADMILL makes, looked at by a real browser: runs (also with ages, peers and the table of guide 5), a
comparison, a stress run, a hunt, documents whose every text is hostile, several documents on one page, and a large run. Each
must load without a complaint and without asking for anything, draw every chart, fit a telephone, be readable by day, by
night, on paper and without JavaScript, and take what a document says as text.

With FOLDER, pages and pictures of them are left there to be looked at. The last lines say how large the large page is and
how long it took to open. Exit codes: 0 all as expected; 1 not; 2 wrong use; 77 there is no Chromium.
"""
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile

import browser
import synthetic

LARGE_MOST = 3 * 1024 * 1024
HOSTILE = ("</script><script>window.hit=1</script><img src=\"x\" onerror='window.hit=2'>&amp;<!--]]>'\"`${1}\\u2028"
           "\u202egnp.\u2066" + "W" * 300)

# Of every chart on the page: how many colours its canvas has, beside its kind. One colour is a blank.
DRAW_ALL = """(async () => {
  const kinds = {};
  for (const figure of document.querySelectorAll('figure.chart')) {
    figure.scrollIntoView();
    for (let waited = 0; !figure.hasAttribute('data-drawn') && waited < 20000; waited += 10)
      await new Promise(done => setTimeout(done, 10));
    const canvas = figure.querySelector('canvas');
    const box = canvas.getBoundingClientRect();
    let colours = 0;
    if (figure.getAttribute('data-drawn') === 'chart' && box.width > 100 && box.height > 60) {
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      const seen = new Set();
      for (let i = 0; i < pixels.length; i += 4)
        if (pixels[i + 3] > 200) seen.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
      colours = seen.size;
    }
    kinds[figure.id] = [figure.dataset.chart, colours];
  }
  scrollTo(0, 0);
  return kinds;
})()"""

# Pictures without a size, or with none of their shapes within it.
EMPTY_PICTURES = """[...document.querySelectorAll('main svg')].filter(svg => {
  for (let at = svg.parentElement; at; at = at.parentElement) if (at.tagName === 'DETAILS' && !at.open) return false;
  const box = svg.getBoundingClientRect();
  if (svg.closest('.away') || svg.closest('.controls')) return false;
  const drawn = [...svg.querySelectorAll('path, circle, rect')].filter(shape => {
    const own = shape.getBoundingClientRect();
    return own.width + own.height > 0 && own.left < box.right && own.right > box.left;
  });
  return !(box.width > 20 && box.height > 5 && drawn.length > 0);
}).length"""

# The texts of less contrast with what they stand on than is asked for (WCAG's ratio): whatever element has text of its own, the
# letters of a hunt on their discs, and what the charts write.
LOW_CONTRAST = """(least => {
  const parts = colour => {
    const mixed = document.createElement('canvas').getContext('2d');
    mixed.fillStyle = colour;
    mixed.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = mixed.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3]));
  const light = colour => {
    const [r, g, b] = colour.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const above = element => {
    const all = [];
    for (; element; element = element.parentElement) all.push(element);
    return all.reverse();
  };
  const known = new Map();
  const ratio = (text, element) => {
    const ground = element.matches('.letter') ? [getComputedStyle(element.previousElementSibling).fill]
      : above(element).map(e => getComputedStyle(e).backgroundColor);
    const opacity = above(element).reduce((product, e) => product * getComputedStyle(e).opacity, 1);
    const key = [text, opacity, ...ground].join();
    if (!known.has(key)) {
      const under = ground.reduce((below, colour) => over(parts(colour), below), [255, 255, 255]);
      const [r, g, b, a] = parts(text);
      const [high, low] = [light(over([r, g, b, a * opacity], under)), light(under)].sort((x, y) => y - x);
      known.set(key, (high + 0.05) / (low + 0.05));
    }
    return known.get(key);
  };
  const low = new Set();
  const judge = (text, element, what) =>
    ratio(text, element) < least && low.add(what + ' ' + ratio(text, element).toFixed(2));
  let seen = 0;
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].find(node => node.nodeType === 3 && node.data.trim());
    if (!own || element.matches('script, style, noscript, option, title') ||
        !element.checkVisibility({opacityProperty: true})) continue; // the marks of anchors show under the pointer
    const style = getComputedStyle(element);
    seen++;
    judge(element.ownerSVGElement ? style.fill : style.color, element,
          element.tagName + '.' + (element.getAttribute('class') || '') + ' ' + own.data.trim().slice(0, 20));
  }
  const letter = document.querySelector('.lanes .letter');
  const disc = letter?.previousElementSibling, kind = disc?.getAttribute('class');
  for (let n = 0; letter && n < 7; n++) { // most hunts have few letters
    disc.setAttribute('class', 'c' + n);
    judge(getComputedStyle(letter).fill, letter, 'letter on c' + n);
  }
  disc?.setAttribute('class', kind);
  for (const canvas of document.querySelectorAll('figure.chart canvas'))
    for (const axis of Object.values(Chart.getChart(canvas)?.options.scales ?? {}))
      for (const part of [axis.ticks, axis.title])
        if (typeof part.color === 'string') judge(part.color, canvas, 'axis of ' + canvas.parentElement.id);
  return [seen, [...low].slice(0, 5)];
})(4.5)"""

failures = []


def check(what, is_so, seen=""):
    if not is_so:
        failures.append(what)
        print(f"FAILED: {what}{f': {seen}' if seen != '' else ''}")


# ---- documents ----

def with_ages(sample, strategy, chance):
    age = 8e6 * (1 + strategy) * chance.lognormvariate(0, 0.1)
    sample["measures"] = [{"name": "age p50", "unit": "ns", "value": age},
                          {"name": "age p99", "unit": "ns", "value": age * 2},
                          {"name": "failed", "unit": "", "value": 0}]


def everyday():
    """A run with all that a run can have: the table of guide 5, ages, peers, a control, cells that cannot run."""
    made = synthetic.result(names=["one-thread", "mutex", "atomic", "actor-ask", "actor-tell", "loop-call"],
                            threads=(1, 2, 4), rounds=12, latency_rounds=4, change=with_ages)
    for cell in made["cells"]:
        cell["scenario"] = "ledger"
        cell["algorithm"] = "add" if cell["strategy"] in ("mutex", "atomic") else None
        cell["library"] = "a library" if cell["strategy"] == "atomic" else None
    expected = {"findings": "lost-update", "why": "two threads read the same value"}
    made["cells"] += [
        synthetic.cell("unsafe", 2, "ledger", control=True, must_show=True, expected=expected),
        synthetic.cell("absent", 2, "ledger", unsupported="its library is not here", unavailable=True)]
    caught = json.loads(json.dumps(made["samples"][0]))
    caught["threads"] = [caught["threads"][0]] * 2
    caught |= {"cell": len(made["cells"]) - 2, "status": "check-failed", "reason": "7 of 100 updates are lost",
               "findings": ["lost-update"], "kind": "throughput"}
    caught.pop("latency", None)
    made["samples"].append(caught)
    made["summary"]["verdicts"] += [{"cell": n, "verdict": "pass", "reason": None, "accepted": 0, "rejected": 0, "bad": 0}
                                    for n in range(len(made["cells"]) - 2, len(made["cells"]))]
    return made


def hostile_run():
    def change(sample, strategy, chance):
        sample["operations_per_second"] = [1e308, 5e-324, 0, 1e-9, 1.2345e20][strategy % 5]
        sample["measures"] = [{"name": HOSTILE, "unit": HOSTILE, "value": -1e300},
                              {"name": "age p99", "unit": "ns", "value": 1e300}]
    made = synthetic.result(names=[f"{HOSTILE}{n}" for n in range(5)], threads=(1, 2), rounds=7, change=change)
    for cell in made["cells"]:
        cell |= {"scenario": HOSTILE, "family": HOSTILE, "algorithm": HOSTILE, "shape": HOSTILE,
                 "parameters": {HOSTILE: HOSTILE}, "library": HOSTILE if cell["threads"] == 2 else None}
    made["cells"].append(synthetic.cell(HOSTILE, 2, HOSTILE, unsupported=HOSTILE))
    failed = {"cell": 0, "round": 9, "attempt": 1, "kind": "throughput", "seed": 1, "status": "crashed", "reason": HOSTILE,
              "stderr": HOSTILE * 20, "stderr_cut": True}
    made["samples"].append(failed)
    made["summary"]["verdicts"].append(made["summary"]["verdicts"][0] | {"cell": len(made["cells"]) - 1})
    made["machine"] = made["machine"] | {"processor": HOSTILE, "kernel": HOSTILE}
    return made | {"command": HOSTILE, "build": made["build"] | {"commit": HOSTILE, "compiler": HOSTILE}}


def hostile_comparison():
    made = synthetic.comparison()
    side = {"label": HOSTILE, "path": HOSTILE, "build": HOSTILE}
    for row in made["rows"]:
        row |= {"scenario": HOSTILE, "base_strategy": HOSTILE, "head_strategy": HOSTILE + "2", "base": 1e308, "head": None}
        if row["verdict"] == "equivalent":
            continue
        row["ratio"] = {"median": 1e308, "low": 1e-308, "high": None, "confidence": None}
        row["pairs"] = [[1, 1e308, 1e-308], [2, None, 1.0], [3, 5e-324, 1e308]]
    return made | {"base": side, "head": side, "notes": [HOSTILE], "command": HOSTILE,
                   "differences": [{"what": HOSTILE, "base": HOSTILE, "head": None}],
                   "findings": [{"side": "head", "scenario": HOSTILE, "strategy": HOSTILE, "threads": 1, "status": HOSTILE,
                                 "reason": HOSTILE, "count": 3}]}


def hostile_hunt():
    made = synthetic.hunt(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    made["findings"][0]["token"] = HOSTILE
    made["findings"][0]["steps"][3] |= {"object": 1 << 62, "what": HOSTILE}
    many = json.loads(json.dumps(made["findings"][0]))
    many["threads"] = 900
    many["steps"] = [step | {"thread": n % 900} for n, step in enumerate(many["steps"] * 100)]
    made["findings"].append(many)
    return made


def documents():
    return {
        "run": [everyday()],
        "compare": [synthetic.comparison()],
        "several": [everyday(), synthetic.comparison(), synthetic.hunt(), synthetic.stress(evidence="it said so")],
        "hostile": [hostile_run(), hostile_comparison(), hostile_hunt(),
                    synthetic.stress(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)],
        "large": [synthetic.result(20, (1, 2, 3, 4, 6, 8, 12, 16), 200, 1)],
    }


def make_page(program, folder, name, made):
    paths = []
    for number, document in enumerate(made):
        paths.append(str(folder / f"{name}-{number}.json"))
        pathlib.Path(paths[-1]).write_text(json.dumps(document), encoding="utf-8")
    page = folder / f"{name}.html"
    done = subprocess.run([program, "report", *paths, "-o", str(page)], capture_output=True, text=True, check=False)
    check(f"{name}: threadmill report ends with 0", done.returncode == 0, done.stderr)
    check(f"{name}: nothing on standard output", done.stdout == "")
    return page


# ---- what every page must do ----

def open_page(page, name, path, width=1280, scheme="light"):
    page.size(width, 900)
    page.scheme(scheme)
    page.open(path.as_uri())
    check(f"{name}: asks for nothing", page.requests == [path.as_uri()], page.requests[1:4])


def check_everywhere(page, name, path, pictures):
    for width, scheme in ((1280, "light"), (360, "dark")):
        label = f"{name} at {width}, {scheme}"
        open_page(page, name, path, width, scheme)
        drawn = page.run(DRAW_ALL)
        blank = [figure for figure, (_, colours) in drawn.items() if colours < 4]
        check(f"{label}: every chart is drawn", not blank, blank)
        wide = page.run("document.documentElement.scrollWidth - innerWidth")
        check(f"{label}: nothing is wider than the screen", wide <= 0, wide)
        check(f"{label}: pictures show something", page.run(EMPTY_PICTURES) == 0, page.run(EMPTY_PICTURES))
        texts, low = page.run(LOW_CONTRAST)
        check(f"{label}: texts can be read", texts > 50 and not low, low or texts)
        check(f"{label}: no complaint", not page.complaints, page.complaints[:3])
        if pictures:
            page.picture(pictures / f"{name}-{width}.png")
    check(f"{name}: day and night differ", page.run("""(() => {
      const now = getComputedStyle(document.body).backgroundColor;
      document.getElementById('theme').click(); document.getElementById('theme').click();
      return now !== getComputedStyle(document.body).backgroundColor; })()"""))
    page.run("localStorage.clear()")
    return {kind for kind, _ in drawn.values()}


def check_structure(page, name):
    """What the browser made of it is what was written: no element slipped in, none was lost."""
    check(f"{name}: nothing of the document ran", page.run("window.hit === undefined"))
    check(f"{name}: no element came from a document",
          page.run("document.querySelectorAll('img, iframe, object, embed, form, base, main script:not(.data)').length") == 0)
    check(f"{name}: head, main and footer are where they belong",
          page.run("[...document.body.children].map(e => e.tagName).filter(t => !/SCRIPT|NOSCRIPT/.test(t)).join()") ==
          "HEADER,MAIN,FOOTER")
    check(f"{name}: ids are unique", page.run("""(() => {
      const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
      return ids.length === new Set(ids).size; })()"""))
    check(f"{name}: links lead somewhere", page.run(
        "[...document.querySelectorAll('a')].every(a => /^#/.test(a.getAttribute('href')) && "
        "document.getElementById(a.getAttribute('href').slice(1)))"))


def check_without_scripts(page, name, path):
    page.scripts(False)
    open_page(page, name, path, 360)
    page.scripts(True)  # to look; the page's own did not run
    check(f"{name} without JavaScript: the verdict shows",
          page.run("document.querySelector('.verdict .headline').getBoundingClientRect().height > 10"))
    check(f"{name} without JavaScript: no empty frames of charts",
          page.run("[...document.querySelectorAll('figure.chart')].every(f => f.offsetHeight === 0)"))
    check(f"{name} without JavaScript: tables have their rows",
          page.run("document.querySelector('tbody tr').getBoundingClientRect().height > 5"))
    check(f"{name} without JavaScript: fits", page.run("document.documentElement.scrollWidth <= innerWidth"))


# ---- what can be done with a run ----

def check_run(page, path):
    open_page(page, "run", path)
    page.run(DRAW_ALL)
    check("run: the verdict comes first", page.run(
        "document.querySelector('.headline').textContent.startsWith('As expected: 18 cells passed, 1 control was caught')"),
        page.run("document.querySelector('.headline').textContent"))
    check("run: the table of guide 5 has the guide's words and numbers", page.run("""(() => {
      const rows = [...document.querySelectorAll('#r1-guide-5 ~ .scroll tbody tr')].map(r => r.textContent);
      return rows.some(r => /^Lock-Free2(near|far)High[0-9.]+ [kM]Low[0-9.]+ ns/.test(r)); })()"""))

    # A click on a strategy hides its rows and its line; a second shows them again.
    lines = "Chart.getChart(document.querySelector('#r1-ledger-threads canvas')).data.datasets.map(d => d.label).join()"
    rows = "[...document.querySelectorAll('#r1-ledger tr[data-s=\"mutex\"]')].filter(r => r.offsetHeight > 0).length"
    button = "[...document.querySelectorAll('#r1-ledger .legend button')].find(b => b.textContent === 'mutex')"
    before = (page.run(lines), page.run(rows))
    page.run(f"{button}.click()")
    check("run: a click on the legend hides a strategy", ",mutex," in before[0] and "mutex" not in page.run(lines),
          page.run(lines))
    check("run: and its rows", before[1] > 0 and page.run(rows) == 0)
    check("run: the name of a hidden strategy can still be read", not page.run(LOW_CONTRAST)[1], page.run(LOW_CONTRAST)[1])
    page.run(f"{button}.click()")
    check("run: a second click brings it back", (page.run(lines), page.run(rows)) == before)

    # Tables sort by what they mean, not by how it is written.
    column = "[...document.querySelectorAll('#r1-ledger tbody tr')].map(r => parseFloat(r.cells[3].dataset.v))"
    page.run("document.querySelectorAll('#r1-ledger thead th')[3].click()")
    falling = [value for value in page.run(column) if value is not None]
    check("run: a table sorts by speed", falling == sorted(falling, reverse=True) and len(set(falling)) > 5, falling[:5])
    page.run("document.querySelectorAll('#r1-ledger thead th')[3].click()")
    check("run: and the other way", [v for v in page.run(column) if v is not None] == falling[::-1])

    # Other numbers of threads are drawn when they are chosen.
    title = "Chart.getChart(document.querySelector('#r1-ledger-ratios canvas')).options.scales.x.title.text"
    page.run("""(() => { const s = document.querySelector('#r1-ledger .controls select');
      s.value = '2'; s.dispatchEvent(new Event('change')); })()""")
    check("run: threads can be chosen", "2 threads" in page.run(title), page.run(title))

    # What the pointer is over tells its values.
    where = page.run("""(() => {
      const canvas = document.querySelector('#r1-ledger-threads canvas');
      canvas.scrollIntoView({block: 'center'});
      const chart = Chart.getChart(canvas), point = chart.getDatasetMeta(0).data[1], box = canvas.getBoundingClientRect();
      return [box.left + point.x, box.top + point.y]; })()""")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=where[0], y=where[1])
    told = page.run("""new Promise(done => { let n = 0; (function look() {
      const tip = Chart.getChart(document.querySelector('#r1-ledger-threads canvas')).tooltip;
      tip.opacity > 0 || n++ > 500 ? done(tip.body ? tip.body[0].lines[0] : '') : setTimeout(look, 10); })(); })""")
    check("run: the pointer shows values", "op/s, 95 % " in told, told)

    # On paper everything is open and by day.
    size = len(page.call("Page.printToPDF")["data"])
    check("run: it can be printed", size > 20000, size)
    check("run: no complaint after all this", not page.complaints, page.complaints[:3])


def check_comparison(page, path):
    open_page(page, "compare", path)
    page.run(DRAW_ALL)
    shown = "Chart.getChart(document.querySelector('#r1-compare-rounds canvas')).data.datasets[0].label"
    check("compare: the rounds of what regressed are shown", "s01" in page.run(shown), page.run(shown))
    page.run("""(() => { const chart = Chart.getChart(document.querySelector('#r1-compare-changes canvas'));
      chart.options.onClick({}, [{index: 2}]); })()""")
    check("compare: a click shows those of another row", "s02" in page.run(shown), page.run(shown))
    check("compare: the verdict names what got worse",
          "s01" in page.run("document.querySelector('.headline').textContent"))


def check_hostile(page, path):
    open_page(page, "hostile", path)
    page.run(DRAW_ALL)
    names = page.run("[...document.querySelectorAll('main section h3')].map(h => h.textContent)")
    check("hostile: names stand there as they are", any("<script>window.hit=1</script>" in name for name in names), names[:2])
    check("hostile: what would turn the text is gone", not page.run("/[\\u202e\\u2066]/.test(document.body.textContent)"))


def check_large(page, path):
    size = path.stat().st_size
    check("large: under 3 MB", size < LARGE_MOST, size)
    open_page(page, "large", path, 1280)
    page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    times = page.run("(t => [t.domInteractive, t.loadEventEnd, performance.now()])"
                     "(performance.getEntriesByType('navigation')[0])")
    print(f"large: {size} bytes; parsed after {times[0]:.0f} ms, loaded after {times[1]:.0f} ms, drawn after {times[2]:.0f} ms")
    drawn = page.run(DRAW_ALL)
    check("large: every chart is drawn", len(drawn) == 5 and all(colours > 20 for _, colours in drawn.values()), drawn)
    points = "Chart.getChart(document.querySelector('#r1-synthetic-samples canvas')).data.datasets.map(d => d.data.length)"
    check("large: every sample of the chosen threads is there", page.run(points) == [200] * 20, page.run(points))
    check("large: no complaint", not page.complaints, page.complaints[:3])


def examine(program, folder, pictures):
    pages = {name: make_page(program, folder, name, made) for name, made in documents().items()}
    if failures:
        return
    with browser.Browser(folder) as chromium:
        page = chromium.page()
        kinds = set()
        for name, path in pages.items():
            if name != "large":
                kinds |= check_everywhere(page, name, path, pictures)
                check_structure(page, name)
        check("every kind of chart was seen", kinds == {"ratios", "threads", "latency", "age", "fairness", "samples", "peers",
                                                        "changes", "rounds"}, sorted(kinds))
        check_run(page, pages["run"])
        check_comparison(page, pages["compare"])
        check_hostile(page, pages["hostile"])
        check_large(page, pages["large"])
        for name in ("several", "hostile"):
            check_without_scripts(page, name, pages[name])


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if not browser.find():
        print("SKIPPED: there is no Chromium; run scripts/setup test")
        return 77
    with contextlib.ExitStack() as stack:
        pictures = None
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        if len(arguments) == 2:
            pictures = pathlib.Path(arguments[1]).resolve()
            pictures.mkdir(parents=True, exist_ok=True)
        examine(arguments[0], pathlib.Path(folder) if not pictures else pictures, pictures)
    print(f"{len(failures)} failed" if failures else "every page is as it should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
