// Tries every road of Node's to hosts that are not AWS's, and prints what came
// of each: {name: what}.
const http = require("http");
const https = require("https");
const http2 = require("http2");
const tls = require("tls");
const { once } = require("events");

const ca = process.env.FAR_CA;
const plain = (text) => text.trim().replace(/\(remit d-[0-9a-f]{8}\)/, "(remit ID)");
const why = (e) => {
  for (; e; e = e.cause) if (/egress does not name/.test(e.message)) return plain(`${e.code} ${e.message}`);
  return "another error";
};
const request = (module, url, options) => new Promise((resolve, reject) => {
  module.get(url, options, async (answer) => {
    let body = "";
    for await (const b of answer) body += b;
    resolve(plain(`${answer.statusCode} ${body}`));
  }).on("error", reject);
});

const roads = {
  https: (host) => request(https, `https://${host}/`, { ca }),
  "https, kept alive": async (host) => {
    const agent = new https.Agent({ keepAlive: true, ca });
    await request(https, `https://${host}/`, { agent });
    return request(https, `https://${host}/`, { agent });
  },
  http: (host) => request(http, `http://${host}/`, {}),
  "http, another port": (host) => request(http, `http://${host}:8080/`, {}),
  fetch: async (host) => {
    const a = await fetch(`https://${host}/`);
    return `${a.status} ${await a.text()}`;
  },
  "fetch, without TLS": async (host) => {
    const a = await fetch(`http://${host}/`);
    return plain(`${a.status} ${await a.text()}`);
  },
  "HTTP/2": async (host) => {
    const session = http2.connect(`https://${host}`, { ca });
    await once(session, "connect");
    let body = "";
    for await (const b of session.request({ ":path": "/" })) body += b;
    session.close();
    return `200 ${body}`;
  },
  "tls.connect": async (host) => {
    const socket = tls.connect({ host, port: 443, ca, servername: host });
    await once(socket, "secureConnect");
    socket.end("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const b of socket) text += b;
    return `${text.slice(9, 12)} ${text.split("\r\n\r\n")[1]}`;
  },
};

(async () => {
  const said = {};
  for (const [name, road] of Object.entries(roads)) {
    for (const host of ["api.example.com", "elsewhere.example.net"]) {
      said[`${name} ${host}`] = await road(host).catch(why);
    }
  }
  // This sandbox's own addresses are nobody's egress.
  said.own = await request(http, process.env.OWN, {});
  console.log(JSON.stringify(said));
  process.exit();
})();
