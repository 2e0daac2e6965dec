// Does an independent implementation read what we write, and do we read what it writes? The other one is
// hdr-histogram-js (the plain JavaScript histograms, not the WebAssembly ones).
//
//     node histogram_log_test.mjs PATH/TO/histogram_log_exchange [SEED]
//
// Exits with 77 (skipped) when the package is not installed: `npm ci --ignore-scripts` in the top folder does that.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

const SKIPPED = 77;
const HIGHEST = 3_600_000_000_000;
const BITS = 64; // of a count: JavaScript's numbers, exact up to 2^53

const [exchange, seedGiven] = process.argv.slice(2);
if (!exchange) {
  console.error("usage: node histogram_log_test.mjs PATH/TO/histogram_log_exchange [SEED]");
  process.exit(2);
}
const seed = seedGiven ?? "20240521";

let hdr;
try {
  hdr = (await import("hdr-histogram-js")).default;
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.log("skipped: hdr-histogram-js is not installed; run `npm ci --ignore-scripts` in the top folder");
  process.exit(SKIPPED);
}

function run(args, input = "") {
  return execFileSync(exchange, args, { input, encoding: "utf8", maxBuffer: 1 << 28 });
}

// `facts` is what our side says of the histogram that `theirs` is.
function assertSame(theirs, facts, name) {
  assert.equal(theirs.totalCount, facts.count, `${name}: count`);
  assert.ok(facts.percentiles.length > 10, `${name}: percentiles to compare`);
  for (const [percent, value] of facts.percentiles) {
    assert.equal(theirs.getValueAtPercentile(percent), value, `${name}: p${percent}`);
  }
  const [lastPercent, maximum] = facts.percentiles.at(-1);
  assert.equal(lastPercent, 100);
  assert.equal(theirs.highestEquivalentValue(theirs.maxValue), maximum, `${name}: maximum`);
  const tolerance = 1e-9 * facts.mean; // ours is exact, theirs is a sum of rounded numbers
  assert.ok(Math.abs(theirs.mean - facts.mean) <= tolerance, `${name}: mean ${theirs.mean} and ${facts.mean}`);
}

function theyReadOurLog() {
  const log = run(["write", seed]);
  const expected = JSON.parse(run(["expect", seed]));
  assert.match(log, /^#\[Histogram log format version 1\.3\]$/m);
  const tags = expected.map(({ tag }) => tag);
  assert.deepEqual(new Set(hdr.listTags(log)), new Set(tags.map((tag) => tag ?? "NO TAG")));

  const reader = new hdr.HistogramLogReader(log, BITS, false);
  let lines = 0;
  for (let theirs = reader.nextIntervalHistogram(); theirs; theirs = reader.nextIntervalHistogram()) {
    assert.ok(lines < expected.length, "more lines than were written");
    const facts = expected[lines++];
    const name = `line ${lines} (${facts.tag})`;
    assert.equal(theirs.tag, facts.tag ?? "NO TAG", `${name}: tag`);
    assert.equal(Math.round(theirs.startTimeStampMsec), facts.start_ms, `${name}: start`);
    assert.equal(Math.round(theirs.endTimeStampMsec), facts.end_ms, `${name}: end`);
    assertSame(theirs, facts, name);
  }
  assert.equal(lines, expected.length, "lines");
  return lines;
}

// xorshift32: the same values for the same seed in every run.
function random(state) {
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function theirHistogram(fill) {
  const histogram = hdr.build({
    bitBucketSize: BITS,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  fill((value, count = 1) => histogram.recordValueWithCount(value, count));
  return histogram;
}

function weReadTheirEncodings() {
  const next = random(Number(seed) | 1);
  const histograms = {
    "log-uniform": theirHistogram((record) => {
      for (let i = 0; i < 50_021; i++) record(Math.floor(HIGHEST ** next()));
    }),
    narrow: theirHistogram((record) => {
      for (let i = 0; i < 10_007; i++) record(Math.floor(1000 + 5000 * (next() + next() + next())));
    }),
    "large counts": theirHistogram((record) => {
      for (let i = 0; i < 100; i++) record(Math.floor(1e6 * next()), Math.floor(2 ** (44 * next())));
    }),
    "the bounds": theirHistogram((record) => {
      record(0);
      record(1);
      record(HIGHEST);
    }),
    nothing: theirHistogram(() => {}),
  };
  const texts = Object.values(histograms).map((histogram) => hdr.encodeIntoCompressedBase64(histogram));
  const found = JSON.parse(run(["read"], texts.join("\n") + "\n"));
  const names = Object.keys(histograms);
  assert.equal(found.length, names.length, "histograms read");
  names.forEach((name, i) => assertSame(histograms[name], found[i], name));
  return names.length;
}

// A check that cannot fail checks nothing.
function aDifferenceIsNoticed() {
  const [facts] = JSON.parse(run(["expect", seed]));
  const reader = new hdr.HistogramLogReader(run(["write", `${seed}1`]), BITS, false);
  assert.throws(() => assertSame(reader.nextIntervalHistogram(), facts, "another seed"), assert.AssertionError);
}

console.log(`seed ${seed}`);
console.log(`${theyReadOurLog()} lines of our log read by hdr-histogram-js`);
console.log(`${weReadTheirEncodings()} encodings of hdr-histogram-js read by us`);
aDifferenceIsNoticed();
