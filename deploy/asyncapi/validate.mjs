// Reads an AsyncAPI document from standard input with the AsyncAPI project's own parser, and prints what it finds, one
// JSON object a line. Exit code 0 if the document could be read at all. Fetches nothing: the document stands alone.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
for (const { severity, code, message, path } of diagnostics) {
  console.log(JSON.stringify({ severity, code, message, path: path.join("/") }));
}
process.exitCode = document === undefined ? 1 : 0;
