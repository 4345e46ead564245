// Anthropic's official SDK as a client of SOMA_URL: prints what it saw, one JSON object a line. The test behind it compares.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: process.env.SOMA_TOKEN, baseURL: process.env.SOMA_URL.replace(/\/$/, ""), maxRetries: 0 });
const asked = (model) => ({ model, max_tokens: 4096, messages: [{ role: "user", content: "What is the journal?" }] });
const tell = (name, seen) => console.log(JSON.stringify({ name, ...seen }));
const failure = async (act) => {
  try {
    await act();
  } catch (error) {
    return { status: error.status ?? null, type: error.type ?? null, code: error.errorCode ?? null, request: error.requestID ?? null };
  }
  throw new Error("It should have failed.");
};

tell("text", { message: await client.messages.create(asked("claude-3-opus-latest")) });
tell("stream", { message: await client.messages.stream(asked("claude-sonnet-4-0")).finalMessage() });
const tools = [{ name: "retrieve_entity_info", input_schema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] } }];
tell("tools", { message: await client.messages.create({ ...asked("claude-haiku-4-5"), tools }) });
tell("cut", await failure(() => client.messages.stream(asked("claude-sonnet-4-0")).finalMessage()));

const held = await client.messages.create({ ...asked("claude-sonnet-4-0"), stream: true });
for await (const event of held) {
  tell("cancelled", { after: event.type });
  held.controller.abort();
  break;
}

tell("unknown_model", await failure(() => client.messages.create(asked("nope"))));
const stranger = client.withOptions({ apiKey: "soma_sk_wrong" });
tell("wrong_key", await failure(() => stranger.messages.create(asked("soma-extract"))));
tell("extract", { message: await client.messages.create(asked("soma-extract")) });
tell("extract_stream", { message: await client.messages.stream(asked("soma-extract")).finalMessage() });
tell("count", await client.messages.countTokens({ model: "soma-extract", messages: asked("soma-extract").messages }));
