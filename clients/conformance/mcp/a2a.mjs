// Drives an A2A server with the official SDK and prints what it saw as one line of JSON.
import { createHash, createPublicKey } from "node:crypto";
import { ClientFactory, JsonRpcTransportFactory } from "@a2a-js/sdk/client";
import { verifyAgentCardSignature, AgentCard } from "@a2a-js/sdk";

const [url, token, what = "all"] = process.argv.slice(2);
const seen = {};
const authorized = (input, init = {}) => fetch(input, { ...init, headers: { ...init.headers, Authorization: "Bearer " + token } });
const card = await (await fetch(url + "/.well-known/agent-card.json")).json();
const keys = await (await fetch(url + "/.well-known/jwks.json")).json();
const verify = verifyAgentCardSignature(async kid => createPublicKey({ key: keys.keys.find(key => key.kid === kid), format: "jwk" }));
// The form that came over the wire: of the parsed form the SDK 1.3.0 leaves the security schemes out before it hashes.
await verify(card);
seen.signed = true;
try {
  await verify({ ...card, name: "Somebody else" });
  seen.forged = "accepted";
} catch {
  seen.forged = "refused";
}
const factory = new ClientFactory({ transports: [new JsonRpcTransportFactory({ fetchImpl: authorized })] });
const client = await factory.createFromAgentCard(AgentCard.fromJSON(card));
const message = (text, more = {}) => ({ message: { messageId: createHash("sha256").update(text + JSON.stringify(more) + process.hrtime.bigint()).digest("hex").slice(0, 32), role: 1, parts: [{ content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "" }], contextId: "", taskId: "", metadata: undefined, extensions: [], referenceTaskIds: [], ...more }, configuration: undefined, metadata: undefined, tenant: "" });
const code = async work => { try { await work(); return null; } catch (error) { return error.constructor.name + ": " + error.message; } };

const sent = message("What is checked before an agent acts?");
const task = await client.sendMessage(sent);
seen.task = task;
seen.again = (await client.sendMessage(sent)).id === task.id;
seen.read = await client.getTask({ tenant: "", id: task.id });
const second = await client.sendMessage(message("And what after that?", { contextId: task.contextId }));
seen.sameContext = second.contextId === task.contextId && second.id !== task.id;
seen.stream = [];
for await (const event of client.sendMessageStream(message("Say it once more."))) seen.stream.push(event.payload.$case + (event.payload.value.status ? ":" + event.payload.value.status.state : ""));
seen.list = await client.listTasks({ tenant: "", contextId: "", status: 0, pageSize: 2, pageToken: "", historyLength: 0, statusTimestampAfter: undefined, includeArtifacts: false });
seen.next = await client.listTasks({ tenant: "", contextId: "", status: 0, pageSize: 2, pageToken: seen.list.nextPageToken, historyLength: 0, statusTimestampAfter: undefined, includeArtifacts: false });
seen.cancelled = await code(() => client.cancelTask({ tenant: "", id: task.id, metadata: undefined }));
seen.unknown = await code(() => client.getTask({ tenant: "", id: "00000000-0000-0000-0000-000000000000" }));
seen.more = await code(() => client.sendMessage(message("More.", { taskId: task.id })));
seen.push = await code(() => client.createTaskPushNotificationConfig({ tenant: "", id: "", taskId: task.id, url: "http://127.0.0.1:1/", token: "", authentication: undefined }));
seen.extended = await client.getAgentCard();
console.log(JSON.stringify(seen));
