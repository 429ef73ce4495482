// The official JavaScript clients, unmodified: streaming, and a denial.

import { createRequire } from "node:module";
import path from "node:path";
import assert from "node:assert/strict";

const require = createRequire(path.join(process.env.WEIR_MODULES, "clients.cjs"));
const { default: OpenAI } = require("openai");
const { default: Anthropic } = require("@anthropic-ai/sdk");

const base = process.env.WEIR_BASE;
const clients = (apiKey) => [
  new OpenAI({ baseURL: `${base}/v1`, apiKey }),
  new Anthropic({ baseURL: base, apiKey }),
];
const messages = [{ role: "user", content: "hi" }];

const [openai, claude] = clients(process.env.WEIR_KEY);
let text = "";
for await (const chunk of await openai.chat.completions.create({ model: "mythos-5", messages, stream: true })) {
  text += chunk.choices[0]?.delta?.content ?? "";
}
assert(text.length > 0);
let events = 0;
for await (const event of await openai.responses.create({ model: "mythos-5", input: "hi", stream: true })) {
  events += event.type === "response.output_text.delta" ? 1 : 0;
}
assert(events > 0);
const final = await claude.messages.stream({ model: "fable-5", max_tokens: 200, messages }).finalMessage();
assert(final.content[0].text.length > 0 && final.usage.output_tokens > 0);
console.log("streams hold");

const thinks = { "x-stand-in-reasoning": "3" };
const chatty = new OpenAI({ baseURL: `${base}/v1`, apiKey: process.env.WEIR_WITHHELD_KEY, defaultHeaders: thinks });
const thinker = new Anthropic({ baseURL: base, apiKey: process.env.WEIR_WITHHELD_KEY, defaultHeaders: thinks });
const one = await chatty.chat.completions
  .stream({ model: "mythos-5", messages, n: 2, logprobs: true })
  .finalChatCompletion();
assert.equal(one.choices.length, 1);
assert(one.choices[0].message.content.length > 0 && !JSON.stringify(one).includes("thought"));
const replied = await chatty.responses.stream({ model: "mythos-5", input: "hi" }).finalResponse();
assert.deepEqual(replied.output.map((item) => item.type), ["message"]);
const said = await thinker.messages.stream({ model: "fable-5", max_tokens: 200, messages }).finalMessage();
assert.deepEqual(said.content.map((block) => block.type), ["text"]);
console.log("what is withheld is missed by none");

const [deniedOpenai, deniedClaude] = clients(process.env.WEIR_DENIED_KEY);
for (const call of [
  () => deniedOpenai.chat.completions.create({ model: "mythos-5", messages, stream: true }),
  () => deniedClaude.messages.create({ model: "mythos-5", max_tokens: 9, messages, stream: true }),
]) {
  await assert.rejects(call, (error) => {
    assert.equal(error.constructor.name, "PermissionDeniedError");
    assert.equal(error.status, 403);
    assert.match(error.message, /2026-06-12-order\/named/);
    return true;
  });
}
console.log("denials hold");
