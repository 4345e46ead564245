// Socket.IO, driven by `soma bench fanout`: POST /publish sends the body, with the time, to every socket.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Server } = createRequire(import.meta.url)("socket.io");
const http = createServer(async (request, response) => {
  if (request.method !== "POST" || request.url !== "/publish") return response.writeHead(404).end();
  let body = "";
  for await (const piece of request) body += piece;
  const message = JSON.parse(body);
  message.sent_at = performance.timeOrigin + performance.now();
  io.emit("notification", message);
  response.writeHead(200).end();
});
const io = new Server(http, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });
http.listen(0, "127.0.0.1", 4096, () => process.stdout.write(`ready ${http.address().port}\n`));
