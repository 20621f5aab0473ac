// What ways.cjs does, with imports: their bindings are made when Node starts.
import { get } from "node:https";
import https from "node:https";
import { connect } from "node:tls";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { S3Client, GetObjectCommand } = require("@aws-sdk/client-s3");

export default async function () {
  const region = process.env.AWS_REGION;
  const url = `https://media-eu.s3.${region}.amazonaws.com/ten`;
  const status = await new Promise((resolve, reject) => get(url, (a) => resolve(a.resume().statusCode)).on("error", reject));
  const again = await new Promise((resolve, reject) => https.get(url, (a) => resolve(a.resume().statusCode)).on("error", reject));
  const socket = connect({ host: `s3.${region}.amazonaws.com`, port: 443 });
  const plain = await new Promise((resolve, reject) => socket.on("secureConnect", () => resolve(socket.remoteAddress)).on("error", reject));
  socket.destroy();
  const body = await (await new S3Client({}).send(new GetObjectCommand({ Bucket: "media-eu", Key: "ten" }))).Body.transformToString();
  return `${status} ${again} ${plain} ${body}`;
}
