// An HTTP server on loopback that verifies every post with Standard Webhooks' own library and prints one JSON line for each.
// The secrets come as the argument, several separated by commas; the first line printed is the address.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhooks = process.argv[2].split(",").map((secret) => new Webhook(secret));

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString("utf8");
    const verified = webhooks.map((webhook) => {
      try {
        webhook.verify(body, request.headers);
        return true;
      } catch {
        return false;
      }
    });
    let altered = true;
    try {
      webhooks[0].verify(body.replace("a", "b"), request.headers);
    } catch {
      altered = false;
    }
    console.log(JSON.stringify({ id: request.headers["webhook-id"], verified, altered, payload: JSON.parse(body) }));
    response.writeHead(204).end();
  });
});
server.listen(Number(process.argv[3]), "127.0.0.1", () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })));
