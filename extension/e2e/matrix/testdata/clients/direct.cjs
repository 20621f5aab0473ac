// Leads Node's calls to AWS's names to REMIT_MATRIX_WORLD instead, whichever of its
// clients makes them. It stands for a network, in the runs without Remit.
"use strict";

const net = require("node:net");
const [host, port] = process.env.REMIT_MATRIX_WORLD.split(":");
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (options && typeof options === "object" && String(options.host).endsWith(".amazonaws.com")) {
    Object.assign(options, { host, port: Number(port) });
  }
  return connect.apply(this, args);
};
