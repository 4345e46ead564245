// Lets the conformance program run on Node 20, whose 'fs' has no globSync; only its tier-check would use that.
import { register } from "node:module";

const fs = "export * from 'node:fs'; export function globSync() { throw new Error('This Node has no globSync.'); }";
const hooks = `export async function resolve(specifier, context, next) {
  return specifier === "fs" && context.parentURL?.includes("/conformance/")
    ? { url: "data:text/javascript," + ${JSON.stringify(encodeURIComponent(fs))}, shortCircuit: true }
    : next(specifier, context);
}`;
register("data:text/javascript," + encodeURIComponent(hooks));
