// One other vector engine, driven by `soma bench vectors`: a line of JSON in, a line of JSON out.
//   node engine.mjs ENGINE FOLDER DIMENSIONS LINKS BUILD_WIDTH
// FOLDER holds vectors.bin and queries.bin (float32, little-endian, row by row). Commands: {"do":"build"} and {"do":"ask","width":N,"queries":N}.
import { readFileSync, mkdtempSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";

const [engine, folder, dims, links, buildWidth] = process.argv.slice(2).map((v, i) => (i < 2 ? v : Number(v)));
const K = 10;
const floats = (name) => {
  const bytes = readFileSync(join(folder, name));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
};
const row = (all, i) => all.subarray(i * dims, (i + 1) * dims);

async function open() {
  const vectors = floats("vectors.bin");
  const count = vectors.length / dims;
  if (engine === "hnswlib") {
    const { default: lib } = await import("hnswlib-node");
    const index = new lib.HierarchicalNSW("cosine", dims);
    return {
      build() {
        index.initIndex(count, links, buildWidth, 100);
        for (let i = 0; i < count; i++) index.addPoint(Array.from(row(vectors, i)), i);
      },
      width: (w) => index.setEf(w),
      // It takes plain arrays only; they are made beforehand and not counted.
      prepare: (q) => Array.from(q),
      ask: (q) => index.searchKnn(q, K).neighbors,
    };
  }
  if (engine === "usearch" || engine === "usearch_i8") {
    const { Index } = await import("usearch");
    const quantization = engine === "usearch" ? "f32" : "i8";
    const make = (w) => new Index({ dimensions: dims, metric: "cos", quantization, connectivity: links, expansion_add: buildWidth, expansion_search: w, multi: false });
    const file = join(folder, engine + ".index");
    let index = make(64);
    return {
      build() {
        for (let i = 0; i < count; i++) index.add(BigInt(i), row(vectors, i), 1);
        index.save(file);
      },
      // The width is fixed when an index is opened.
      width(w) {
        index = make(w);
        index.load(file);
      },
      prepare: (q) => q,
      ask: (q) => index.search(q, K, 1).keys,
    };
  }
  if (engine === "lancedb") {
    const lancedb = await import("@lancedb/lancedb");
    const db = await lancedb.connect(mkdtempSync(join(folder, "lance-")));
    let table, ef = 64;
    return {
      async build() {
        for (let from = 0; from < count; from += 5000) {
          const rows = [];
          for (let i = from; i < Math.min(count, from + 5000); i++) rows.push({ id: i, vector: Array.from(row(vectors, i)) });
          if (table) await table.add(rows);
          else table = await db.createTable("v", rows);
        }
        await table.createIndex("vector", { config: lancedb.Index.hnswSq({ distanceType: "cosine", numPartitions: 1, m: links, efConstruction: buildWidth }) });
        await table.waitForIndex(["vector_idx"], 600);
      },
      width: (w) => { ef = w; },
      prepare: (q) => q,
      ask: async (q) => (await table.query().nearestTo(q).distanceType("cosine").ef(ef).nprobes(1).select(["id", "_distance"]).limit(K).toArray()).map((r) => r.id),
    };
  }
  throw new Error("unknown engine " + engine);
}

const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
try {
  const subject = await open();
  const queries = floats("queries.bin");
  const truth = new Int32Array(readFileSync(join(folder, "truth.bin")).buffer.slice(0));
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    if (command.do === "build") {
      const before = process.memoryUsage().rss;
      const started = performance.now();
      await subject.build();
      say({ seconds: (performance.now() - started) / 1000, bytes: process.memoryUsage().rss - before });
      continue;
    }
    subject.width(command.width);
    const asked = Array.from({ length: command.queries }, (_, i) => subject.prepare(row(queries, i)));
    const answers = [];
    const started = performance.now();
    for (const q of asked) {
      const answer = subject.ask(q);
      answers.push(answer instanceof Promise ? await answer : answer);
    }
    const seconds = (performance.now() - started) / 1000;
    let hits = 0;
    answers.forEach((answer, i) => {
      const right = new Set(truth.subarray(i * K, (i + 1) * K));
      for (const id of answer) if (right.has(Number(id))) hits++;
    });
    say({ qps: asked.length / seconds, recall: hits / (asked.length * K) });
  }
} catch (error) {
  say({ error: String(error?.message ?? error).split("\n")[0] });
  process.exitCode = 1;
}
