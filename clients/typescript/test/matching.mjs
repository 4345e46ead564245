// Compares what came with what a scenario expects; clients/scenario/README.md tells the matchers.

/** @returns where it does not match; undefined when it does */
export function fault(expected, actual, at = "$") {
  if (expected === null || expected === undefined) return actual === null || actual === undefined ? undefined : say(at, expected, actual);
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return say(at, expected, actual);
    return first(expected.map((item, i) => fault(item, actual[i], `${at}[${i}]`)));
  }
  if (typeof expected !== "object") return expected === actual ? undefined : say(at, expected, actual);
  const [name, ...more] = Object.keys(expected);
  if (name?.startsWith("$") && more.length === 0) return matches(name, expected[name], actual) ? undefined : say(at, expected, actual);
  if (typeof actual !== "object" || actual === null) return say(at, expected, actual);
  return first(Object.entries(expected).map(([field, value]) => fault(value, actual[field], `${at}.${field}`)));
}

function matches(name, value, actual) {
  switch (name) {
    case "$anything": return true;
    case "$any": return actual !== null && actual !== undefined;
    case "$absent": return actual === null || actual === undefined;
    case "$id": return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(actual);
    case "$gte": return typeof actual === "number" && actual >= value;
    case "$lte": return typeof actual === "number" && actual <= value;
    case "$time": return Date.parse(actual) === Date.parse(value);
    case "$length": return Array.isArray(actual) && fault(value, actual.length) === undefined;
    case "$contains": return Array.isArray(actual) ? actual.some((item) => fault(value, item) === undefined) : typeof actual === "string" && actual.includes(value);
    case "$none": return Array.isArray(actual) && actual.every((item) => fault(value, item) !== undefined);
    case "$each": return Array.isArray(actual) && actual.every((item) => fault(value, item) === undefined);
    default: throw new Error(`The scenario uses an unknown matcher: ${name}`);
  }
}

const first = (faults) => faults.find((found) => found !== undefined);

const say = (at, expected, actual) => `at ${at}\n  expected ${JSON.stringify(expected)}\n  actual   ${JSON.stringify(actual)}`;
