// Prints what the AsyncAPI parser finds in a document. The exit code is 1 when it finds something.
"use strict";

const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

// The document stays at 3.0: more clients read it than 3.1, and it uses nothing of 3.1.
const ALLOWED = "asyncapi-latest-version";

async function main([path]) {
  const { diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
  const found = diagnostics.filter(({ code }) => code !== ALLOWED);
  for (const { code, path: at, message } of found) {
    console.error(`${code}: /${at.join("/")}: ${message}`);
  }
  process.exitCode = found.length === 0 ? 0 : 1;
}

main(process.argv.slice(2));
