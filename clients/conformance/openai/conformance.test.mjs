// OpenAI's own JavaScript client against a SomaStack server. The server's provider replays recorded traffic: a model's name is the recording.
// SOMA_URL, SOMA_TOKEN.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const baseURL = new URL("/v1", process.env.SOMA_URL).href;
const client = new OpenAI({ baseURL, apiKey: process.env.SOMA_TOKEN, maxRetries: 0 });
const asks = (content) => [{ role: "user", content }];
const weather = { type: "function", function: { name: "get_weather", description: "Get weather for a city", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } };

test("chat: a whole answer with its usage", async () => {
  const answer = await client.chat.completions.create({ model: "openai-chat/valid_response", messages: asks("What is the capital of France?") });
  assert.equal(answer.choices[0].message.content, "The capital of France is Paris.");
  assert.deepEqual([answer.usage.prompt_tokens, answer.usage.completion_tokens], [14, 7]);
});

test("chat: headers name the call and the overhead", async () => {
  const { response } = await client.chat.completions.create({ model: "openai-chat/valid_response", messages: asks("What is the capital of France?") }).withResponse();
  assert.match(response.headers.get("x-somastack-call-id"), /^[0-9a-f-]{36}$/);
  assert.ok(Number(response.headers.get("x-somastack-overhead-ms")) >= 0);
});

test("chat: a stream with its usage", async () => {
  const stream = await client.chat.completions.create({ model: "openai-chat/temporal_agent_run_stream", messages: asks("What is the capital of Mexico?"), stream: true, stream_options: { include_usage: true } });
  let text = "";
  let usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, "The capital of Mexico is Mexico City.");
  assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [14, 8]);
});

test("chat: a tool call", async () => {
  const answer = await client.chat.completions.create({ model: "openai-chat/tool_choice_matrix-required-openai", messages: asks("What's the weather in Paris?"), tools: [weather], tool_choice: "required" });
  assert.equal(answer.choices[0].finish_reason, "tool_calls");
  assert.deepEqual(JSON.parse(answer.choices[0].message.tool_calls[0].function.arguments), { city: "Paris" });
});

test("chat: a structured answer after a tool's result", async () => {
  const format = { type: "json_schema", json_schema: { name: "CityLocation", schema: { type: "object", properties: { city: { type: "string" }, country: { type: "string" } } } } };
  const answer = await client.chat.completions.parse({
    model: "openai-chat/openai_native_output#1",
    messages: [...asks("What is the largest city in the user country?"), { role: "assistant", tool_calls: [{ id: "call_1", type: "function", function: { name: "get_user_country", arguments: "{}" } }] }, { role: "tool", tool_call_id: "call_1", content: "Mexico" }],
    response_format: format,
  });
  assert.deepEqual(JSON.parse(answer.choices[0].message.content), { city: "Mexico City", country: "Mexico" });
});

test("chat: the built-in responder, whole", async () => {
  const answer = await client.chat.completions.create({ model: "soma-extract", messages: asks("What is zzyzx?"), temperature: 0, seed: 1, tools: [weather] });
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.match(answer.choices[0].message.content, /quote/);
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
});

test("chat: the built-in responder, streamed by the client's own runner", async () => {
  const runner = client.chat.completions.stream({ model: "soma-extract", messages: asks("What is zzyzx?"), stream_options: { include_usage: true } });
  const answer = await runner.finalChatCompletion();
  assert.match(answer.choices[0].message.content, /quote/);
  assert.ok(answer.usage.completion_tokens > 0);
});

test("responses: a whole answer with its usage", async () => {
  const answer = await client.responses.create({ model: "openai-responses/openai_responses_model_simple_response", input: "What is the capital of France?" });
  assert.equal(answer.output_text, "The capital of France is Paris.");
  assert.equal(answer.usage.total_tokens, answer.usage.input_tokens + answer.usage.output_tokens);
});

test("responses: a kept answer is found and deleted", async () => {
  const model = "openai-responses/tool_output";
  const answer = await client.responses.create({ model, input: "What is the largest city in the user country?" });
  assert.equal((await client.responses.retrieve(answer.id)).id, answer.id);
  await client.responses.delete(answer.id);
  await assert.rejects(client.responses.retrieve(answer.id), OpenAI.NotFoundError);
});

test("responses: a tool call", async () => {
  const answer = await client.responses.create({ model: "openai-responses/openai_responses_model_simple_response_with_tool_call", input: "What is the capital of PotatoLand?", tools: [{ type: "function", name: "get_capital", parameters: { type: "object" }, strict: false }] });
  assert.deepEqual([answer.output[0].type, answer.output[0].name, JSON.parse(answer.output[0].arguments)], ["function_call", "get_capital", { country: "PotatoLand" }]);
});

test("responses: reasoning is told", async () => {
  const answer = await client.responses.create({ model: "openai-responses/reasoning_summary_auto", input: "Write a Python function.", reasoning: { effort: "high", summary: "auto" } });
  assert.deepEqual([answer.output[0].type, answer.usage.output_tokens_details.reasoning_tokens], ["reasoning", 59]);
});

test("responses: a stream", async () => {
  const stream = await client.responses.create({ model: "openai-responses/background_mode_streaming_vcr", input: "What is 2 + 2?", stream: true, background: true });
  let text = "";
  let last;
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") text += event.delta;
    last = event;
  }
  assert.deepEqual([text, last.type, last.response.usage.total_tokens], ["2 + 2 equals 4.", "response.completed", 24]);
});

test("responses: input tokens are counted", async () => {
  const count = await client.responses.inputTokens.count({ model: "openai-responses/responses_usage_limit_exceeded", input: "The quick brown fox jumps over the lazy dog." });
  assert.equal(count.input_tokens, 18);
});

test("responses: the built-in responder, whole", async () => {
  const answer = await client.responses.create({ model: "soma-extract", instructions: "Be brief.", input: [{ role: "user", content: [{ type: "input_text", text: "What is zzyzx?" }] }] });
  assert.equal(answer.status, "completed");
  assert.match(answer.output_text, /quote/);
  assert.ok(answer.usage.output_tokens > 0);
});

test("responses: the built-in responder, streamed by the client's own runner", async () => {
  const types = [];
  const runner = client.responses.stream({ model: "soma-extract", input: "What is zzyzx?" });
  runner.on("event", (event) => types.push(event.type));
  const answer = await runner.finalResponse();
  assert.match(answer.output_text, /quote/);
  assert.deepEqual([types[0], types.at(-1)], ["response.created", "response.completed"]);
});

test("embeddings: recorded vectors, decoded by the client", async () => {
  const answer = await client.embeddings.create({ model: "embeddings/TestOpenAI.test_documents", input: ["hello", "world"] });
  assert.deepEqual([answer.data.length, answer.data[0].embedding.length, answer.usage.prompt_tokens], [2, 1536, 2]);
});

test("embeddings: the provider's refusal is passed on", async () => {
  await assert.rejects(client.embeddings.create({ model: "embeddings/TestOpenAI.test_embed_error", input: "x" }), (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
});

test("models: a list and one of it", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes("soma-extract") && ids.includes("openai-chat/valid_response"));
  assert.equal((await client.models.retrieve("soma-extract")).id, "soma-extract");
});

test("errors: a wrong key is an AuthenticationError", async () => {
  const stranger = new OpenAI({ baseURL, apiKey: "soma_sk_wrong", maxRetries: 0 });
  await assert.rejects(stranger.chat.completions.create({ model: "soma-extract", messages: asks("x") }), OpenAI.AuthenticationError);
});

test("errors: an unknown model is a NotFoundError", async () => {
  for (const call of [() => client.chat.completions.create({ model: "nope", messages: asks("x") }), () => client.responses.create({ model: "nope", input: "x" }), () => client.embeddings.create({ model: "nope", input: "x" })])
    await assert.rejects(call(), (error) => error instanceof OpenAI.NotFoundError && error.code === "model_unknown");
});

test("errors: a wrong type is an UnprocessableEntityError that names the field", async () => {
  await assert.rejects(client.chat.completions.create({ model: "soma-extract", messages: asks("x"), temperature: "hot" }), (error) => error instanceof OpenAI.UnprocessableEntityError && error.param === "temperature");
  await assert.rejects(client.responses.create({ model: "soma-extract", input: "x", previous_response_id: "resp_1" }), (error) => error instanceof OpenAI.UnprocessableEntityError && error.param === "previous_response_id");
});

test("errors: the provider's own refusal is a BadRequestError in its words", async () => {
  await assert.rejects(client.chat.completions.create({ model: "openai-chat/openai_web_search_tool_model_not_supported", messages: asks("x") }), OpenAI.BadRequestError);
  await assert.rejects(client.responses.create({ model: "openai-responses/openai_responses_model_http_error", input: "x", stream: true }), (error) => error instanceof OpenAI.BadRequestError && error.code === "decimal_below_min_value");
});

test("errors: a provider that limits the rate is a RateLimitError with its wait", async () => {
  await assert.rejects(client.chat.completions.create({ model: "limited", messages: asks("x") }), (error) => error instanceof OpenAI.RateLimitError && error.headers.get("retry-after") === "7");
});

test("errors: an answer that is no completion is an InternalServerError", async () => {
  for (const model of ["openai-chat/text_response", "openai-chat/invalid_response"])
    await assert.rejects(client.chat.completions.create({ model, messages: asks("x") }), (error) => error instanceof OpenAI.InternalServerError && error.code === "provider_garbled");
});

test("errors: an error inside a stream ends it with an APIError", async () => {
  const stream = await client.chat.completions.create({ model: "openai-compatible/openrouter_stream_error", messages: asks("x"), stream: true });
  await assert.rejects(async () => { for await (const _ of stream); }, OpenAI.APIError);
});

test("errors: a cut stream ends with an APIError and never cleanly", async () => {
  const chat = await client.chat.completions.create({ model: "cut:openai-chat/temporal_agent_run_stream", messages: asks("x"), stream: true });
  await assert.rejects(async () => { for await (const _ of chat); }, (error) => error instanceof OpenAI.APIError && error.code === "provider_garbled");
  const response = await client.responses.create({ model: "cut:openai-responses/background_mode_streaming_vcr", input: "x", stream: true });
  await assert.rejects(async () => { for await (const _ of response); }, (error) => error instanceof OpenAI.APIError && error.code === "provider_garbled");
});

test("cancellation: leaving a stream ends it at once", async () => {
  const stream = await client.chat.completions.create({ model: "hanging:openai-chat/temporal_agent_run_stream", messages: asks("x"), stream: true });
  let seen = 0;
  for await (const _ of stream) if (++seen === 2) stream.controller.abort();
  assert.equal(seen, 2);
});

test("cancellation: aborting a whole answer is an APIUserAbortError", async () => {
  const controller = new AbortController();
  const asked = client.responses.create({ model: "silent", input: "x" }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 200);
  await assert.rejects(asked, OpenAI.APIUserAbortError);
});
