// The usual Socket.IO server: rooms, and with REDIS_URL the adapter that joins several servers.
import { createServer } from "node:http";
import { Server } from "socket.io";

const [host, port] = process.env.ADDR.split(":");
const http = createServer();
const io = new Server(http, { serveClient: false, transports: ["websocket"], perMessageDeflate: false });

if (process.env.REDIS_URL) {
  const { createAdapter } = await import("@socket.io/redis-adapter");
  const { createClient } = await import("redis");
  const publisher = createClient({ url: process.env.REDIS_URL });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
}

io.on("connection", (socket) => {
  socket.on("join", (room, joined) => {
    socket.join(room);
    joined();
  });
  socket.on("publish", (room, data, published) => {
    io.to(room).emit("publication", data);
    published();
  });
});
process.on("SIGTERM", () => process.exit(0));
http.listen(Number(port), host);
